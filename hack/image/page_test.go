package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestTheCommandsOfThePage runs what docs/operate.md shows, by the very Makefile and script, with a small program in the operator's place and
// a registry of the test's own.
func TestTheCommandsOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs/operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Images\n")
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(section)
	if len(block) != 2 || strings.Count(block[1], "make images") != 2 {
		t.Fatal("docs/operate.md does not show how images are built and pushed")
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	files := small()
	own, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(own, "../../Makefile", "../../.gitignore") {
		if info, err := os.Stat(file); err != nil || info.IsDir() || strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join("hack/image", file)] = string(content)
	}
	checkout := committed(t, files)
	command(t, checkout, "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(block[1], "registry.example.com", host))

	top, err := layout.ImageIndexFromPath(filepath.Join(checkout, "bin/image"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(host+"/serin:0.1.0", name.StrictValidation)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(tag, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digestOf(t, pushed), manifest.Manifests[0].Digest.String(); got != want {
		t.Errorf("the registry has %s, and bin/image %s", got, want)
	}
}
