package trace

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const (
	// mostCount is the greatest count of one look, far beyond any service. Up to there a float64 holds every whole number.
	mostCount = 1e15
	// longestNumber is the longest spelling of a sum: enough for what the finest counts of a release add up to.
	longestNumber = 64
	// wholeDigits is how many digits a whole number has at most that a float64 certainly holds.
	wholeDigits = 15
)

// amount is a sum of counts, without any rounding. Counts are whole but for a few sources, so the whole part is kept apart, cheaply.
type amount struct {
	whole float64
	// rest is nil while there is none.
	rest *big.Rat
	// unread says that a line holds something else in its place. The line's reader knows which field that was.
	unread bool
}

// countable says what keeps a count out of a trace.
func countable(x float64) error {
	switch {
	case !(x >= 0) || x > mostCount:
		return fmt.Errorf("%v is no count between 0 and %v", x, float64(mostCount))
	case x != math.Trunc(x) && len(decimal(x)) > longestNumber/2:
		return fmt.Errorf("%v is finer than a trace can hold", x)
	}
	return nil
}

// decimal is the shortest decimal that means x.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// plus is a with x added, a count that is countable.
func (a amount) plus(x float64) amount {
	if sum := a.whole + x; x == math.Trunc(x) && sum <= mostCount {
		a.whole = sum
		return a
	}
	rest, ok := new(big.Rat).SetString(decimal(x))
	if !ok { // a finite number has a decimal
		panic("no number: " + decimal(x))
	}
	if a.rest != nil {
		rest.Add(rest, a.rest)
	}
	a.rest = rest
	return a
}

// since is what a sum has grown by.
func (a amount) since(b amount) (float64, error) {
	if a.unread {
		return 0, errors.New("write a number of 0 or more, without an exponent")
	}
	x, ok := a.minus(b)
	if !ok {
		return 0, errors.New("less than a line before it says: counts are sums since the header")
	}
	return x, nil
}

// minus is what a has more than b; false when it has less.
func (a amount) minus(b amount) (float64, bool) {
	if a.rest == nil && b.rest == nil {
		return a.whole - b.whole, a.whole >= b.whole
	}
	difference := new(big.Rat).Sub(a.exact(), b.exact())
	x, _ := difference.Float64()
	return x, difference.Sign() >= 0
}

func (a amount) exact() *big.Rat {
	exact := new(big.Rat).SetFloat64(a.whole)
	if a.rest != nil {
		exact.Add(exact, a.rest)
	}
	return exact
}

// IsZero keeps a sum of nothing out of a line.
func (a amount) IsZero() bool { return a.whole == 0 && a.rest == nil }

// MarshalJSON writes a decimal without an exponent.
func (a amount) MarshalJSON() ([]byte, error) {
	if a.rest == nil {
		return []byte(decimal(a.whole)), nil
	}
	exact := a.exact()
	digits, _ := exact.FloatPrec()
	text := exact.FloatString(digits)
	if len(text) > longestNumber {
		return nil, fmt.Errorf("the sum %s has more digits than a trace can hold", text)
	}
	return []byte(text), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *amount) UnmarshalJSON(text []byte) error {
	number := strings.Trim(string(text), "0123456789.") == "" && len(text) <= longestNumber
	if number && len(text) <= wholeDigits && !strings.Contains(string(text), ".") {
		whole, err := strconv.ParseFloat(string(text), 64)
		*a = amount{whole: whole}
		return err
	}
	if !number { // in any other spelling, a number may take any space
		*a = amount{unread: true}
		return nil
	}
	rest, ok := new(big.Rat).SetString(string(text))
	*a = amount{rest: rest, unread: !ok}
	return nil
}
