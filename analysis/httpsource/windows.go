package httpsource

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// InOrder leaves out windows without length, and refuses those that overlap.
func InOrder(ws []analysis.Window) ([]analysis.Window, error) {
	var out []analysis.Window
	for _, w := range ws {
		switch {
		case !w.To.After(w.From):
		case len(out) > 0 && w.From.Before(out[len(out)-1].To):
			return nil, fmt.Errorf("%w: the window from %s begins before the one before it ends", analysis.ErrRejected, w.From.Format(time.RFC3339))
		default:
			out = append(out, w)
		}
	}
	return out, nil
}
