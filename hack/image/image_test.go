package main

import (
	"debug/buildinfo"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestTwoCheckoutsOfACommitGiveTheSameDigestAndAnotherCommitDoesNot(t *testing.T) {
	origin := committed(t, small())
	first := digestOf(t, built(t, origin, everywhere()...).index)

	t.Setenv("GOCACHE", t.TempDir()) // nothing may come from the first build
	t.Setenv("GOFLAGS", "-trimpath=false")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("TZ", "Asia/Tokyo")
	t.Setenv("TMPDIR", t.TempDir())
	if second := digestOf(t, built(t, cloned(t, origin), everywhere()...).index); first != second {
		t.Errorf("the same commit gave %s and %s", first, second)
	}
	changed := small()
	changed["cmd/main.go"] = strings.Replace(changed["cmd/main.go"], "small", "other", 1)
	if other := digestOf(t, built(t, committed(t, changed), everywhere()...).index); other == first {
		t.Errorf("two programs have the same digest %s", first)
	}
}

func TestWhatIsPushedIsWhatWasBuiltAndTheBillsOfMaterialsAreFound(t *testing.T) {
	r := built(t, committed(t, small()), everywhere()...)
	for kind, referrers := range map[string]bool{"a registry that lists referrers": true, "an older registry": false} {
		t.Run(kind, func(t *testing.T) {
			server := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrers), registry.Logger(log.New(io.Discard, "", 0))))
			defer server.Close()
			tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://")+"/team/serin:0.9.0", name.StrictValidation)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.push(t.Context(), tag, authn.NewMultiKeychain()); err != nil {
				t.Fatal(err)
			}
			pulled, err := remote.Index(tag, remote.WithContext(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Index(pulled); err != nil {
				t.Error(err)
			}
			if got, want := digestOf(t, pulled), digestOf(t, r.index); got != want {
				t.Errorf("pushed %s, pulled %s", want, got)
			}
			for _, b := range r.bills {
				subject := tag.Digest(digestOf(t, imageFor(t, pulled, b.platform)))
				if got := pulledBill(t, tag, subject); got != string(b.content) {
					t.Errorf("%s: the bill of materials that was found (-pushed +pulled):\n%s", b.platform, cmp.Diff(string(b.content), got))
				}
			}
		})
	}
}

