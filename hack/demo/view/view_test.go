package view

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got (go test ./view -update accepts):\n%s", file, diff)
	}
}

// pushed is a release that Serin has not noticed yet.
func pushed() Frame {
	return Frame{
		Title: "v3: p95 half as long again", Phase: "Succeeded", Elapsed: 400 * time.Millisecond, Message: "revision 6d4cf56db6 serves; waiting for a new template",
		Baseline:  Arm{Version: "v2", Pods: 4, Ready: 4, Requests: 1500, P95: 82 * time.Millisecond},
		Candidate: Arm{Version: "v3"},
		Failures:  Failures{SocketsOpen: 3, SocketsWanted: 3},
	}
}

// climbing is a release at its second step.
func climbing() Frame {
	f := pushed()
	f.Phase, f.Step, f.Weight, f.Elapsed, f.Verdict = "Progressing", "2/5", 25, 34*time.Second, "Inconclusive"
	f.Message = "step 2 of 5 (weight 25%) at least 4s more"
	f.Baseline.Requests, f.Candidate = 1126, Arm{Version: "v3", Pods: 2, Ready: 1, Requests: 374, Failed: 8, P95: 121*time.Millisecond + 900*time.Microsecond}
	f.LookAge = 2 * time.Second
	f.Metrics = []Metric{
		{
			Name: "errors", Baseline: "0%", Candidate: "2.1%", Difference: "+2.1% (+0.9% to +4%)", Limit: "0.1%", Verdict: "Fail",
			BaselineRequests: 2042, CandidateRequests: 230,
		},
		{Name: "latency", Baseline: "81ms", Candidate: "123ms"},
	}
	f.Failures.Injected = 8
	return f
}

// refused is a release that came to a bad end, and met a gateway that failed as well.
func refused() Frame {
	f := climbing()
	f.Phase, f.Step, f.Weight, f.Verdict, f.Elapsed = "Failed", "", 0, "Fail", 75*time.Second
	f.Candidate = Arm{Version: "v3"}
	f.Message = strings.Repeat("revision 7f9c was refused at step 2 of 5 (weight 25%): latency p95 123ms against 81ms. ", 6)
	f.Failures.Platform, f.Failures.SocketsBroken, f.Failures.SocketsOpen = 2, 1, 2
	return f
}

func TestFrame(t *testing.T) {
	for name, f := range map[string]Frame{"pushed": pushed(), "climbing": climbing(), "refused": refused(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, l := range render(f, 90) {
				b.WriteString(l.print(false) + "\n")
			}
			golden(t, name, b.String()+"\n"+renderShort(f)+"\n")
		})
	}
}

func TestFrameFitsItsWidth(t *testing.T) {
	for _, width := range []int{20, 40, 79, 200} {
		for _, l := range render(refused(), width) {
			if n := utf8.RuneCountInString(l.print(false)); n > width {
				t.Errorf("width %d: a line has %d characters: %q", width, n, l.print(false))
			}
		}
	}
}

// TestFrameHasNoSurplusOfPods meets a moment in which more pods are ready than are counted.
func TestFrameHasNoSurplusOfPods(t *testing.T) {
	if got := dots(Arm{Pods: 1, Ready: 2}); got != "●●" {
		t.Errorf("got %q", got)
	}
}

func live(out *bytes.Buffer, width, height int, colors bool) *Terminal {
	return &Terminal{out: out, live: true, colors: colors, now: time.Now, size: func() (int, int) { return width, height }}
}

func TestLiveTerminalRedrawsInPlace(t *testing.T) {
	var out bytes.Buffer
	terminal := live(&out, 90, 40, true)
	terminal.Show(climbing())
	terminal.Show(refused())
	terminal.Say("It was refused.")
	terminal.Show(pushed())
	golden(t, "live", out.String())
}

func TestLiveTerminalIsNeverTallerThanItself(t *testing.T) {
	var out bytes.Buffer
	terminal := live(&out, 90, 6, false)
	terminal.Show(climbing())
	if n := strings.Count(out.String(), "\n"); n != 5 {
		t.Errorf("%d lines on a terminal of 6", n)
	}
}

func TestPlainTerminalAddsALineNowAndThen(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	terminal := NewPlain(&out)
	terminal.now = func() time.Time { return now }
	for range 12 { // one line at once, and one more after five seconds
		terminal.Show(climbing())
		now = now.Add(500 * time.Millisecond)
	}
	terminal.Show(refused()) // the state changed: at once
	terminal.Heading("3 · %s", "The end")
	terminal.Say("Sentences %s.", strings.Repeat("of many words ", 10))
	terminal.Command("kubectl get canary")
	terminal.Output("NAME\n\nread-api\n")
	terminal.Good("as it should be")
	terminal.Bad("%s:\n    %s\nthe end", strings.Repeat("not as it should be ", 8), strings.Repeat("verbatim ", 15))
	if strings.Contains(out.String(), "\x1b") {
		t.Error("escape sequences on a plain output")
	}
	golden(t, "plain", out.String())
}

func TestWrapKeepsLongWords(t *testing.T) {
	want := []string{"a", "word-that-is-long", "b c"}
	if diff := cmp.Diff(want, wrap("a word-that-is-long b  c", 5)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNewIsPlainOnAFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	terminal := New(file, func(string) (string, bool) { return "xterm", true })
	if terminal.live || terminal.colors {
		t.Error("a file is no terminal")
	}
	if width, height := terminal.size(); width != 100 || height != 24 {
		t.Errorf("size %d×%d", width, height)
	}
}
