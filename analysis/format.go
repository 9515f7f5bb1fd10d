package analysis

import (
	"math"
	"strconv"
	"strings"
)

// BaselineText is the baseline's value with its unit, such as 94ms or 0.21%; empty when unknown.
func (r Result) BaselineText() string { return FormatValue(r.Baseline, r.Seconds) }

// CandidateText is the candidate's value with its unit, such as 142ms or 1.8%; empty when unknown.
func (r Result) CandidateText() string { return FormatValue(r.Candidate, r.Seconds) }

// LimitText is what the candidate may not exceed, such as 103ms or 1%; empty when nothing bounds it yet.
func (r Result) LimitText() string { return FormatValue(r.Limit, r.Seconds) }

// DifferenceText is the difference with its interval, such as "+48ms (+26ms to +71ms)" or "+1.6 points (+0.4 to +3.9)";
// empty when there is none.
func (r Result) DifferenceText() string {
	if math.IsNaN(r.Difference) || math.IsNaN(r.Low) || math.IsNaN(r.High) {
		return ""
	}
	return formatIncrease(r.Difference, r.Seconds, true) + " (" + formatSignedRange(r.Low, r.High, r.Seconds) + ")"
}

// FormatValue writes a duration in seconds, or else a fraction, for people: 0.21%, 12.5%, 9.4ms, 93ms, 1.2s. NaN, which
// means unknown, is the empty string.
func FormatValue(v float64, seconds bool) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'f', -1, 64)
	case !seconds:
		return short(v*100, 1) + "%"
	case math.Abs(v) < 0.9995:
		return short(v*1000, 0) + "ms"
	}
	return short(v, 0) + "s"
}

// formatIncrease writes a difference with its sign; of two fractions it is in points (1 point is 0.01).
func formatIncrease(v float64, seconds, unit bool) string {
	sign := ""
	if v >= 0 {
		sign = "+"
	}
	switch {
	case seconds:
		return sign + FormatValue(v, true)
	case unit:
		return sign + short(v*100, 1) + " points"
	}
	return sign + short(v*100, 1)
}

// formatSignedRange writes the bounds of a difference whose unit was just told.
func formatSignedRange(low, high float64, seconds bool) string {
	return bounds(low, high, func(v float64) string { return formatIncrease(v, seconds, false) })
}

func bounds(low, high float64, text func(float64) string) string {
	switch fromLow, toHigh := !math.IsInf(low, 0), !math.IsInf(high, 0); {
	case fromLow && toHigh:
		return text(low) + " to " + text(high)
	case fromLow:
		return text(low) + " or more"
	case toHigh:
		return text(high) + " or less"
	}
	return "anything"
}

// short writes v with two significant digits, or from 10 on with so many decimals; no trailing zeros.
func short(v float64, decimals int) string {
	switch size := math.Abs(v); {
	case size >= 9.95:
	case size >= 0.995:
		decimals = 1
	case size >= 1e-9:
		decimals = 1 - int(math.Floor(math.Log10(size)))
	default:
		return "0"
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
