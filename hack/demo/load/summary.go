package load

import (
	"time"
)

// Summary is what a run has seen so far. It is a copy; nothing changes it later.
type Summary struct {
	URL            string    `json:"url"`
	Host           string    `json:"host,omitempty"`
	Rate           int       `json:"rate"`           // requests a second asked for
	Started        time.Time `json:"started"`        // zero before Run
	ElapsedSeconds float64   `json:"elapsedSeconds"` // until now, or until the end
	Done           bool      `json:"done"`

	Requests   Requests   `json:"requests"`
	WebSockets WebSockets `json:"webSockets"`
}

// Counts divides requests by outcome; see the package's description. Total is the sum of the other four.
type Counts struct {
	Total            uint64 `json:"total"`
	OK               uint64 `json:"ok"`
	Injected         uint64 `json:"injected"`
	Unexpected       uint64 `json:"unexpected"`
	FailedByPlatform uint64 `json:"failedByPlatform"`
}

// Requests are those that have ended.
type Requests struct {
	Counts
	TransportErrors uint64              `json:"transportErrors"` // the part of FailedByPlatform without any answer
	ByStatus        map[int]uint64      `json:"byStatus"`        // of answers, whoever gave them
	ByVersion       map[string]*Version `json:"byVersion"`       // of answers by the service
	Samples         []Sample            `json:"samples,omitempty"`
}

// Version is what one version of the service answered; none of that is FailedByPlatform.
type Version struct {
	Counts
	Latency Latency `json:"latencySeconds"`
}

// Latency is that of all answers of a version, injected errors included, as the caller saw them; in seconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// WebSockets is the state of the kept-open connections.
type WebSockets struct {
	Wanted             int            `json:"wanted"`
	Open               int            `json:"open"`
	OpenByVersion      map[string]int `json:"openByVersion"`      // connections open now, by the version at the other end
	Messages           uint64         `json:"messages"`           // echoed
	CleanDisconnects   uint64         `json:"cleanDisconnects"`   // close code 1001, then connected at the first attempt
	UncleanDisconnects uint64         `json:"uncleanDisconnects"` // any other end of an open connection
	FailedDials        uint64         `json:"failedDials"`        // attempts to connect that failed
	Samples            []Sample       `json:"samples,omitempty"`
}

// Sample is one failure, kept to be read by people.
type Sample struct {
	Time           time.Time `json:"time"`
	Outcome        string    `json:"outcome"`
	Status         int       `json:"status,omitempty"` // 0 without an answer
	Error          string    `json:"error"`
	Version        string    `json:"version,omitempty"`
	Pod            string    `json:"pod,omitempty"`
	LatencySeconds float64   `json:"latencySeconds"`
	Body           string    `json:"body,omitempty"` // its first bytes
}

// Clean says whether the platform did no harm: no request it failed, no unclean disconnect, no failed dial.
func (s Summary) Clean() bool {
	return s.Requests.FailedByPlatform == 0 && s.WebSockets.UncleanDisconnects == 0 && s.WebSockets.FailedDials == 0
}

// Share is the part of the service's answers, 0 to 1, that version gave; 0 when there are none.
func (s Summary) Share(version string) float64 {
	var all, its uint64
	for name, v := range s.Requests.ByVersion {
		all += v.Total
		if name == version {
			its = v.Total
		}
	}
	if all == 0 {
		return 0
	}
	return float64(its) / float64(all)
}

// Since is what happened after earlier, a summary of the same run: requests are counted by their end. Samples are those after
// earlier, as far as they were kept. Latency quantiles and open connections cannot be subtracted and stay those of s.
func (s Summary) Since(earlier Summary) Summary {
	d := s
	d.ElapsedSeconds -= earlier.ElapsedSeconds
	d.Requests = s.Requests.since(earlier.Requests)
	w, before := &d.WebSockets, earlier.WebSockets
	w.Messages -= before.Messages
	w.CleanDisconnects -= before.CleanDisconnects
	w.UncleanDisconnects -= before.UncleanDisconnects
	w.FailedDials -= before.FailedDials
	w.Samples = w.Samples[min(len(before.Samples), len(w.Samples)):]
	return d
}

func (r Requests) since(earlier Requests) Requests {
	d := r
	d.Counts = r.Counts.since(earlier.Counts)
	d.TransportErrors -= earlier.TransportErrors
	d.ByStatus = map[int]uint64{}
	for status, n := range r.ByStatus {
		if n -= earlier.ByStatus[status]; n > 0 {
			d.ByStatus[status] = n
		}
	}
	d.ByVersion = map[string]*Version{}
	for name, v := range r.ByVersion {
		left := *v
		if before := earlier.ByVersion[name]; before != nil {
			left.Counts = v.Counts.since(before.Counts)
		}
		if left.Total > 0 {
			d.ByVersion[name] = &left
		}
	}
	d.Samples = r.Samples[min(len(earlier.Samples), len(r.Samples)):]
	return d
}

func (c Counts) since(earlier Counts) Counts {
	return Counts{
		Total:            c.Total - earlier.Total,
		OK:               c.OK - earlier.OK,
		Injected:         c.Injected - earlier.Injected,
		Unexpected:       c.Unexpected - earlier.Unexpected,
		FailedByPlatform: c.FailedByPlatform - earlier.FailedByPlatform,
	}
}
