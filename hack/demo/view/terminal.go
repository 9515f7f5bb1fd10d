package view

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// shortEvery is the time between two lines about the same state where nothing can be redrawn.
const shortEvery = 5 * time.Second

// Terminal prints the demo. On a live one, Show redraws in place; elsewhere it adds a short line now and then.
type Terminal struct {
	out          io.Writer
	live, colors bool
	size         func() (width, height int)
	now          func() time.Time

	mu    sync.Mutex
	drawn int // lines of the frame that the next one replaces
	shown time.Time
	state string // of the frame shown last
}

// New prints to file, live if it is a terminal that understands escape sequences.
func New(file *os.File, lookup func(string) (string, bool)) *Terminal {
	kind, _ := lookup("TERM")
	_, plain := lookup("NO_COLOR")
	live := term.IsTerminal(int(file.Fd())) && kind != "" && kind != "dumb"
	return &Terminal{out: file, live: live, colors: live && !plain, now: time.Now, size: func() (int, int) {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width < 20 || height < 4 {
			return 100, 24
		}
		return min(width, 110), height
	}}
}

// NewPlain prints to out, which cannot be redrawn.
func NewPlain(out io.Writer) *Terminal {
	return &Terminal{out: out, now: time.Now, size: func() (int, int) { return 100, 24 }}
}

// Heading begins a part of the demo.
func (t *Terminal) Heading(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	width, _ := t.size()
	t.print("", line{{strong, "── " + text + " " + strings.Repeat("─", max(width-len([]rune(text))-4, 0))}}.print(t.colors))
}

// Say prints sentences, broken to the terminal's width.
func (t *Terminal) Say(format string, args ...any) {
	width, _ := t.size()
	t.print(wrap(fmt.Sprintf(format, args...), width)...)
}

// Command prints what a person would type here.
func (t *Terminal) Command(text string) {
	t.print("  " + line{{cyan, "$ " + text}}.print(t.colors))
}

// Output prints text as it is, moved to the right.
func (t *Terminal) Output(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "    " + l
		}
	}
	t.print(lines...)
}

// Good prints a result that is as it should be.
func (t *Terminal) Good(format string, args ...any) {
	t.mark(green, "✔ ", fmt.Sprintf(format, args...))
}

// Bad prints a result that should not be.
func (t *Terminal) Bad(format string, args ...any) { t.mark(red, "✘ ", fmt.Sprintf(format, args...)) }

// mark prints text behind a mark. Lines that text begins with blanks are left as they are, others are wrapped.
func (t *Terminal) mark(s style, mark, text string) {
	width, _ := t.size()
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		wrapped := wrap(part, width-2)
		if strings.HasPrefix(part, " ") {
			wrapped = []string{part}
		}
		for _, l := range wrapped {
			lines = append(lines, line{{s, mark}, {plain, l}}.print(t.colors))
			mark = "  "
		}
	}
	t.print(lines...)
}

// Show shows a frame of a release.
func (t *Terminal) Show(f Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live {
		t.redraw(f)
		return
	}
	state := strings.Join([]string{f.Phase, f.Step, f.Verdict}, "|")
	if state == t.state && t.now().Sub(t.shown) < shortEvery {
		return
	}
	text := renderShort(f)
	if state != t.state && f.Message != "" {
		text += "\n         " + strings.Join(wrap(f.Message, 91), "\n         ")
	}
	t.state, t.shown = state, t.now()
	fmt.Fprintln(t.out, text)
}

// Rest leaves the frame shown last where it is; what follows is printed below.
func (t *Terminal) Rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drawn, t.state, t.shown = 0, "", time.Time{}
}

func (t *Terminal) redraw(f Frame) {
	width, height := t.size()
	lines := render(f, width-1)
	lines = lines[:min(len(lines), height-1)]
	var b strings.Builder
	if t.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", t.drawn)
	}
	for _, l := range lines {
		b.WriteString("\r\x1b[2K" + l.print(t.colors) + "\n")
	}
	b.WriteString("\x1b[J")
	t.drawn = len(lines)
	fmt.Fprint(t.out, b.String())
}

// print ends a frame, if one is shown, and adds lines.
func (t *Terminal) print(lines ...string) {
	t.Rest()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range lines {
		fmt.Fprintln(t.out, l)
	}
}
