package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain turns the test's own binary into the stand-in where a test starts it so: exit codes need a process.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_STAND_IN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestExitCodes(t *testing.T) {
	keys := []string{"STAND_IN_API_KEY=api-s3cret", "STAND_IN_APP_KEY=app-s3cret"}
	for name, test := range map[string]struct {
		args, environment []string
		code              int
		want              string
	}{
		"help is no mistake":            {[]string{"-help"}, nil, 0, "Usage: datadog-stand-in"},
		"keys that are missing are":     {[]string{"-namespace=demo"}, nil, 2, "STAND_IN_APP_KEY is empty"},
		"so is an unknown flag":         {[]string{"-namespce=demo"}, keys, 2, "-namespce"},
		"outside a cluster are no pods": {[]string{"-namespace=demo"}, keys, 1, "it has to run in a cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := exec.CommandContext(t.Context(), os.Args[0], test.args...)
			p.Env, p.Stdout, p.Stderr = append(test.environment, "RUN_STAND_IN=1"), &out, &out
			err := p.Run()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("exit code %d, want %d; %q should be in\n%s", code, test.code, test.want, &out)
			}
			if strings.Contains(out.String(), "s3cret") {
				t.Errorf("a key is told:\n%s", &out)
			}
		})
	}
}
