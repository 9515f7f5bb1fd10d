package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// write makes the folder an image layout of this release. Whoever reads meanwhile finds the old one, none, or the new one, and never half of one.
func (r release) write(folder string) error {
	if err := replaceable(folder); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(folder))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(parent, ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := errors.Join(os.Chmod(fresh, 0o755), r.fill(fresh)); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(fresh, folder)
}

// replaceable refuses to delete what is no image layout.
func replaceable(folder string) error {
	found, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(found) == 0) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "oci-layout")); err != nil {
		return fmt.Errorf("-o: %s holds other things than an image layout, and would be replaced: name an empty folder, or one that does not exist", folder)
	}
	return nil
}

func (r release) fill(folder string) error {
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(r.index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.version})); err != nil {
		return err
	}
	for _, b := range r.bills {
		if err := path.AppendImage(b.artifact); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, b.file()), b.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// file is the name by which a bill of materials lies beside the layout's blobs.
func (b bill) file() string {
	return "sbom-" + b.platform.OS + "-" + b.platform.Architecture + ".cdx.json"
}

// push sends the index under its tag, then the bills of materials by their digests: a registry lists them as what refers to the images.
func (r release) push(ctx context.Context, to name.Tag, who authn.Keychain) error {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(who)}
	if err := remote.WriteIndex(to, r.index, options...); err != nil {
		return err
	}
	for _, b := range r.bills {
		digest, err := b.artifact.Digest()
		if err != nil {
			return err
		}
		if err := remote.Write(to.Digest(digest.String()), b.artifact, options...); err != nil {
			return fmt.Errorf("the bill of materials for %s: %w", b.platform, err)
		}
	}
	return nil
}
