package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// small is a stand-in for Serin's source, which compiles in seconds for every platform: a program at the same place, and a chart.
func small() map[string]string {
	return map[string]string{
		"go.mod":                  "module example.org/small\n\ngo 1.26.0\n",
		"cmd/main.go":             "package main\n\nimport \"os\"\n\nfunc main() { _, _ = os.Stdout.WriteString(\"small\\n\") }\n",
		"charts/serin/Chart.yaml": "apiVersion: v2\nname: serin\nversion: 1.2.3\nappVersion: 0.9.0\n",
	}
}

// committed is a checkout with these files and one commit, whose author and time are always the same.
func committed(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	command(t, folder, "git", "init", "-q")
	command(t, folder, "git", "add", ".")
	command(t, folder, "git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "small")
	return folder
}

func command(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = folder
	c.Env = append(os.Environ(), "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
}

// cloned is another checkout of what is committed in a folder.
func cloned(t *testing.T, folder string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "elsewhere", "a", "clone")
	command(t, ".", "git", "clone", "-q", "--shared", folder, to)
	return to
}

func built(t *testing.T, folder string, platforms ...v1.Platform) release {
	t.Helper()
	from, err := readSource(t.Context(), folder, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := buildRelease(t.Context(), from, platforms)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func digestOf(t *testing.T, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// imageFor is the image of a platform in an index.
func imageFor(t *testing.T, index v1.ImageIndex, platform v1.Platform) v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, described := range manifest.Manifests {
		if described.Platform != nil && described.Platform.Equals(platform) {
			image, err := index.Image(described.Digest)
			if err != nil {
				t.Fatal(err)
			}
			return image
		}
	}
	t.Fatalf("no image for %s", platform)
	return nil
}
