package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// operatorBinary is where the operator's binary goes, from the repository's root.
const operatorBinary = "bin/serin"

// image is one that is made here, of one static binary. Paths are from the repository's root.
type image struct{ name, what, dir, pkg, binary, tar string }

// ours are the images that the demo needs.
func (s *Stage) ours() []image {
	all := []image{
		{OperatorImage, "the operator", ".", "./cmd", operatorBinary, "bin/serin.tar"},
		{ServiceImage, "the demo service", "hack/demo", "./cmd/demo-service", "bin/demo-service", "bin/demo-service.tar"},
	}
	if s.Source == Datadog {
		all = append(all, image{StandInImage, "the stand-in", "hack/demo", "./cmd/" + StandIn, "bin/" + StandIn, "bin/" + StandIn + ".tar"})
	}
	return all
}

// imagesCommand is what a person types to get the images.
func (s *Stage) imagesCommand() string {
	if s.Source == Datadog {
		return "SOURCE=datadog hack/demo/run images"
	}
	return "hack/demo/run images"
}

// images builds the images and loads them into the local cluster.
func (s *Stage) images(ctx context.Context) error {
	s.Terminal.Heading("Images")
	s.Terminal.Say("They are one static binary each. The first time they compile for some minutes.")
	if err := s.build(ctx); err != nil {
		return err
	}
	return s.step(ctx, "the images are on the node", 5*time.Minute, func(ctx context.Context) error {
		for _, i := range s.ours() {
			s.Terminal.Command("hack/cluster/load-image " + i.name + " " + i.binary)
			if _, err := s.script(ctx, "load-image", i.name, i.binary); err != nil {
				return err
			}
		}
		return nil
	})
}

// build makes the binaries, static, for the nodes' system.
func (s *Stage) build(ctx context.Context) error {
	var what []string
	for _, i := range s.ours() {
		what = append(what, i.what)
	}
	last := len(what) - 1
	built := strings.Join(what[:last], ", ") + " and " + what[last] + " are built"
	return s.step(ctx, built, 30*time.Minute, func(ctx context.Context) error {
		for _, i := range s.ours() {
			s.Terminal.Command(fmt.Sprintf("CGO_ENABLED=0 go build -C %s -trimpath -o %s %s", i.dir, fromDir(i.dir, i.binary), i.pkg))
			_, err := s.Run(ctx, Command{
				Dir: s.Root, Env: []string{"CGO_ENABLED=0", "GOOS=linux", "GOWORK=off"}, Stderr: os.Stderr,
				Args: []string{"go", "build", "-C", i.dir, "-trimpath", "-buildvcs=false", "-o", fromDir(i.dir, i.binary), i.pkg},
			})
			if err != nil {
				return err
			}
		}
		content, err := os.ReadFile(filepath.Join(s.Root, operatorBinary))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		s.operatorBinary = hex.EncodeToString(sum[:8])
		return nil
	})
}

// fromDir is path, given from the repository's root, as seen from dir.
func fromDir(dir, path string) string {
	out, err := filepath.Rel(dir, path)
	if err != nil {
		return path
	}
	return out
}

// WriteImages builds the images as tar files, for a cluster that is not ours to load them into.
func (s *Stage) WriteImages(ctx context.Context) error {
	if err := s.build(ctx); err != nil {
		return err
	}
	for _, i := range s.ours() {
		const dir = "hack/cluster/images"
		_, err := s.Run(ctx, Command{
			Dir: s.Root, Env: []string{"GOWORK=off"}, Stderr: os.Stderr,
			Args: []string{"go", "run", "-C", dir, "./mkimage", "-o", fromDir(dir, i.tar), i.name, fromDir(dir, i.binary)},
		})
		if err != nil {
			return err
		}
		s.Terminal.Good("%s is in %s", i.name, i.tar)
	}
	s.Terminal.Say("Load them on every node: kind load image-archive FILE, minikube image load FILE, k3s ctr images import FILE, or "+
		"ctr --namespace k8s.io images import FILE. Nodes of another architecture: GOARCH=arm64 %s.", s.imagesCommand())
	return nil
}