// pulledBill is the one bill of materials that a registry names for an image.
func pulledBill(t *testing.T, in name.Tag, of name.Digest) string {
	t.Helper()
	referring, err := remote.Referrers(of, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := referring.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].ArtifactType != billType {
		t.Fatalf("%s is referred to by %v", of, manifest.Manifests)
	}
	artifact, err := remote.Image(in.Digest(manifest.Manifests[0].Digest.String()), remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return onlyLayer(t, artifact)
}

func onlyLayer(t *testing.T, of v1.Image) string {
	t.Helper()
	layers, err := of.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	reader, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheLayoutHoldsTheIndexTheBillsAndTheirText(t *testing.T) {
	checkout, folder := committed(t, small()), filepath.Join(t.TempDir(), "image")
	var said strings.Builder
	for range 2 { // the second replaces the first
		said.Reset()
		if err := run(t.Context(), []string{"-repository", checkout, "-o", folder}, &said); err != nil {
			t.Fatal(err)
		}
	}
	top, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 3 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "0.9.0" {
		t.Fatalf("the layout's index names %v", manifest.Manifests)
	}
	if !strings.Contains(said.String(), manifest.Manifests[0].Digest.String()) || !strings.HasPrefix(said.String(), "0.9.0, revision ") {
		t.Errorf("it said %q", said.String())
	}
	for n, file := range []string{"sbom-linux-amd64.cdx.json", "sbom-linux-arm64.cdx.json"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		artifact, err := top.Image(manifest.Manifests[n+1].Digest)
		if err != nil {
			t.Fatal(err)
		}
		if onlyLayer(t, artifact) != string(text) {
			t.Errorf("%s is not what the layout has", file)
		}
	}
}

func TestAnImageSaysWhatItIsAndWhereItComesFrom(t *testing.T) {
	checkout := committed(t, small())
	from, err := readSource(t.Context(), checkout, "")
	if err != nil {
		t.Fatal(err)
	}
	file, err := imageFor(t, built(t, checkout, everywhere()...).index, everywhere()[1]).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		Entrypoint: []string{"/serin"}, User: "65532:65532", WorkingDir: "/", Env: []string{"PATH=/"},
		Labels: map[string]string{
			"org.opencontainers.image.title": "serin", "org.opencontainers.image.version": "0.9.0", "org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.source": "https://github.com/serin-dev/serin", "org.opencontainers.image.revision": from.revision,
			"org.opencontainers.image.created": "2023-11-14T22:13:20Z",
		},
	}
	if diff := cmp.Diff(want, file.Config); diff != "" {
		t.Errorf("the image's configuration (-want +got):\n%s", diff)
	}
	if file.Architecture != "arm64" || file.OS != "linux" || len(from.revision) != 40 {
		t.Errorf("%s/%s of revision %s", file.OS, file.Architecture, from.revision)
	}
}

func TestRefusals(t *testing.T) {
	modified := committed(t, small())
	if err := os.WriteFile(filepath.Join(modified, "cmd/main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := small()
	broken["cmd/main.go"] = "package main\n\nfunc main() { none() }\n"
	unnamed := small()
	unnamed["charts/serin/Chart.yaml"] = "apiVersion: v2\n"
	occupied := t.TempDir()
	if err := os.WriteFile(filepath.Join(occupied, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	good := committed(t, small())
	for name, c := range map[string]struct {
		environment, value string
		args               []string
		want               string
	}{
		"a push of what nobody could build again": {args: []string{"-repository", modified, "-push", "registry.example.com/serin:0.9.0"}, want: "commit first"},
		"a push without a tag":                    {args: []string{"-repository", good, "-push", "registry.example.com/serin"}, want: "write a registry, a name and a tag"},
		"a push without a registry":               {args: []string{"-repository", good, "-push", "serin:0.9.0"}, want: "write a registry, a name and a tag"},
		"a folder without Serin":                  {args: []string{"-repository", t.TempDir()}, want: "this is not Serin's source"},
		"a chart without a version":               {args: []string{"-repository", committed(t, unnamed)}, want: "write the version that is built"},
		"a program that does not compile":         {args: []string{"-repository", committed(t, broken)}, want: "undefined: none"},
		"a folder with something else":            {args: []string{"-repository", good, "-o", occupied}, want: "name an empty folder"},
		"a word too many":                         {args: []string{"registry.example.com/serin:0.9.0"}, want: "write -push before a name"},
		"a time that is none":                     {environment: "SOURCE_DATE_EPOCH", value: "yesterday", args: []string{"-repository", good}, want: "write seconds since 1970"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv(c.environment, c.value)
			}
			err := run(t.Context(), append([]string{"-o", filepath.Join(t.TempDir(), "image")}, c.args...), io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(occupied, "thesis.txt")); err != nil {
		t.Error(err)
	}
}

func TestABinaryThatIsBuiltInAnotherWayIsRefused(t *testing.T) {
	usual := func() []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "-buildmode", Value: "exe"},
			{Key: "-compiler", Value: "gc"},
			{Key: "-trimpath", Value: "true"},
			{Key: "DefaultGODEBUG", Value: "x=1"},
			{Key: "CGO_ENABLED", Value: "0"},
			{Key: "GOARCH", Value: "amd64"},
			{Key: "GOOS", Value: "linux"},
			{Key: "GOAMD64", Value: "v1"},
		}
	}
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"as everybody builds it":       {runtime.Version(), usual(), ""},
		"with an experiment":           {runtime.Version() + "-X:simd", append(usual(), debug.BuildSetting{Key: "GOEXPERIMENT", Value: "simd"}), "GOEXPERIMENT=simd"},
		"for newer processors":         {runtime.Version(), append(usual(), debug.BuildSetting{Key: "GOAMD64", Value: "v3"}), "GOAMD64=v3"},
		"with the paths of a machine":  {runtime.Version(), append(usual(), debug.BuildSetting{Key: "-trimpath", Value: "false"}), "-trimpath=false"},
		"by another Go":                {"go1.2.3", usual(), "built by go1.2.3"},
		"with the state of a checkout": {runtime.Version(), append(usual(), debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "vcs.modified"},
	} {
		t.Run(name, func(t *testing.T) {
			err := expected(&buildinfo.BuildInfo{GoVersion: c.version, Settings: c.settings}, everywhere()[0])
			if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
