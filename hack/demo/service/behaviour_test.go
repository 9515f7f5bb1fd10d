package service_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/hack/demo/service"
)

func TestBehaviourJSONRoundTrip(t *testing.T) {
	want := service.Behaviour{
		P50: 1500 * time.Microsecond, P95: 2 * time.Second, LatencyFactor: 1.25, ErrorRate: 0.125, SlowErrors: true, NeverReady: true,
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const wantText = `{"p50":"1.5ms","p95":"2s","latencyFactor":1.25,"errorRate":0.125,"slowErrors":true,"neverReady":true}`
	if string(text) != wantText {
		t.Errorf("wrote %s, want %s", text, wantText)
	}
	var got service.Behaviour
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}

func TestBehaviourJSONKeepsWhatIsLeftOut(t *testing.T) {
	got, want := service.DefaultBehaviour(), service.DefaultBehaviour()
	want.ErrorRate = 0.5
	if err := json.Unmarshal([]byte(`{"errorRate":0.5}`), &got); err != nil || got != want {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}

func TestBehaviourJSONRefuses(t *testing.T) {
	for text, says := range map[string]string{
		`{"p99":"1s"}`:            `unknown field "p99"`,
		`{"p50":"fast"}`:          `p50 is "fast": write a duration`,
		`{"p95":"80"}`:            `p95 is "80": write a duration`,
		`{"errorRate":"2 of 3"}`:  "errorRate",
		`[]`:                      "array",
		`{"p50":"x","p95":"80"} `: `p95 is "80"`,
	} {
		got := service.DefaultBehaviour()
		err := json.Unmarshal([]byte(text), &got)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", text, err, says)
		}
		if got != service.DefaultBehaviour() {
			t.Errorf("%s: changed to %+v all the same", text, got)
		}
	}
}

func TestBehaviourValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*service.Behaviour)
		says   string // empty: valid
	}{
		"default":            {func(*service.Behaviour) {}, ""},
		"answers at once":    {func(b *service.Behaviour) { b.P50, b.P95 = 0, 0 }, ""},
		"no spread":          {func(b *service.Behaviour) { b.P50 = b.P95 }, ""},
		"all errors":         {func(b *service.Behaviour) { b.ErrorRate = 1 }, ""},
		"negative p50":       {func(b *service.Behaviour) { b.P50 = -1 }, "write a p95"},
		"error rate above 1": {func(b *service.Behaviour) { b.ErrorRate = 1.01 }, "write a share"},
		"negative factor":    {func(b *service.Behaviour) { b.LatencyFactor = -1 }, "write a factor"},
	} {
		t.Run(name, func(t *testing.T) {
			b := service.DefaultBehaviour()
			tc.change(&b)
			err := b.Validate()
			if tc.says == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v, want one that says %q", err, tc.says)
			}
		})
	}
}
