package main

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// billType is what a bill of materials is called by those who look for what refers to an image.
const billType = "application/vnd.cyclonedx+json"

// release is an index of images, one for each platform, and the bill of materials of each.
type release struct {
	version string
	index   v1.ImageIndex
	bills   []bill
}

// bill is a bill of materials, as text and as an artifact whose subject is the image.
type bill struct {
	platform v1.Platform
	content  []byte
	artifact v1.Image
}

func buildRelease(ctx context.Context, from source, platforms []v1.Platform) (release, error) {
	r := release{version: from.version}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		p, err := compile(ctx, from, platform)
		if err != nil {
			return r, err
		}
		image, err := pack(from, p)
		if err != nil {
			return r, fmt.Errorf("packing for %s: %w", platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
		b, err := billOf(from, p, image)
		if err != nil {
			return r, fmt.Errorf("the bill of materials for %s: %w", platform, err)
		}
		r.bills = append(r.bills, b)
	}
	annotated, ok := mutate.Annotations(index, labels(from)).(v1.ImageIndex)
	if !ok {
		return r, fmt.Errorf("an index with annotations is %T", annotated)
	}
	r.index = annotated
	return r, nil
}

// pack puts the program and what surrounds it into an image.
func pack(from source, p program) (v1.Image, error) {
	around, err := layer(from.created, surroundings()...)
	if err != nil {
		return nil, err
	}
	operator, err := layer(from.created, entry{name: entrypoint[1:], mode: 0o755, content: p.content})
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS: p.platform.OS, Architecture: p.platform.Architecture, Created: v1.Time{Time: from.created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{entrypoint},
			Env:        []string{"PATH=/"},
			User:       user,
			WorkingDir: "/",
			Labels:     labels(from),
		},
	})
	if err != nil {
		return nil, err
	}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: around, History: v1.History{Created: v1.Time{Time: from.created}, CreatedBy: "certificates, users, /tmp"}},
		mutate.Addendum{Layer: operator, History: v1.History{Created: v1.Time{Time: from.created}, CreatedBy: "go build ./cmd"}})
	if err != nil {
		return nil, err
	}
	annotated, ok := mutate.Annotations(image, labels(from)).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("an image with annotations is %T", annotated)
	}
	return annotated, nil
}

func labels(from source) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":    "serin",
		"org.opencontainers.image.source":   "https://github.com/serin-dev/serin",
		"org.opencontainers.image.revision": from.revision,
		"org.opencontainers.image.version":  from.version,
		"org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.created":  from.created.Format(time.RFC3339),
	}
}

func billOf(from source, p program, image v1.Image) (bill, error) {
	b := bill{platform: p.platform}
	var err error
	if b.content, err = materials(from, p); err != nil {
		return b, err
	}
	subject, err := partial.Descriptor(image)
	if err != nil {
		return b, err
	}
	artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), billType)
	if artifact, err = mutate.AppendLayers(artifact, static.NewLayer(b.content, billType)); err != nil {
		return b, err
	}
	subject.Platform, subject.Annotations, subject.ArtifactType = nil, nil, "" // a subject is named by type, size and digest
	referring, ok := mutate.Subject(artifact, *subject).(v1.Image)
	if !ok {
		return b, fmt.Errorf("an image with a subject is %T", referring)
	}
	b.artifact = referring
	return b, nil
}
