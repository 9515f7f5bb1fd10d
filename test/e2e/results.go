package e2e

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
)

// results gathers what the run's summary tells.
var results tally

type tally struct {
	mu       sync.Mutex
	journeys []outcome
	loads    []load.Summary
	notes    []string
}

// outcome of one journey.
type outcome struct {
	kind, name      string
	took            time.Duration
	failed, skipped bool
}

func (r *tally) addJourney(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.journeys = append(r.journeys, o)
}

func (r *tally) addLoad(s load.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loads = append(r.loads, s)
}

// note adds a line, or a table, that the summary ends with.
func (r *tally) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// write prints the summary.
func (r *tally) write(out io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KIND\tPASSED\tFAILED\tSKIPPED\tTIME IN ALL")
	kinds := map[string][4]int64{}
	for _, o := range r.journeys {
		k := kinds[o.kind]
		switch {
		case o.failed:
			k[1]++
		case o.skipped:
			k[2]++
		default:
			k[0]++
		}
		k[3] += int64(o.took)
		kinds[o.kind] = k
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[kind]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\n", kind, k[0], k[1], k[2], time.Duration(k[3]).Round(time.Second))
	}
	slices.SortFunc(r.journeys, func(a, b outcome) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	fmt.Fprintln(t, "\nRESULT\tTIME\tJOURNEY")
	for _, o := range r.journeys {
		result := "pass"
		switch {
		case o.failed:
			result = "FAIL"
		case o.skipped:
			result = "skip"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", result, o.took.Round(time.Second), o.name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var requests, failed, injected, ends, unclean, dials uint64
	for _, s := range r.loads {
		requests, failed, injected = requests+s.Requests.Total, failed+s.Requests.FailedByPlatform, injected+s.Requests.Injected
		ends, unclean, dials = ends+s.WebSockets.CleanDisconnects, unclean+s.WebSockets.UncleanDisconnects, dials+s.WebSockets.FailedDials
	}
	_, err := fmt.Fprintf(out, "\nRequests through the gateway: %d in %d journeys; failed by the platform: %d (failed on purpose by bad versions: %d).\n"+
		"WebSockets: %d clean ends, %d unclean, %d failed dials.\n\n%s\n",
		requests, len(r.loads), failed, injected, ends, unclean, dials, strings.Join(r.notes, "\n"))
	return err
}
