package trace_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/analysis/trace"
)

const plenty = 1 << 30

// write is a trace of looks.
func write(t *testing.T, h trace.Header, looks []analysis.Look) string {
	t.Helper()
	var text strings.Builder
	w, err := trace.NewWriter(&text, h, plenty)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		if err := w.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// read is all that a trace holds.
func read(in io.Reader) (*trace.Reader, []trace.Look, error) {
	r, err := trace.NewReader(in)
	if err != nil {
		return nil, nil, err
	}
	var looks []trace.Look
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, looks, nil
		}
		if err != nil {
			return r, looks, err
		}
		looks = append(looks, l)
	}
}

// mustRead is read of a trace that is whole.
func mustRead(t *testing.T, text string) (*trace.Reader, []trace.Look) {
	t.Helper()
	r, looks, err := read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r, looks
}

// plain are the looks without how many of them a line holds.
func plain(looks []trace.Look) []analysis.Look {
	var out []analysis.Look
	for _, l := range looks {
		out = append(out, l.Look)
	}
	return out
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		want := anything(random)
		_, got := mustRead(t, write(t, header(), want))
		if diff := cmp.Diff(want, plain(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d (-written +read):\n%s", seed, diff)
		}
	}
}

// anything are looks as no source is known to bring them, but as the format must hold them: sparse and changing buckets, counts in
// fractions, values, pods that come and go or are told twice, gaps in time.
func anything(random *rand.Rand) []analysis.Look {
	names := []string{"", "read-api-6c8d7f9b5d-abcde", "read-api-7b5f8c9d4f-fghij", "read-api-6c8d7f9b5d-", "other", "/", "/read-api-6c8d7f9b5d-abcde", "abcde"}
	at := began
	var looks []analysis.Look
	for range random.IntN(20) {
		at = at.Add(time.Duration(random.IntN(3)) * time.Duration(random.Int64N(1e11)))
		l := analysis.Look{Window: analysis.Window{From: at, To: at.Add(1 + time.Duration(random.Int64N(1e12)))}, Weight: random.Int32N(101)}
		l.Next = l.Weight + random.Int32N(101-l.Weight)
		at = l.Window.To
		for range random.IntN(4) {
			p := analysis.Pod{Name: names[random.IntN(len(names))], Arm: analysis.Arm(random.IntN(2))}
			if random.IntN(3) > 0 {
				p.ReadySince = at.Add(-time.Duration(random.Int64N(1e15)))
			}
			l.Pods = append(l.Pods, p)
		}
		for range random.IntN(8) {
			o := analysis.Observation{
				Metric: []string{"errors", "latency"}[random.IntN(2)], Arm: analysis.Arm(random.IntN(2)), Pod: names[random.IntN(len(names))], Window: l.Window,
				Requests: number(random), Errors: number(random), Latency: histogram(random),
			}
			if random.IntN(4) == 0 {
				value := random.NormFloat64()
				o.Value = &value
			}
			l.Observations = append(l.Observations, o)
		}
		looks = append(looks, l)
	}
	return looks
}

// number is a count, whole or not, small or large.
func number(random *rand.Rand) float64 {
	switch random.IntN(6) {
	case 0:
		return 0
	case 1:
		return random.Float64() * 1000
	case 2:
		return math.Trunc(random.Float64() * 1e15)
	case 3:
		return random.Float64() / 1e6
	}
	return float64(random.IntN(2000))
}

func histogram(random *rand.Rand) analysis.Histogram {
	var h analysis.Histogram
	lower := float64(random.IntN(2)) * random.Float64()
	for range random.IntN(6) {
		upper := lower + random.Float64()
		if random.IntN(9) == 0 {
			upper = math.Inf(1)
		}
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: number(random)})
		if math.IsInf(upper, 1) {
			break
		}
		if lower = upper; random.IntN(3) == 0 {
			lower += random.Float64()
		}
	}
	return h
}

func TestEveryFieldOfTheHeaderSurvives(t *testing.T) {
	var want trace.Header
	n := int64(0)
	fill(reflect.ValueOf(&want).Elem(), &n)
	want.Policy.Criteria[0].Worse = analysis.Lower
	r, _ := mustRead(t, write(t, want, nil))
	if diff := cmp.Diff(want, r.Header()); diff != "" {
		t.Errorf("header (-written +read):\n%s", diff)
	}
}

// fill sets every field to something of its own, so that one that is forgotten is found.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(began.Add(time.Duration(*n) * time.Second)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.String:
		v.SetString(strings.Repeat("w", int(*n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint8:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 64)
	default:
		panic("no value for a " + v.Kind().String())
	}
}

func TestTheEngineSaysTheSameOfATrace(t *testing.T) {
	for name, factor := range map[string]float64{"a good release": 1, "one with ten times the errors": 10} {
		t.Run(name, func(t *testing.T) {
			looks := traffic(rand.New(rand.NewPCG(3, 4)), 100, factor)
			r, traced := mustRead(t, write(t, header(), looks))
			seen, replayed := engine.New(header().Policy), engine.New(r.Header().Policy)
			for i := range looks {
				want, got := seen.Look(looks[i]), replayed.Look(traced[i].Look)
				if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("look %d (-seen +replayed):\n%s", i, diff)
				}
			}
		})
	}
}

