package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// repository is Serin's own.
const repository = "../.."

// The operator as it is committed, for this machine alone: for another architecture everything would be compiled from nothing, which takes minutes.
// What differs between architectures is tried with the stand-in.
func TestTheOperator(t *testing.T) {
	here := v1.Platform{OS: "linux", Architecture: runtime.GOARCH}
	r := built(t, cloned(t, repository), here)
	image := imageFor(t, r.index, here)

	t.Run("has the same digest when it is built in another checkout", func(t *testing.T) {
		if first, second := digestOf(t, r.index), digestOf(t, built(t, cloned(t, repository), here).index); first != second {
			t.Errorf("the same commit gave %s and %s", first, second)
		}
	})
	t.Run("starts with nothing but its image, as its user", func(t *testing.T) {
		root := unpacked(t, image)
		out, err := inside(t, root, entrypoint, "", "-namespace=serin-system", "-workers=0")
		if want := "serin: -workers is 0: write 1 or more\n"; out != want || code(err) != 2 {
			t.Errorf("it said %q and ended with %v, want %q", out, err, want)
		}
		if out, err := inside(t, root, entrypoint, "", "-h"); !strings.Contains(out, "-gateway-lag") {
			t.Errorf("-h said %q, %v", out, err)
		}
	})
	t.Run("trusts public certificates, and without the image's file none", func(t *testing.T) {
		root := unpacked(t, image)
		command(t, "testdata/verify", "go", "build", "-o", filepath.Join(root, "verify"), ".")
		certificates := roots()
		want := fmt.Sprintln(bytes.Count(certificates, []byte("BEGIN CERTIFICATE")))
		if out, err := inside(t, root, "/verify", string(certificates)); out != want || err != nil {
			t.Errorf("it said %q, %v, want %q", out, err, want)
		}
		if err := os.Remove(filepath.Join(root, rootsFile)); err != nil {
			t.Fatal(err)
		}
		if out, err := inside(t, root, "/verify", string(certificates)); err == nil {
			t.Errorf("without %s it said %q", rootsFile, out)
		}
	})
	t.Run("has a bill of materials that fits the schema and names what is linked", func(t *testing.T) {
		fitsTheSchema(t, r.bills[0].content)
		listed := modulesOf(t, r.bills[0].content)
		for _, module := range []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "github.com/DataDog/datadog-api-client-go/v2"} {
			if wanted := required(t, module); listed[module] != wanted {
				t.Errorf("%s is %q in the bill of materials, and %q in go.mod", module, listed[module], wanted)
			}
		}
		if listed["stdlib"] != runtime.Version() {
			t.Errorf("the standard library is %q, built by %s", listed["stdlib"], runtime.Version())
		}
		if version, ok := listed["sigs.k8s.io/kustomize/api"]; ok {
			t.Errorf("kustomize %s is in the bill of materials, and only the plugin of kubectl links it", version)
		}
	})
}

func TestTheRootsAreThoseOfMozillaWithoutConditions(t *testing.T) {
	free, tied := 0, 0
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			free++
		} else {
			tied++
		}
	}
	if got := bytes.Count(roots(), []byte("BEGIN CERTIFICATE")); got != free || free < 100 || tied > 10 {
		t.Errorf("%d certificates in the file, of %d without a condition and %d with one", got, free, tied)
	}
}

// unpacked is a folder with the files of an image.
func unpacked(t *testing.T, image v1.Image) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	files := mutate.Extract(image)
	defer files.Close()
	for reader := tar.NewReader(files); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, header.FileInfo().Mode().Perm())
		} else {
			var content []byte
			if content, err = io.ReadAll(reader); err == nil {
				err = os.WriteFile(path, content, header.FileInfo().Mode().Perm())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inside runs a program with a folder as its whole file system: by the image's user where the tests run as root, and in a user namespace
// elsewhere, where there is no other user than one's own.
func inside(t *testing.T, root, program, input string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir, c.Env, c.Stdin = "/", []string{"PATH=/"}, strings.NewReader(input)
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: 65532, Gid: 65532}
	} else {
		c.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Geteuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getegid(), Size: 1}}
	}
	out, err := c.CombinedOutput()
	return string(out), err
}

func code(err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// modulesOf are the names and versions in a bill of materials.
func modulesOf(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{}
	for _, component := range *bom.Components {
		modules[component.Name] = component.Version
	}
	return modules
}

// required is the version of a module in Serin's go.mod.
func required(t *testing.T, module string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) >= 2 && words[0] == module {
			return words[1]
		}
	}
	t.Fatalf("go.mod does not name %s", module)
	return ""
}
