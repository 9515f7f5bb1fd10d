package prometheus

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/serin-dev/serin/analysis"
)

// errShape means that the answer is JSON, but not what the API documents.
var errShape = errors.New("the answer does not have the form of a query result")

// scanner reads samples out of JSON that is known to be valid. They are nearly all of an answer, and reading them into
// values of encoding/json would take several allocations for each. The first thing that is not of the wanted form sets
// err and ends the reading.
type scanner struct {
	rest []byte
	err  error
}

// float reads [1435781451.781,"1"].
func (s *scanner) float() (f float) {
	s.tuple(2, func(i int) {
		if i == 0 {
			f.at = s.millis()
		} else {
			f.value = s.number()
		}
	})
	return f
}

// histogram reads [1435781451.781,{"count":"42","sum":"3.4","buckets":[[0,"0.25","0.5","12"],...]}].
func (s *scanner) histogram() (h histogram) {
	s.tuple(2, func(i int) {
		if i == 0 {
			h.at = s.millis()
			return
		}
		s.object(func(key []byte) {
			switch string(key) {
			case "count":
				h.count = s.number()
			case "buckets":
				s.list(func(int) { h.buckets = append(h.buckets, s.bucket()) })
			default: // the sum
				s.number()
			}
		})
	})
	return h
}

// bucket reads [0,"0.25","0.5","12"]. Which boundaries are inclusive (the first element) hardly matters for durations.
func (s *scanner) bucket() analysis.Bucket {
	var v [4]float64
	s.tuple(len(v), func(i int) { v[i] = s.number() })
	return analysis.Bucket{Lower: v[1], Upper: v[2], Count: v[3]}
}

// tuple is a list of n elements.
func (s *scanner) tuple(n int, element func(i int)) {
	got := s.list(func(i int) {
		if i >= n {
			s.fail()
			return
		}
		element(i)
	})
	if got != n {
		s.fail()
	}
}

// list calls element, which reads it, for each element of a list, and counts them.
func (s *scanner) list(element func(i int)) int {
	n := 0
	for s.take('['); s.err == nil && !s.at(']'); n++ {
		if n > 0 && !s.take(',') {
			break
		}
		element(n)
	}
	s.take(']')
	return n
}

// object calls field, which reads the value, for each key of an object.
func (s *scanner) object(field func(key []byte)) {
	n := 0
	for s.take('{'); s.err == nil && !s.at('}'); n++ {
		if n > 0 && !s.take(',') {
			break
		}
		key := s.text()
		if s.take(':') {
			field(key)
		}
	}
	s.take('}')
}

// millis reads a time in seconds.
func (s *scanner) millis() int64 {
	v := math.Round(s.number() * 1000)
	if !(math.Abs(v) < 1<<53) {
		s.fail()
		return 0
	}
	return int64(v)
}

// number reads a number, written as such or as a string, which may be NaN or infinite.
func (s *scanner) number() float64 {
	var digits []byte
	if s.at('"') {
		digits = s.text()
	} else {
		s.at(0) // passes over spaces
		end := bytes.IndexAny(s.rest, ",]} \t\r\n")
		if end < 0 {
			end = len(s.rest)
		}
		digits, s.rest = s.rest[:end], s.rest[end:]
	}
	v, err := strconv.ParseFloat(string(digits), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		s.fail()
	}
	return v
}

// text reads a string without escapes: numbers and the names of fields have none.
func (s *scanner) text() []byte {
	if !s.take('"') {
		return nil
	}
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 {
		s.fail()
		return nil
	}
	text := s.rest[:end]
	s.rest = s.rest[end+1:]
	return text
}

// at says whether c comes next.
func (s *scanner) at(c byte) bool {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	return len(s.rest) > 0 && s.rest[0] == c
}

// take reads c, which has to come next.
func (s *scanner) take(c byte) bool {
	if s.err != nil || !s.at(c) {
		s.fail()
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) fail() {
	if s.err == nil {
		s.err = errShape
	}
	s.rest = nil
}
