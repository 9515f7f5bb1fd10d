package analysis

import (
	"math"
	"testing"
)

func TestValuesAreWrittenForPeople(t *testing.T) {
	for _, test := range []struct {
		value float64
		unit  Unit
		want  string
	}{
		{0.0021, Fraction, "0.21%"},
		{0.5, Fraction, "50%"},
		{0.125, Fraction, "12.5%"},
		{0.02, Fraction, "2%"},
		{0.00001234, Fraction, "0.0012%"},
		{0, Fraction, "0%"},
		{1, Fraction, "100%"},
		{0.093, Seconds, "93ms"},
		{0.1424, Seconds, "142ms"},
		{0.0094, Seconds, "9.4ms"},
		{0.00042, Seconds, "0.42ms"},
		{0.99949, Seconds, "999ms"},
		{0.9996, Seconds, "1s"},
		{1.23, Seconds, "1.2s"},
		{75.4, Seconds, "75s"},
		{-0.0031, Seconds, "-3.1ms"},
		{0, Seconds, "0ms"},
		{0.95314, Number, "0.9531"},
		{0.5, Number, "0.5"},
		{0, Number, "0"},
		{-12.3456, Number, "-12.35"},
		{999.96, Number, "1,000"},
		{12345.4, Number, "12,345"},
		{-123456, Number, "-123,456"},
		{-1234567, Number, "-1,234,567"},
		{0.00012345, Number, "0.0001234"},
		{1.5e-9, Number, "1.5e-09"},
		{1.23456e15, Number, "1.235e+15"},
		{math.NaN(), Number, ""},
		{math.NaN(), Seconds, ""},
		{math.Inf(1), Seconds, "+Inf"},
	} {
		if got := FormatValue(test.value, test.unit); got != test.want {
			t.Errorf("%v is written %q, want %q", test.value, got, test.want)
		}
	}
}

func TestDifferencesAreWrittenForPeople(t *testing.T) {
	for want, r := range map[string]Result{
		"+48ms (+26ms to +71ms)":     {Difference: 0.048, Low: 0.026, High: 0.071, Unit: Seconds},
		"-3.1ms (-8ms to +2ms)":      {Difference: -0.0031, Low: -0.008, High: 0.002, Unit: Seconds},
		"+1.6 points (+0.4 to +3.9)": {Difference: 0.016, Low: 0.004, High: 0.039},
		"+48ms (+26ms or more)":      {Difference: 0.048, Low: 0.026, High: math.Inf(1), Unit: Seconds},
		"+48ms (+90ms or less)":      {Difference: 0.048, Low: math.Inf(-1), High: 0.09, Unit: Seconds},
		"+48ms (anything)":           {Difference: 0.048, Low: math.Inf(-1), High: math.Inf(1), Unit: Seconds},
		"+1,200 (+310 to +2,090)":    {Difference: 1200, Low: 310, High: 2090, Unit: Number},
		"-0.1 (-0.12 to -0.08)":      {Difference: -0.1, Low: -0.12, High: -0.08, Unit: Number},
		"":                           {Difference: math.NaN(), Low: 1, High: 2},
	} {
		if got := r.DifferenceText(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
