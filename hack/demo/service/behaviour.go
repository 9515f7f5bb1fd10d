package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Behaviour is what a version is like to its callers. All of it can change while the service runs.
//
// As JSON, durations are text with a unit and the error rate is a number:
//
//	{"p50":"25ms","p95":"80ms","latencyFactor":1,"errorRate":0.02,"slowErrors":false,"neverReady":false}
//
// Fields left out of JSON keep the value they had before decoding.
type Behaviour struct {
	// P50 and P95 fix the log-normal distribution of the time an answer takes. Both zero: answers at once.
	P50, P95 time.Duration
	// LatencyFactor multiplies every drawn latency; 1.5 moves all quantiles up by a half. Greater than zero.
	LatencyFactor float64
	// ErrorRate is the share of requests, 0 to 1, answered by 500 with X-Demo-Injected.
	ErrorRate float64
	// SlowErrors makes injected errors take as long as a good answer. Otherwise they answer at once.
	SlowErrors bool
	// NeverReady makes /healthz answer 503. Requests that arrive all the same are served.
	NeverReady bool
}

// DefaultBehaviour is that of the healthy version: a median of 25 ms, a 95th percentile of 80 ms, no errors.
func DefaultBehaviour() Behaviour {
	return Behaviour{P50: 25 * time.Millisecond, P95: 80 * time.Millisecond, LatencyFactor: 1}
}

// Validate names every setting that cannot be met and what to write instead.
func (b Behaviour) Validate() error {
	var problems []error
	if b.P50 < 0 || b.P95 < b.P50 || (b.P50 == 0) != (b.P95 == 0) {
		problems = append(problems, fmt.Errorf(
			"p50 is %v and p95 is %v: write a p95 of at least the p50, both above zero (such as 25ms and 80ms) or both zero", b.P50, b.P95))
	}
	if !(b.LatencyFactor > 0 && b.LatencyFactor <= 1e6) {
		problems = append(problems, fmt.Errorf("latency factor is %v: write a factor greater than 0, such as 1.5", b.LatencyFactor))
	}
	if !(b.ErrorRate >= 0 && b.ErrorRate <= 1) {
		problems = append(problems, fmt.Errorf("error rate is %v: write a share between 0 and 1, such as 0.02", b.ErrorRate))
	}
	return errors.Join(problems...)
}

// behaviourJSON is Behaviour as it is written.
type behaviourJSON struct {
	P50           string  `json:"p50"`
	P95           string  `json:"p95"`
	LatencyFactor float64 `json:"latencyFactor"`
	ErrorRate     float64 `json:"errorRate"`
	SlowErrors    bool    `json:"slowErrors"`
	NeverReady    bool    `json:"neverReady"`
}

// MarshalJSON writes every field.
func (b Behaviour) MarshalJSON() ([]byte, error) { return json.Marshal(b.wire()) }

// UnmarshalJSON changes the fields that data has, and refuses those it does not know. On an error b is unchanged.
func (b *Behaviour) UnmarshalJSON(data []byte) error {
	wire := b.wire()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return err
	}
	p50, err50 := time.ParseDuration(wire.P50)
	if err50 != nil {
		err50 = fmt.Errorf("p50 is %q: write a duration such as \"25ms\"", wire.P50)
	}
	p95, err95 := time.ParseDuration(wire.P95)
	if err95 != nil {
		err95 = fmt.Errorf("p95 is %q: write a duration such as \"80ms\"", wire.P95)
	}
	if err := errors.Join(err50, err95); err != nil {
		return err
	}
	*b = Behaviour{
		P50: p50, P95: p95, LatencyFactor: wire.LatencyFactor,
		ErrorRate: wire.ErrorRate, SlowErrors: wire.SlowErrors, NeverReady: wire.NeverReady,
	}
	return nil
}

func (b Behaviour) wire() behaviourJSON {
	return behaviourJSON{
		P50: b.P50.String(), P95: b.P95.String(), LatencyFactor: b.LatencyFactor,
		ErrorRate: b.ErrorRate, SlowErrors: b.SlowErrors, NeverReady: b.NeverReady,
	}
}
