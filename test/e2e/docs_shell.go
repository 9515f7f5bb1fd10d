package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/test/docs"
)

// afterwards is a command's own time to end once it was asked to.
const afterwards = 10 * time.Second

// shell runs commands one after the other as a person pastes them: what one exports, and the folder it goes to, the next one finds.
type shell struct {
	// folder is where the commands begin; home is the reader's.
	folder, home string
	environment  []string
	// left are groups of processes that a command left running.
	left []int
}

// newShell makes a home with a kubeconfig of its own, so that a page may choose a namespace, and a copy of the repository to work in.
func newShell(ctx context.Context, home, namespace string) (*shell, error) {
	s := &shell{home: home, folder: filepath.Join(home, "serin")}
	config := filepath.Join(home, "kubeconfig")
	for _, folder := range []string{s.folder, filepath.Join(home, "bin")} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, err
		}
	}
	for _, step := range []string{
		`cp "$KUBECONFIG" ` + config,
		`kubectl --kubeconfig ` + config + ` config set-context --current --namespace ` + namespace,
		`cd ../.. && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t ` + s.folder,
	} {
		if out, err := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", step).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", step, err, out)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	settings, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	modules, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	s.environment = append(os.Environ(), "HOME="+home, "KUBECONFIG="+config, "PATH="+filepath.Join(home, "bin")+":"+os.Getenv("PATH"), "NO_COLOR=1",
		"XDG_CACHE_HOME="+cache, "XDG_CONFIG_HOME="+settings, "GOMODCACHE="+strings.TrimSpace(string(modules)))
	return s, os.WriteFile(s.memory(), []byte("cd "+s.folder+"\n"), 0o600)
}

// memory is what the commands before left to those after them, as commands.
func (s *shell) memory() string { return filepath.Join(s.home, "memory.sh") }

// run answers all that the command said. It must end within a time, with the status that the page tells.
func (s *shell) run(ctx context.Context, c docs.Command, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	output, err := os.Create(filepath.Join(s.home, "output.txt"))
	if err != nil {
		return "", err
	}
	defer output.Close()
	script := `set -euo pipefail; source "$0"; trap '{ export -p; printf "cd %q\n" "$PWD"; } >"$0"' EXIT; set -a` + "\n" + c.Text
	command := exec.CommandContext(ctx, "bash", "-c", script, s.memory())
	command.Dir, command.Env, command.Stdout, command.Stderr = s.folder, s.environment, output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	if err := command.Start(); err != nil {
		return "", err
	}
	stopped := make(chan error, 1)
	if c.UntilStopped {
		go func() { stopped <- s.stop(ctx, command, output.Name()) }()
	} else {
		stopped <- nil
	}
	err = command.Wait()
	if group := command.Process.Pid; syscall.Kill(-group, 0) == nil {
		s.left = append(s.left, group)
	}
	said, readError := os.ReadFile(output.Name())
	return string(said), errors.Join(judge(c, command.ProcessState, err, ctx.Err()), <-stopped, readError)
}

// judge compares how a command ended with how it has to.
func judge(c docs.Command, state *os.ProcessState, err, late error) error {
	var failed *exec.ExitError
	switch {
	case late != nil:
		return fmt.Errorf("it did not end in time: %w", late)
	case err != nil && !errors.As(err, &failed):
		return err
	case c.UntilStopped:
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGINT {
			return nil
		}
		if code := state.ExitCode(); code != 0 && code != 128+int(syscall.SIGINT) {
			return fmt.Errorf("it was interrupted, and ended with status %d", code)
		}
	case strconv.Itoa(state.ExitCode()) != c.Exit:
		return fmt.Errorf("it ended with status %d (%s), and the page says %s", state.ExitCode(), state, c.Exit)
	}
	return nil
}

// stop interrupts a command once it has said something, as somebody who has seen enough.
func (s *shell) stop(ctx context.Context, command *exec.Cmd, output string) error {
	said := poll(ctx, patience, func() error {
		info, err := os.Stat(output)
		if err == nil && info.Size() == 0 {
			return errors.New("it said nothing")
		}
		return err
	})
	interrupted := syscall.Kill(-command.Process.Pid, syscall.SIGINT)
	time.AfterFunc(afterwards, func() { _ = command.Cancel() })
	return errors.Join(said, interrupted)
}

// close ends what the commands left running.
func (s *shell) close() {
	for _, group := range s.left {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
}
