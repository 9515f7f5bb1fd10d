package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/serin-dev/serin/analysis"
)

const (
	// exposed is the histogram that is read: of the two that the demo service exposes, the one with the finer boundaries. statusLabel is
	// its label with the status code.
	exposed, statusLabel = "http_request_duration_seconds", "code"
	// mostExposed bounds what is read of a pod.
	mostExposed = 4 << 20
)

// reading is what a pod has counted since it started: its durations by status code.
type reading map[string]analysis.Histogram

// since is what was counted after an earlier reading. Counters that fell began anew.
func (r reading) since(before reading) reading {
	out := reading{}
	for code, now := range r {
		out[code] = grown(before[code], now)
	}
	return out
}

func grown(before, now analysis.Histogram) analysis.Histogram {
	if len(before) != len(now) {
		return now
	}
	out := make(analysis.Histogram, len(now))
	for i, b := range now {
		if b.Count < before[i].Count || b.Upper != before[i].Upper {
			return now
		}
		out[i] = analysis.Bucket{Lower: b.Lower, Upper: b.Upper, Count: b.Count - before[i].Count}
	}
	return out
}

// read asks a pod.
func read(ctx context.Context, by *http.Client, url string) (reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	response, err := by.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", url, response.Status)
	}
	r, err := parse(io.LimitReader(response.Body, mostExposed), expfmt.ResponseFormat(response.Header))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return r, nil
}

func parse(text io.Reader, format expfmt.Format) (reading, error) {
	out, decoder := reading{}, expfmt.NewDecoder(text, format)
	for {
		var family dto.MetricFamily
		switch err := decoder.Decode(&family); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case family.GetName() != exposed:
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == statusLabel {
					code := label.GetValue()
					out[code] = out[code].Merge(durations(m.GetHistogram()))
				}
			}
		}
	}
}

// durations are the counts between the boundaries of a histogram, which come as counts up to each.
func durations(h *dto.Histogram) analysis.Histogram {
	var out analysis.Histogram
	lower, below := 0.0, uint64(0)
	for _, b := range h.GetBucket() {
		if math.IsInf(b.GetUpperBound(), 1) {
			continue // the count of all says the same
		}
		out = append(out, analysis.Bucket{Lower: lower, Upper: b.GetUpperBound(), Count: float64(b.GetCumulativeCount() - below)})
		lower, below = b.GetUpperBound(), b.GetCumulativeCount()
	}
	return append(out, analysis.Bucket{Lower: lower, Upper: math.Inf(1), Count: float64(h.GetSampleCount() - below)})
}
