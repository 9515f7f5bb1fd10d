// Command image builds the operator's image for every platform, without a container engine and without root:
//
//	image -repository FOLDER [-o FOLDER] [-push REGISTRY/NAME:TAG]
//
// What it writes is an OCI image layout with one index, and beside it each platform's bill of materials, which the layout also holds as what
// refers to the platform's image. The same commit gives the same digest, wherever it is built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// patience is how long a build and a push may take together. A cold build for two platforms takes minutes, an upload to a slow registry too.
const patience = time.Hour

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took more than %s", patience))
	defer cancel()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "image:", err)
		}
		os.Exit(1) //nolint:gocritic // what is deferred ends with the process
	}
}

// settings are what a person asks for.
type settings struct {
	repository, folder string
	epoch              string
	target             *name.Tag // nil where nothing is pushed
	platforms          []v1.Platform
}

// everywhere is where Serin runs.
func everywhere() []v1.Platform {
	return []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
}

func parse(args []string) (settings, error) {
	s := settings{epoch: os.Getenv("SOURCE_DATE_EPOCH"), platforms: everywhere()}
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	f.StringVar(&s.repository, "repository", ".", "the folder of Serin's source, a checkout of Git")
	f.StringVar(&s.folder, "o", "bin/image", "the folder to write the image layout to; one that is there is replaced")
	f.Func("push", "also push to `REGISTRY/NAME:TAG`, with the credentials of ~/.docker/config.json", func(value string) error {
		tag, err := name.NewTag(value, name.StrictValidation)
		if err != nil {
			return fmt.Errorf("write a registry, a name and a tag, as in registry.example.com/serin:0.1.0: %w", err)
		}
		s.target = &tag
		return nil
	})
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag: write -push before a name", f.Arg(0))
	}
	return s, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	from, err := readSource(ctx, s.repository, s.epoch)
	if err != nil {
		return err
	}
	if s.target != nil && from.modified {
		return fmt.Errorf("-push: %s differs from its commit, so nobody could build this image again: commit first, or leave -push out", s.repository)
	}
	r, err := buildRelease(ctx, from, s.platforms)
	if err != nil {
		return err
	}
	if err := r.write(s.folder); err != nil {
		return err
	}
	digest, err := r.index.Digest()
	if err != nil {
		return err
	}
	folder, err := filepath.Abs(s.folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, revision %s: %s in %s\n", from.version, from.revision, digest, folder)
	if s.target == nil {
		return nil
	}
	if err := r.push(ctx, *s.target, authn.DefaultKeychain); err != nil {
		return fmt.Errorf("pushing to %s: %w", s.target, err)
	}
	fmt.Fprintf(out, "pushed %s@%s\n", s.target, digest)
	return nil
}
