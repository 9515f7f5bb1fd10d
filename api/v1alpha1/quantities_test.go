package v1alpha1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestParsePercent(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "0.1%": 0.001, "1%": 0.01, "25%": 0.25, "99.99%": 0.9999, "100%": 1, "1000%": 10, "0.0025%": 0.000025} {
		if got, err := v1alpha1.ParsePercent(text); err != nil || got != want {
			t.Errorf("ParsePercent(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"1", "%", "-1%", "1 %", " 1%", "1,5%", ".5%", "1.%", "1e2%", "NaN%", "0x1%", "12345%", "1%%", "1%\n"} {
		if got, err := v1alpha1.ParsePercent(text); err == nil || !strings.Contains(err.Error(), "such as 0.1%") {
			t.Errorf("ParsePercent(%q) = %v, %v; want advice", text, got, err)
		}
	}
}

func TestParseLatency(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "5ms": 5 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "250us": 250 * time.Microsecond, "2m": 2 * time.Minute} {
		if got, err := v1alpha1.ParseLatency(text); err != nil || got != want {
			t.Errorf("ParseLatency(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"5", "ms", "-5ms", "5 ms", "5%", "1h", "1m30s", "1e3ms", "5MS", "5ms\n"} {
		if got, err := v1alpha1.ParseLatency(text); err == nil || !strings.Contains(err.Error(), "such as 500ms or 1.5s") {
			t.Errorf("ParseLatency(%q) = %v, %v; want advice", text, got, err)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "10000": 10000, "0.95": 0.95, "0": 0, "007": 7, "999999999999999.999999999": 1e15} {
		if got, err := v1alpha1.ParseNumber(text); err != nil || got != want {
			t.Errorf("ParseNumber(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"10k", "5%", "5ms", "-5", "+5", " 5", "5\n", "1e3", ".5", "5.", "NaN", "Inf", "0x10", "1_000", "1,000", "1234567890123456"} {
		if got, err := v1alpha1.ParseNumber(text); err == nil || !strings.Contains(err.Error(), "such as 10000 or 0.95") {
			t.Errorf("ParseNumber(%q) = %v, %v; want advice", text, got, err)
		}
	}
}

func TestParseQuantile(t *testing.T) {
	for text, want := range map[string]float64{"": 0.95, "p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99} {
		if got, err := v1alpha1.ParseQuantile(text); err != nil || got != want {
			t.Errorf("ParseQuantile(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"p999", "95", "P95", "0.95"} {
		if got, err := v1alpha1.ParseQuantile(text); err == nil {
			t.Errorf("ParseQuantile(%q) = %v; want advice", text, got)
		}
	}
}

// FuzzQuantities wants that nothing but what the schema accepts is read, and never a negative number.
func FuzzQuantities(f *testing.F) {
	for _, seed := range []string{"0.1%", "5ms", "1e9%", "-1s", "", "9999.9999%", "999999999.999m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if percent, err := v1alpha1.ParsePercent(text); err == nil && (percent < 0 || percent > 100) {
			t.Errorf("ParsePercent(%q) = %v", text, percent)
		}
		if number, err := v1alpha1.ParseNumber(text); err == nil && (number < 0 || number > 1e15) {
			t.Errorf("ParseNumber(%q) = %v", text, number)
		}
		if latency, err := v1alpha1.ParseLatency(text); err == nil && latency < 0 {
			t.Errorf("ParseLatency(%q) = %v", text, latency)
		}
	})
}

func TestParseVerb(t *testing.T) {
	for value, want := range map[string]string{"6d4cf56db6": "6d4cf56db6", "6d4cf56db6@2026-11-22": "6d4cf56db6", "6d4cf56db6@": "6d4cf56db6", "a@b@c": "a"} {
		if got, ok := v1alpha1.ParseVerb(value); !ok || got != want {
			t.Errorf("ParseVerb(%q) = %q, %t; want %q", value, got, ok, want)
		}
	}
	for _, value := range []string{"", "@", "@again", strings.Repeat("a", v1alpha1.MaxVerbValue+1)} {
		if got, ok := v1alpha1.ParseVerb(value); ok {
			t.Errorf("ParseVerb(%q) = %q; want that it names no revision", value, got)
		}
	}
}
