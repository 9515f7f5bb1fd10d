// Command mkimage packs static executables into a container image, without a container engine or a registry:
//
//	mkimage -o app.tar [-e KEY=VALUE]... [-u UID:GID] NAME:TAG BINARY [FILE=/PATH/IN/IMAGE]...
//
// BINARY becomes /<its name> and the entrypoint; BINARY=/path puts it elsewhere. The output is an OCI image layout in
// a tar file, as `ctr images import` (or skopeo, or podman load) reads it. The same input gives the same bytes.
package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "mkimage:", err)
		}
		os.Exit(1)
	}
}

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func run(args []string) error {
	var env list
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: mkimage -o FILE.tar [-e KEY=VALUE]... [-u UID:GID] NAME:TAG BINARY [FILE=/PATH]...")
		flags.PrintDefaults()
	}
	out := flags.String("o", "", "the tar file to write")
	user := flags.String("u", "65532:65532", "the user to run as, by number (runAsNonRoot cannot check a name)")
	flags.Var(&env, "e", "an environment variable `KEY=VALUE`; may be repeated")

	// flags may stand anywhere, as people write them after the names
	var words []string
	for {
		if err := flags.Parse(args); err != nil {
			return err
		}
		if flags.NArg() == 0 {
			break
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
	if *out == "" || len(words) < 2 {
		flags.Usage()
		return flag.ErrHelp
	}
	name, err := fullName(words[0])
	if err != nil {
		return err
	}
	for _, e := range env {
		if k, _, ok := strings.Cut(e, "="); !ok || k == "" {
			return fmt.Errorf("-e %q is not KEY=VALUE", e)
		}
	}

	img := image{name: name, env: env, user: *user}
	for _, w := range words[1:] {
		src, dst, ok := strings.Cut(w, "=")
		if !ok {
			dst = "/" + filepath.Base(src)
		}
		content, err := os.ReadFile(src)
		if err != nil {
			return err
		}
		img.files = append(img.files, file{path: path.Clean("/" + dst), content: content})
	}
	if img.arch, err = architecture(img.files[0].content); err != nil {
		return fmt.Errorf("%s: %w", words[1], err)
	}

	// a reader must never find half an image
	tmp, err := os.CreateTemp(filepath.Dir(*out), ".mkimage-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(img.write(tmp), tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), *out)
}

// architecture returns the executable's architecture as images name it, and refuses what could not start in an
// image that holds nothing else.
func architecture(binary []byte) (string, error) {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return "", fmt.Errorf("not a Linux executable: %w", err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", errors.New("needs shared libraries, and the image will have none; build it with CGO_ENABLED=0")
		}
	}
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	default:
		return "", fmt.Errorf("machine type %v is not known here", f.Machine)
	}
}

// fullName expands a short name as container runtimes do, so that `image: app:v1` in a pod finds it.
func fullName(name string) (string, error) {
	slash := strings.LastIndex(name, "/")
	if colon := strings.LastIndex(name, ":"); colon < slash+2 || colon == len(name)-1 {
		return "", fmt.Errorf("%q is not NAME:TAG", name)
	}
	first, _, hasSlash := strings.Cut(name, "/")
	switch {
	case !hasSlash:
		return "docker.io/library/" + name, nil
	case first != "localhost" && !strings.ContainsAny(first, ".:"):
		return "docker.io/" + name, nil
	default:
		return name, nil
	}
}
