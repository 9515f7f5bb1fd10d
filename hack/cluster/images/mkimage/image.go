package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
)

type file struct {
	path    string
	content []byte
}

type image struct {
	name, arch, user string
	env              []string
	files            []file // the first is the entrypoint
}

type object = map[string]any

const epoch = "1970-01-01T00:00:00Z" // tar's zero time, likewise: no clock in the output

// write writes the image as an OCI layout: blobs named by their digests, and an index that names the image.
func (i image) write(w io.Writer) error {
	layer, err := i.layer()
	if err != nil {
		return err
	}
	blobs := map[string][]byte{}
	blob := func(mediaType string, content []byte) object {
		sum := fmt.Sprintf("%x", sha256.Sum256(content))
		blobs["blobs/sha256/"+sum] = content
		return object{"mediaType": mediaType, "digest": "sha256:" + sum, "size": len(content)}
	}
	layerRef := blob("application/vnd.oci.image.layer.v1.tar", layer)
	config := blob("application/vnd.oci.image.config.v1+json", encode(object{
		"created": epoch, "architecture": i.arch, "os": "linux",
		"config": object{
			"Entrypoint": []string{i.files[0].path},
			"Env":        append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/"}, i.env...),
			"User":       i.user,
			"WorkingDir": "/",
		},
		"rootfs":  object{"type": "layers", "diff_ids": []any{layerRef["digest"]}},
		"history": []any{object{"created": epoch, "created_by": "mkimage"}},
	}))
	manifest := blob("application/vnd.oci.image.manifest.v1+json", encode(object{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": config, "layers": []any{layerRef},
	}))
	manifest["platform"] = object{"architecture": i.arch, "os": "linux"}
	manifest["annotations"] = object{
		"io.containerd.image.name":          i.name,
		"org.opencontainers.image.ref.name": i.name[strings.LastIndex(i.name, ":")+1:],
	}
	blobs["oci-layout"] = encode(object{"imageLayoutVersion": "1.0.0"})
	blobs["index.json"] = encode(object{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []any{manifest},
	})

	names := make([]string, 0, len(blobs))
	for name := range blobs {
		names = append(names, name)
	}
	sort.Strings(names)
	t := tar.NewWriter(w)
	for _, name := range names {
		if err := addFile(t, name, 0o644, blobs[name]); err != nil {
			return err
		}
	}
	return t.Close()
}

// layer is the root file system: the files, their directories, and the little that programs expect besides.
func (i image) layer() ([]byte, error) {
	var buf bytes.Buffer
	t := tar.NewWriter(&buf)
	made := map[string]bool{"/": true}
	var directory func(dir string, mode int64) error
	directory = func(dir string, mode int64) error {
		if made[dir] {
			return nil
		}
		made[dir] = true
		if err := directory(path.Dir(dir), 0o755); err != nil {
			return err
		}
		return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir[1:] + "/", Mode: mode})
	}
	if err := directory("/tmp", 0o1777); err != nil {
		return nil, err
	}
	files := append([]file{
		{"/etc/passwd", []byte("root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/:/nologin\n")},
		{"/etc/group", []byte("root:x:0:\nnonroot:x:65532:\n")},
	}, i.files...)
	for n, f := range files {
		mode := int64(0o644)
		if n >= 2 {
			mode = 0o755
		}
		if err := directory(path.Dir(f.path), 0o755); err != nil {
			return nil, err
		}
		if err := addFile(t, f.path[1:], mode, f.content); err != nil {
			return nil, err
		}
	}
	err := t.Close()
	return buf.Bytes(), err
}

func addFile(t *tar.Writer, name string, mode int64, content []byte) error {
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

// encode cannot fail on what is given to it; map keys come out sorted, so it is deterministic.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
