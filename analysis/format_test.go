package analysis

import (
	"math"
	"testing"
)

func TestValuesAreWrittenForPeople(t *testing.T) {
	for _, test := range []struct {
		value   float64
		seconds bool
		want    string
	}{
		{0.0021, false, "0.21%"},
		{0.5, false, "50%"},
		{0.125, false, "12.5%"},
		{0.02, false, "2%"},
		{0.00001234, false, "0.0012%"},
		{0, false, "0%"},
		{1, false, "100%"},
		{0.093, true, "93ms"},
		{0.1424, true, "142ms"},
		{0.0094, true, "9.4ms"},
		{0.00042, true, "0.42ms"},
		{0.99949, true, "999ms"},
		{0.9996, true, "1s"},
		{1.23, true, "1.2s"},
		{75.4, true, "75s"},
		{-0.0031, true, "-3.1ms"},
		{0, true, "0ms"},
		{math.NaN(), true, ""},
		{math.Inf(1), true, "+Inf"},
	} {
		if got := FormatValue(test.value, test.seconds); got != test.want {
			t.Errorf("%v is written %q, want %q", test.value, got, test.want)
		}
	}
}

func TestDifferencesAreWrittenForPeople(t *testing.T) {
	for want, r := range map[string]Result{
		"+48ms (+26ms to +71ms)":     {Difference: 0.048, Low: 0.026, High: 0.071, Seconds: true},
		"-3.1ms (-8ms to +2ms)":      {Difference: -0.0031, Low: -0.008, High: 0.002, Seconds: true},
		"+1.6 points (+0.4 to +3.9)": {Difference: 0.016, Low: 0.004, High: 0.039},
		"+48ms (+26ms or more)":      {Difference: 0.048, Low: 0.026, High: math.Inf(1), Seconds: true},
		"+48ms (+90ms or less)":      {Difference: 0.048, Low: math.Inf(-1), High: 0.09, Seconds: true},
		"+48ms (anything)":           {Difference: 0.048, Low: math.Inf(-1), High: math.Inf(1), Seconds: true},
		"":                           {Difference: math.NaN(), Low: 1, High: 2},
	} {
		if got := r.DifferenceText(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
