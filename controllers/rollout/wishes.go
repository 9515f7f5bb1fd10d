package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wished says whether a wish is new and means the candidate, and remembers that it was acted upon.
func (t *turn) wished(value string, acknowledged *string) bool {
	revision, _, _ := strings.Cut(value, "@")
	if value == "" || value == *acknowledged || revision != t.s.Candidate {
		return false
	}
	*acknowledged = value
	return true
}

// wish is the value by which a person says a verb for revision, made new where the plain one was used before.
func wish(revision, acknowledged string) string {
	before, again, _ := strings.Cut(acknowledged, "@")
	switch {
	case before != revision:
		return revision
	default:
		n, _ := strconv.Atoi(again)
		return fmt.Sprintf("%s@%d", revision, max(n, 1)+1)
	}
}

// longestRevision is how long a label's value may be, which a revision is.
const longestRevision = 63

// tellIgnored tells once of wishes that mean a revision nobody knows: whoever mistyped one at night must not wait for it. A wish for a revision that is not yet,
// or no longer, under test stays silent: it may have been early, or be left over.
func (t *turn) tellIgnored() {
	if t.s.Candidate == "" || t.event != nil {
		return
	}
	var ignored []string
	w, done := t.o.Wishes, t.s.Acknowledged
	for _, v := range []struct{ verb, value, acknowledged string }{
		{"promote", w.Promote, done.Promote},
		{"abort", w.Abort, done.Abort},
		{"approve", w.Approve, done.Approve},
		{"pause", w.Pause, done.Pause},
		{"resume", w.Resume, done.Resume},
		{"retry", w.Retry, done.Retry},
	} {
		revision, _, _ := strings.Cut(v.value, "@")
		known := []string{"", t.s.Candidate, t.s.Baseline, t.o.Workload.Wanted}
		if v.value == v.acknowledged || slices.Contains(known, revision) {
			continue
		}
		if len(revision) > longestRevision {
			revision = "..."
		}
		ignored = append(ignored, "serin.dev/"+v.verb+"="+revision)
	}
	told := strings.Join(ignored, " ")
	if told == t.s.Ignored {
		return
	}
	t.s.Ignored = told
	if told != "" {
		t.event = &Event{Reason: ReasonVerbIgnored, Warning: true, Message: fmt.Sprintf("ignored: %s. The revision under test is %s; a verb acts on the revision that its value names", told, t.s.Candidate)}
	}
}
