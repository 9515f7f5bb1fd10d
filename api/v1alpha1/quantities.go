package v1alpha1

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The spellings that the schema accepts.
var (
	percentPattern = regexp.MustCompile(`^[0-9]{1,4}([.][0-9]{1,4})?%$`)
	numberPattern  = regexp.MustCompile(`^[0-9]{1,15}([.][0-9]{1,9})?$`)
	latencyPattern = regexp.MustCompile(`^[0-9]{1,9}([.][0-9]{1,3})?(us|ms|s|m)$`)
)

// ParsePercent reads a percentage such as "0.1%" as a fraction, 0.001. An empty string is 0: nothing was written.
func ParsePercent(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	if !percentPattern.MatchString(s) {
		return 0, fmt.Errorf("%q is no percentage: write a number and %%, such as 0.1%%", s)
	}
	// The decimal point moves in the text, so that the fraction is rounded once: 99.99% is 0.9999.
	fraction, err := strconv.ParseFloat(strings.TrimSuffix(s, "%")+"e-2", 64)
	if err != nil {
		return 0, fmt.Errorf("reading the percentage %q: %w", s, err)
	}
	return fraction, nil
}

// ParseLatency reads a latency such as "500ms" or "1.5s". An empty string is 0: nothing was written.
func ParseLatency(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if !latencyPattern.MatchString(s) {
		return 0, fmt.Errorf("%q is no latency: write a number and its unit, such as 500ms or 1.5s", s)
	}
	latency, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("reading the latency %q: %w", s, err)
	}
	return latency, nil
}

// ParseNumber reads a number without a unit, such as "10000" or "0.95". An empty string is 0: nothing was written.
func ParseNumber(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	if !numberPattern.MatchString(s) {
		return 0, fmt.Errorf("%q is no number without a unit: write one such as 10000 or 0.95", s)
	}
	number, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the number %q: %w", s, err)
	}
	return number, nil
}

// ParseQuantile reads one of p50, p90, p95 and p99 as a fraction. An empty string is the default, p95.
func ParseQuantile(s string) (float64, error) {
	switch s {
	case "p50":
		return 0.50, nil
	case "p90":
		return 0.90, nil
	case "", DefaultQuantile:
		return 0.95, nil
	case "p99":
		return 0.99, nil
	default:
		return 0, fmt.Errorf("%q is no quantile: write p50, p90, p95 or p99", s)
	}
}
