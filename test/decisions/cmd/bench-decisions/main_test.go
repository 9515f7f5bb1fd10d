package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheCommandPrintsWhatIsAskedFor(t *testing.T) {
	var out, progress bytes.Buffer
	args := strings.Fields("-world clean,all -rps 20 -regression no-success -decider argo*,relative -runs 2")
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"clean: independent requests", "all: ", "argo-tuned", "relative", "no-success"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "serin") {
		t.Error("a rule is printed that nobody asked for")
	}
}

func TestAReportIsPrintedAndWritten(t *testing.T) {
	var out, progress bytes.Buffer
	folder := filepath.Join(t.TempDir(), "decisions")
	args := strings.Fields("-quick -world clean -rps 20 -regression none,no-success -decider serin,argo -runs 2 -o " + folder)
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "False rollbacks") || !strings.Contains(progress.String(), "done: clean") {
		t.Errorf("%s\n%s", &out, &progress)
	}
	if _, err := os.Stat(filepath.Join(folder, "decisions.md")); err != nil {
		t.Error(err)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for args, want := range map[string]string{
		"-world nowhere":       `nothing is called "nowhere"; there are clean, `,
		"-decider nobody":      "there are serin, ",
		"-regression [":        "syntax error in pattern",
		"-rps many":            `-rps: "many" is no number of requests a second`,
		"-rps -1":              "no number of requests a second",
		"-interval 7s":         "-interval: 7s is no multiple of 5s",
		"-interval 2m":         "-bake: 1m0s is shorter than the interval of 2m0s",
		"-o somewhere":         "-o writes a report: ask for one with -quick or -full",
		"clean":                `"clean" is no flag`,
		"-quick -world absent": `nothing is called "absent"`,
	} {
		t.Run(args, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), strings.Fields(args), &out, &out)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want: %s", err, want)
			}
		})
	}
	if err := run(t.Context(), []string{"-h"}, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}
