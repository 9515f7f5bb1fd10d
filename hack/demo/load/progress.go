package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// report writes a line every ProgressInterval until ctx ends.
func (g *Generator) report(ctx context.Context) {
	ticker := time.NewTicker(g.cfg.ProgressInterval)
	defer ticker.Stop()
	last := g.Summary()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := g.Summary()
		fmt.Fprintln(g.cfg.Progress, progressLine(now, last, g.tally.lap()))
		last = now
	}
}

// progressLine tells the requests that ended since last by version, and all failures since the start. p95 is by version, since
// last, in seconds.
func progressLine(now, last Summary, p95 map[string]float64) string {
	var line strings.Builder
	recent := now.Since(last)
	fmt.Fprintf(&line, "%6.1fs  %5.0f req/s", now.ElapsedSeconds, float64(recent.Requests.Total)/max(recent.ElapsedSeconds, 1e-9))
	for _, name := range slices.Sorted(maps.Keys(recent.Requests.ByVersion)) {
		v := recent.Requests.ByVersion[name]
		fmt.Fprintf(&line, "  | %s %.1f%% p95 %.0fms err %.1f%%", name, 100*recent.Share(name), 1000*p95[name],
			100*float64(v.Injected+v.Unexpected)/float64(v.Total))
	}
	fmt.Fprintf(&line, "  | failed by platform %d", now.Requests.FailedByPlatform)
	if w := now.WebSockets; w.Wanted > 0 {
		fmt.Fprintf(&line, "  | ws %d/%d, unclean %d", w.Open, w.Wanted, w.UncleanDisconnects)
	}
	return line.String()
}
