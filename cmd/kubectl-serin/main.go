// Command kubectl-serin is the plugin of kubectl for Serin: kubectl serin.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
	"k8s.io/utils/clock"

	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, clock: clock.RealClock{}}
	s.style, s.terminal = styleOf(os.Stdout)
	code := run(ctx, os.Args[1:], s)
	stop()
	os.Exit(code)
}

// styleOf is how to write on a file: with colours only on a terminal that has them and where nobody said no to them (https://no-color.org).
func styleOf(out *os.File) (view.Style, bool) {
	if !term.IsTerminal(int(out.Fd())) {
		return view.Style{}, false
	}
	style := view.Style{Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(out.Fd())); err == nil {
		style.Width = width
	}
	return style, true
}
