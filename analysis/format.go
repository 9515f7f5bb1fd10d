package analysis

import (
	"math"
	"strconv"
	"strings"
)

// BaselineText is the baseline's value with its unit, such as 94ms or 0.21%; empty when unknown.
func (r Result) BaselineText() string { return FormatValue(r.Baseline, r.Unit) }

// CandidateText is the candidate's value with its unit, such as 142ms or 1.8%; empty when unknown.
func (r Result) CandidateText() string { return FormatValue(r.Candidate, r.Unit) }

// LimitText is what the candidate may not exceed (or fall below), such as 103ms or 1%; empty when nothing bounds it yet.
func (r Result) LimitText() string { return FormatValue(r.Limit, r.Unit) }

// DifferenceText is the difference with its interval, such as "+48ms (+26ms to +71ms)", "+1.6 points (+0.4 to +3.9)" or "+1,200 (+310 to
// +2,090)";
// empty when there is none.
func (r Result) DifferenceText() string {
	if math.IsNaN(r.Difference) || math.IsNaN(r.Low) || math.IsNaN(r.High) {
		return ""
	}
	return formatIncrease(r.Difference, r.Unit, true) + " (" + formatSignedRange(r.Low, r.High, r.Unit) + ")"
}

// FormatValue writes a value for people: 0.21%, 12.5%, 9.4ms, 93ms, 1.2s, 0.9531, 12,345. NaN, which means unknown, is the
// empty string.
func FormatValue(v float64, unit Unit) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'f', -1, 64)
	case unit == Number:
		return number(v)
	case unit == Fraction:
		return short(v*100, 1) + "%"
	case math.Abs(v) < 0.9995:
		return short(v*1000, 0) + "ms"
	}
	return short(v, 0) + "s"
}

// formatIncrease writes a difference with its sign; of two fractions it is in points (1 point is 0.01).
func formatIncrease(v float64, unit Unit, named bool) string {
	sign := ""
	if v >= 0 {
		sign = "+"
	}
	switch {
	case unit != Fraction:
		return sign + FormatValue(v, unit)
	case named:
		return sign + short(v*100, 1) + " points"
	}
	return sign + short(v*100, 1)
}

// formatSignedRange writes the bounds of a difference whose unit was just told.
func formatSignedRange(low, high float64, unit Unit) string {
	return bounds(low, high, func(v float64) string { return formatIncrease(v, unit, false) })
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

// number writes v with four significant digits, or from 1,000 on as a whole one, and without zeros at the end. What is too small or too
// large to be read gets an exponent.
func number(v float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	size := math.Abs(rounded)
	switch {
	case size == 0:
		return "0"
	case size < 1e-6 || size >= 1e12:
		return strconv.FormatFloat(rounded, 'g', -1, 64)
	case size < 1000:
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
