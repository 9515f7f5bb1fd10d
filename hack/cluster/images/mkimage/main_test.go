package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFullName(t *testing.T) {
	for in, want := range map[string]string{
		"app:v1":                  "docker.io/library/app:v1",
		"team/app:v1":             "docker.io/team/app:v1",
		"example.local/app:v1":    "example.local/app:v1",
		"localhost/app:v1":        "localhost/app:v1",
		"localhost:5000/app:v1":   "localhost:5000/app:v1",
		"example.local/a/b:1.2.3": "example.local/a/b:1.2.3",
	} {
		if got, err := fullName(in); err != nil || got != want {
			t.Errorf("fullName(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"app", "app:", ":v1", "localhost:5000/app", "a/:v1"} {
		if got, err := fullName(in); err == nil {
			t.Errorf("fullName(%q) = %q; want an error", in, got)
		}
	}
}

// The test binary itself serves as the executable (it is static when built with CGO_ENABLED=0).
func TestImage(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := architecture(binary); err != nil {
		t.Skipf("this test's own executable is of no use here: %v", err)
	}
	dir := t.TempDir()
	var outputs [2][]byte
	for i := range outputs {
		out := filepath.Join(dir, fmt.Sprint(i, ".tar"))
		if err := run([]string{"-o", out, "example.local/app:v1", self + "=/opt/bin/app", "-e", "VERSION=v1", "-u", "1000"}); err != nil {
			t.Fatal(err)
		}
		if outputs[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(outputs[0], outputs[1]) {
		t.Error("two runs gave different images")
	}

	files := untar(t, outputs[0])
	blob := func(ref map[string]any) []byte {
		t.Helper()
		content := files["blobs/sha256/"+strings.TrimPrefix(ref["digest"].(string), "sha256:")]
		if got := fmt.Sprintf("sha256:%x", sha256.Sum256(content)); got != ref["digest"] || float64(len(content)) != ref["size"] {
			t.Fatalf("%v is not the %d bytes with digest %s", ref, len(content), got)
		}
		return content
	}
	index := decode(t, files["index.json"])["manifests"].([]any)[0].(map[string]any)
	if got := index["annotations"].(map[string]any)["io.containerd.image.name"]; got != "example.local/app:v1" {
		t.Errorf("image name %v", got)
	}
	manifest := decode(t, blob(index))
	config := decode(t, blob(manifest["config"].(map[string]any)))["config"].(map[string]any)
	if got := fmt.Sprint(config["Entrypoint"], config["User"]); got != "[/opt/bin/app]1000" {
		t.Errorf("entrypoint and user: %s", got)
	}
	if got := fmt.Sprint(config["Env"]); !strings.Contains(got, "VERSION=v1") {
		t.Errorf("environment: %s", got)
	}
	root := untar(t, blob(manifest["layers"].([]any)[0].(map[string]any)))
	if !bytes.Equal(root["opt/bin/app"], binary) {
		t.Error("the executable in the image is not the one given")
	}
	for _, name := range []string{"tmp/", "opt/", "opt/bin/", "etc/passwd"} {
		if _, ok := root[name]; !ok {
			t.Errorf("no %s in the image", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.tar")
	for _, args := range [][]string{
		{"-o", out, "app:v1", script},
		{"-o", out, "app:v1", script + ".none"},
		{"-o", out, "app", script},
		{"-o", out, "app:v1", script, "-e", "X"},
	} {
		if err := run(args); err == nil {
			t.Errorf("run(%q) succeeded", args)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func untar(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, b []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
