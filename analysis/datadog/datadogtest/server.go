// Package datadogtest is a stand-in for Datadog: a handler that speaks the wire format documented for
// POST /api/v2/query/timeseries, as far as Serin uses it. It is not Datadog: what could only be read about is listed in
// docs/datadog.md.
package datadogtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// Store is what the backend took in. It may be asked concurrently.
type Store interface {
	// Between are the points of every series of a metric, added up over the time that begins with from and ends before to. A series
	// without a point in that time is left out.
	Between(metric string, from, to time.Time) []Series
}

// Series is what was sent with one set of tags.
type Series struct {
	Tags map[string]string
	// Count is the sum of a count's points; Durations, in seconds, are those of a distribution.
	Count     float64
	Durations analysis.Histogram
}

// Fault is a way in which the backend fails.
type Fault int

// The faults.
const (
	Healthy   Fault = iota
	Throttled       // 429 to everything, with the headers of a rate limit that is used up
	Broken          // 500
	Forbidden       // 403, as for a key without the scope
	Slow            // no answer until the client is gone
	Nonsense        // an answer of another kind
	Empty           // no series
)

// mostBody bounds a request.
const mostBody = 4 << 20

// Server is the stand-in. Its fields are set before it is used.
type Server struct {
	Store Store
	// APIKey and AppKey are what a request has to carry; empty accepts any, but not none.
	APIKey, AppKey string
	// Limit requests are answered in each Period, which is aligned to the calendar; 0 is no limit.
	Limit  int
	Period time.Duration
	// Late is how long after its end a bucket has points.
	Late time.Duration
	// Now is the clock; nil is the system's.
	Now func() time.Time

	mu      sync.Mutex
	fault   Fault
	used    int
	begun   time.Time
	asked   int
	refused int
}

// Fail sets how it fails from now on; Healthy ends it.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests are how many came, and how many of them the rate limit refused.
func (s *Server) Requests() (all, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.refused
}

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	if s.Now != nil {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	}
	fault, admitted := s.admit(w.Header(), now)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/api/v2/query/timeseries":
		refuse(w, http.StatusNotFound, "Not Found")
	case r.Header.Get("Dd-Api-Key") == "" || r.Header.Get("Dd-Application-Key") == "":
		refuse(w, http.StatusUnauthorized, "Unauthorized")
	case s.APIKey != "" && r.Header.Get("Dd-Api-Key") != s.APIKey, s.AppKey != "" && r.Header.Get("Dd-Application-Key") != s.AppKey, fault == Forbidden:
		refuse(w, http.StatusForbidden, "Forbidden")
	case !admitted || fault == Throttled:
		refuse(w, http.StatusTooManyRequests, "Rate limit of "+strconv.Itoa(s.Limit)+" requests in "+s.Period.String()+" reached. Please try again later.")
	case fault == Broken:
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	case fault == Slow:
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, mostBody)) // a connection is only watched once its request was read
		<-r.Context().Done()
	case fault == Nonsense:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Sign in</body></html>")
	default:
		s.answer(w, r, now, fault == Empty)
	}
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// admit counts a request against the limit, and tells in the headers what is left of it.
func (s *Server) admit(h http.Header, now time.Time) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.Limit <= 0 {
		return s.fault, true
	}
	if begun := now.Truncate(s.Period); !begun.Equal(s.begun) {
		s.begun, s.used = begun, 0
	}
	admitted := s.used < s.Limit && s.fault != Throttled
	if admitted {
		s.used++
	} else {
		s.refused++
	}
	left := s.Limit - s.used
	if s.fault == Throttled {
		left = 0
	}
	h.Set("X-Ratelimit-Limit", strconv.Itoa(s.Limit))
	h.Set("X-Ratelimit-Period", strconv.Itoa(int(s.Period/time.Second)))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(left))
	h.Set("X-Ratelimit-Reset", strconv.Itoa(int((s.begun.Add(s.Period).Sub(now)+time.Second-1)/time.Second)))
	h.Set("X-Ratelimit-Name", "query_timeseries_public")
	return s.fault, admitted
}

// refuse writes errors as the API does.
func refuse(w http.ResponseWriter, code int, why string) {
	body, _ := json.Marshal(map[string][]string{"errors": {why}})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// answer reads the request with the client library's own models, and refuses what they don't know.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, now time.Time, empty bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		return // the client is gone
	}
	var q datadogV2.TimeseriesFormulaQueryRequest
	if err := json.Unmarshal(body, &q); err != nil {
		refuse(w, http.StatusBadRequest, "Invalid request body: "+err.Error())
		return
	}
	attributes, err := s.evaluate(&q, now, empty)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	kind := datadogV2.TIMESERIESFORMULARESPONSETYPE_TIMESERIES_RESPONSE
	response, err := json.Marshal(datadogV2.TimeseriesFormulaQueryResponse{Data: &datadogV2.TimeseriesResponse{Type: &kind, Attributes: attributes}})
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(response)
}

// problem says what is wrong with the shape of a request; empty when nothing is.
func problem(q *datadogV2.TimeseriesFormulaQueryRequest) string {
	a := q.Data.Attributes
	switch {
	case q.UnparsedObject != nil || q.Data.UnparsedObject != nil || a.UnparsedObject != nil || len(q.AdditionalProperties)+len(a.AdditionalProperties) > 0:
		return "the body is not one of a timeseries request"
	case q.Data.Type != datadogV2.TIMESERIESFORMULAREQUESTTYPE_TIMESERIES_REQUEST:
		return "the type has to be timeseries_request"
	case a.Interval == nil || *a.Interval < 1000 || *a.Interval%1000 != 0:
		return "an interval in milliseconds is needed"
	case a.From >= a.To:
		return "from has to be before to"
	case len(a.Queries) == 0 || len(a.Formulas) == 0:
		return "queries and formulas are needed"
	case (a.To-a.From)/(*a.Interval) > 1500:
		return "more than 1500 points"
	}
	for _, f := range a.Formulas {
		if strings.ContainsAny(f.Formula, "+-*/ (") {
			return "this stand-in knows only formulas that name a query"
		}
	}
	return ""
}
