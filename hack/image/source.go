package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// source is what an image is built from, and what it says of itself.
type source struct {
	folder   string
	version  string // the chart's appVersion: what an installation asks for
	revision string // the commit, and "-modified" where the folder is not what was committed
	modified bool
	created  time.Time // every time in the image is this one
}

// readSource looks at a checkout. epoch is the content of SOURCE_DATE_EPOCH; where it is empty, the time of the commit is taken.
func readSource(ctx context.Context, folder, epoch string) (source, error) {
	s := source{folder: folder}
	chart, err := os.ReadFile(filepath.Join(folder, "charts/serin/Chart.yaml"))
	if err != nil {
		return s, fmt.Errorf("-repository: this is not Serin's source: %w", err)
	}
	var version struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(chart, &version); err != nil {
		return s, fmt.Errorf("charts/serin/Chart.yaml: %w", err)
	}
	if version.AppVersion == "" {
		return s, errors.New("charts/serin/Chart.yaml has no appVersion: write the version that is built")
	}
	s.version = version.AppVersion

	commit, err := git(ctx, folder, "log", "-1", "--format=%H %ct")
	if err != nil {
		return s, err
	}
	revision, at, _ := strings.Cut(commit, " ")
	changes, err := git(ctx, folder, "status", "--porcelain")
	if err != nil {
		return s, err
	}
	s.revision, s.modified = revision, changes != ""
	if s.modified {
		s.revision += "-modified"
	}
	if epoch == "" {
		epoch = at
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH is %q: write seconds since 1970", epoch)
	}
	s.created = time.Unix(seconds, 0).UTC()
	return s, nil
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
	var said strings.Builder
	command.Stderr = &said
	answer, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("-repository: git %s in %s: %w: %s", args[0], folder, err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(answer)), nil
}