func TestWhatALineCutOutCountedArrivesWithTheNext(t *testing.T) {
	looks := traffic(rand.New(rand.NewPCG(1, 1)), 100, 1)[119:122]
	lines := strings.SplitAfter(write(t, header(), looks), "\n")
	lines = append(lines[:len(lines)-3], lines[len(lines)-2]) // all but the last but one
	_, got := mustRead(t, strings.Join(lines, ""))
	sum := func(all []analysis.Observation) (n float64) {
		for _, o := range all {
			n += o.Requests + o.Errors + o.Latency.Total()
		}
		return n
	}
	if want, read := sum(looks[1].Observations)+sum(looks[2].Observations), sum(got[1].Observations); len(got) != 2 || read != want {
		t.Errorf("%d looks; the last counts %v, want the %v of both", len(got), read, want)
	}
}

func TestAFullTraceSaysSoInItsLastLine(t *testing.T) {
	looks := traffic(rand.New(rand.NewPCG(1, 1)), 100, 1)
	var text bytes.Buffer
	const limit = 100_000
	w, err := trace.NewWriter(&text, header(), limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		if err := w.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(trace.End{At: began, Outcome: trace.Promoted}); err != nil {
		t.Fatal(err)
	}
	if !w.Full() || text.Len() > limit || text.Len() < limit-20_000 {
		t.Errorf("full: %t, %d bytes of %d", w.Full(), text.Len(), limit)
	}
	r, got := mustRead(t, text.String())
	if diff := cmp.Diff(looks[:len(got)], plain(got)); diff != "" {
		t.Errorf("what had room is not what was written:\n%s", diff)
	}
	if e := r.End(); e == nil || e.Outcome != trace.Full || !e.At.Equal(looks[len(got)].Window.From) {
		t.Errorf("the end is %+v, want Full at the first look that had no room", e)
	}
}

func TestTheEndIsTold(t *testing.T) {
	var text strings.Builder
	w, err := trace.NewWriter(&text, header(), plenty)
	if err != nil {
		t.Fatal(err)
	}
	end := trace.End{At: began, Outcome: trace.RolledBack, Message: strings.Repeat("\x01é", 400)}
	if err := w.End(end); err != nil {
		t.Fatal(err)
	}
	r, _ := mustRead(t, text.String())
	if got := r.End(); got == nil || got.Outcome != end.Outcome || !got.At.Equal(end.At) || !strings.HasSuffix(got.Message, "é...") || len(got.Message) > 310 {
		t.Errorf("the end is %+v", got)
	}
	if err := w.Look(analysis.Look{}); err == nil {
		t.Error("a look after the end was taken")
	}
	if r, _ := mustRead(t, write(t, header(), nil)); r.End() != nil {
		t.Errorf("a trace that was cut short has an end: %+v", r.End())
	}
}

// broken takes a number of bytes, and no more.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestAfterAFailureNothingIsWritten(t *testing.T) {
	out := &broken{left: 2000}
	w, err := trace.NewWriter(out, header(), plenty)
	if err != nil {
		t.Fatal(err)
	}
	looks := traffic(rand.New(rand.NewPCG(1, 1)), 100, 1)
	if err := w.Look(looks[0]); err == nil {
		t.Fatal("the failure was not told")
	}
	out.left = plenty
	if w.Look(looks[1]) == nil || w.End(trace.End{At: began, Outcome: trace.Left}) == nil || out.left != plenty {
		t.Error("something was written after a line that may be half there")
	}
}

func TestALookThatNoSourceMayBringLeavesNoTrace(t *testing.T) {
	good := traffic(rand.New(rand.NewPCG(1, 1)), 100, 1)[0]
	for want, spoil := range map[string]func(*analysis.Look){
		"to: ":                   func(l *analysis.Look) { l.Window.To = l.Window.From },
		"weight: ":               func(l *analysis.Look) { l.Weight = 101 },
		"next: ":                 func(l *analysis.Look) { l.Next = -1 },
		"pods[1]: ":              func(l *analysis.Look) { l.Pods[1].Arm = 2 },
		"counts[0].arm: ":        func(l *analysis.Look) { l.Observations[0].Arm = 2 },
		"counts[0].requests: ":   func(l *analysis.Look) { l.Observations[0].Requests = math.NaN() },
		"counts[2].errors: ":     func(l *analysis.Look) { l.Observations[2].Errors = -1 },
		"counts[2].requests: 1e": func(l *analysis.Look) { l.Observations[2].Requests = 1e-300 },
		"counts[1].buckets: ":    func(l *analysis.Look) { l.Observations[1].Latency[3].Upper = 0 },
		"counts[1].buckets[3]: ": func(l *analysis.Look) { l.Observations[1].Latency[3].Count = 1e16 },
		"counts[1].value: ":      func(l *analysis.Look) { v := math.Inf(1); l.Observations[1].Value = &v },
	} {
		var text strings.Builder
		w, err := trace.NewWriter(&text, header(), plenty)
		if err != nil {
			t.Fatal(err)
		}
		bad := traffic(rand.New(rand.NewPCG(1, 1)), 100, 1)[0]
		spoil(&bad)
		if err := w.Look(bad); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want one that begins with %q", err, want)
		}
		if err := w.Look(good); err != nil {
			t.Errorf("the next look was refused: %v", err)
		}
		if _, got := mustRead(t, text.String()); len(got) != 1 {
			t.Errorf("%d looks, want only the good one", len(got))
		}
	}
}

func TestALimitThatLeavesNoRoomIsRefused(t *testing.T) {
	if _, err := trace.NewWriter(io.Discard, header(), 1000); !errors.Is(err, trace.ErrLimit) {
		t.Errorf("error is %v", err)
	}
}
