package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Both binaries and image files go here, from the repository's root.
const (
	operatorBinary = "bin/serin"
	serviceBinary  = "bin/demo-service"
	operatorTar    = "bin/serin.tar"
	serviceTar     = "bin/demo-service.tar"
)

// images builds both images and loads them into the local cluster.
func (s *Stage) images(ctx context.Context) error {
	s.Terminal.Heading("Images")
	s.Terminal.Say("Both are one static binary each. The first time they compile for some minutes.")
	if err := s.build(ctx); err != nil {
		return err
	}
	return s.step(ctx, "both images are on the node", 5*time.Minute, func(ctx context.Context) error {
		for _, image := range [][]string{{OperatorImage, operatorBinary}, {ServiceImage, serviceBinary}} {
			s.Terminal.Command("hack/cluster/load-image " + image[0] + " " + image[1])
			if _, err := s.script(ctx, "load-image", image...); err != nil {
				return err
			}
		}
		return nil
	})
}

// build makes both binaries, static, for the nodes' system.
func (s *Stage) build(ctx context.Context) error {
	return s.step(ctx, "the operator and the demo service are built", 30*time.Minute, func(ctx context.Context) error {
		for _, b := range []struct{ dir, out, pkg string }{
			{".", operatorBinary, "./cmd"},
			{"hack/demo", serviceBinary, "./cmd/demo-service"},
		} {
			s.Terminal.Command(fmt.Sprintf("CGO_ENABLED=0 go build -C %s -trimpath -o %s %s", b.dir, fromDir(b.dir, b.out), b.pkg))
			_, err := s.Run(ctx, Command{
				Dir: s.Root, Env: []string{"CGO_ENABLED=0", "GOOS=linux", "GOWORK=off"}, Stderr: os.Stderr,
				Args: []string{"go", "build", "-C", b.dir, "-trimpath", "-buildvcs=false", "-o", fromDir(b.dir, b.out), b.pkg},
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

// WriteImages builds both images as tar files, for a cluster that is not ours to load them into.
func (s *Stage) WriteImages(ctx context.Context) error {
	if err := s.build(ctx); err != nil {
		return err
	}
	for _, i := range []struct{ image, binary, tar string }{
		{OperatorImage, operatorBinary, operatorTar},
		{ServiceImage, serviceBinary, serviceTar},
	} {
		const dir = "hack/cluster/images"
		_, err := s.Run(ctx, Command{
			Dir: s.Root, Env: []string{"GOWORK=off"}, Stderr: os.Stderr,
			Args: []string{"go", "run", "-C", dir, "./mkimage", "-o", fromDir(dir, i.tar), i.image, fromDir(dir, i.binary)},
		})
		if err != nil {
			return err
		}
		s.Terminal.Good("%s is in %s", i.image, i.tar)
	}
	s.Terminal.Say("Load both on every node: kind load image-archive FILE, minikube image load FILE, k3s ctr images import FILE, or " +
		"ctr --namespace k8s.io images import FILE. Nodes of another architecture: GOARCH=arm64 hack/demo/run images.")
	return nil
}
