package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// program is the operator for one platform.
type program struct {
	platform v1.Platform
	content  []byte
	info     *buildinfo.BuildInfo // what it says it was made from
}

// compile builds the operator so that neither the folder, nor the machine, nor the settings of whoever builds are in it.
func compile(ctx context.Context, from source, platform v1.Platform) (program, error) {
	p := program{platform: platform}
	folder, err := os.MkdirTemp("", "serin-image-")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "serin")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", file, "./cmd")
	command.Dir = from.folder
	command.Env = append(os.Environ(), "GOOS="+platform.OS, "GOARCH="+platform.Architecture, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0",
		"GOTOOLCHAIN="+runtime.Version(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	if said, err := command.CombinedOutput(); err != nil {
		return p, fmt.Errorf("building for %s: %w\n%s", platform, err, bytes.TrimSpace(said))
	}
	if p.content, err = os.ReadFile(file); err != nil {
		return p, err
	}
	if p.info, err = buildinfo.Read(bytes.NewReader(p.content)); err != nil {
		return p, err
	}
	return p, expected(p.info, platform)
}

// expected refuses a binary that was built in any other way than everybody builds it: what a person set for their own builds, an experiment
// of the compiler for instance, would give another digest.
func expected(info *buildinfo.BuildInfo, platform v1.Platform) error {
	wanted := map[string]string{
		"-buildmode": "exe", "-compiler": "gc", "-trimpath": "true", "CGO_ENABLED": "0", "GOOS": platform.OS, "GOARCH": platform.Architecture,
		"GOAMD64": "v1", "GOARM64": "v8.0",
	}
	for _, setting := range info.Settings {
		if setting.Key == "DefaultGODEBUG" { // follows from go.mod
			continue
		}
		if value, ok := wanted[setting.Key]; !ok || value != setting.Value {
			return fmt.Errorf("for %s: built with %s=%s, which gives another digest than elsewhere: unset it in the environment and in go env -changed",
				platform, setting.Key, setting.Value)
		}
	}
	if info.GoVersion != runtime.Version() {
		return fmt.Errorf("for %s: built by %s, where %s was asked for", platform, info.GoVersion, runtime.Version())
	}
	return nil
}
