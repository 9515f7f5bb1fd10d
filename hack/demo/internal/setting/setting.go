// Package setting holds the flag values of the demo's commands. Each of them refuses what it cannot read with a sentence that
// says what to write, and every flag can be set through the environment as well.
package setting

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is a flag.Value for any type that has a parser, a formatter and a hint.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	format func(T) string
	hint   string
	toggle bool
}

// String is what the usage text shows as the default.
func (v value[T]) String() string {
	if v.target == nil {
		return ""
	}
	return v.format(*v.target)
}

// Set reads s, or says what to write instead.
func (v value[T]) Set(s string) error {
	parsed, err := v.parse(strings.TrimSpace(s))
	if err != nil {
		return errors.New("write " + v.hint)
	}
	*v.target = parsed
	return nil
}

// IsBoolFlag lets a switch be given without a value, as flag.BoolVar does.
func (v value[T]) IsBoolFlag() bool { return v.toggle }

// Text takes any text.
func Text(target *string) flag.Value {
	return value[string]{
		target: target,
		parse:  func(s string) (string, error) { return s, nil },
		format: func(s string) string { return s },
	}
}

// Choice takes one of a few words.
func Choice[T ~string](target *T, words ...T) flag.Value {
	hint := string(words[0])
	for _, w := range words[1:] {
		hint += " or " + string(w)
	}
	return value[T]{
		target: target,
		parse: func(s string) (T, error) {
			if !slices.Contains(words, T(s)) {
				return "", errors.New("none of them")
			}
			return T(s), nil
		},
		format: func(t T) string { return string(t) },
		hint:   hint,
	}
}

// Duration takes a length of time of zero or more, with its unit.
func Duration(target *time.Duration) flag.Value {
	return value[time.Duration]{
		target: target,
		parse:  parseDuration,
		format: time.Duration.String,
		hint:   "a duration of zero or more with its unit, such as 80ms or 3s",
	}
}

// Fraction takes a share between 0 and 1, or the same in percent.
func Fraction(target *float64) flag.Value {
	return value[float64]{
		target: target,
		parse:  parseFraction,
		format: func(f float64) string { return strconv.FormatFloat(f*100, 'g', 6, 64) + "%" },
		hint:   "a share between 0 and 1, or in percent, such as 0.02 or 2%",
	}
}

// Factor takes a multiplier greater than zero.
func Factor(target *float64) flag.Value {
	return value[float64]{
		target: target,
		parse:  parseFactor,
		format: func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) },
		hint:   "a factor greater than 0, such as 1.5",
	}
}

// Count takes a whole number of zero or more.
func Count(target *int) flag.Value {
	return value[int]{
		target: target,
		parse:  parseCount,
		format: strconv.Itoa,
		hint:   "a whole number of zero or more, such as 64",
	}
}

// Seed takes any unsigned 64-bit number.
func Seed(target *uint64) flag.Value {
	return value[uint64]{
		target: target,
		parse:  func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) },
		format: func(n uint64) string { return strconv.FormatUint(n, 10) },
		hint:   "a whole number of zero or more, such as 42",
	}
}

// Switch takes true or false, and true when the flag stands alone.
func Switch(target *bool) flag.Value {
	return value[bool]{
		target: target,
		parse:  strconv.ParseBool,
		format: strconv.FormatBool,
		hint:   "true or false",
		toggle: true,
	}
}

// FromEnvironment sets each flag of fs whose variable exists and is not empty. Call it before fs.Parse, so that a flag on the
// command line wins. Every variable that cannot be read is named in the error.
func FromEnvironment(fs *flag.FlagSet, variable func(flagName string) string, lookup func(string) (string, bool)) error {
	var problems []error
	fs.VisitAll(func(f *flag.Flag) {
		name := variable(f.Name)
		text, ok := lookup(name)
		if !ok || text == "" {
			return
		}
		if err := f.Value.Set(text); err != nil {
			problems = append(problems, fmt.Errorf("environment variable %s=%q: %w", name, text, err))
		}
	})
	return errors.Join(problems...)
}

// Variable is the usual name of a flag's environment variable: p95 becomes DEMO_P95 for the prefix DEMO_.
func Variable(prefix, flagName string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, err
	}
	if d < 0 {
		return 0, errors.New("negative")
	}
	return d, nil
}

func parseFraction(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return 0, err
	}
	if percent {
		f /= 100
	}
	if !(f >= 0 && f <= 1) {
		return 0, errors.New("out of range")
	}
	return f, nil
}

func parseFactor(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, err
	}
	if !(f > 0 && f <= 1e6) {
		return 0, errors.New("out of range")
	}
	return f, nil
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, errors.New("negative")
	}
	return n, nil
}
