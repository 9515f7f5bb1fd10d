package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/serin-dev/serin/analysis"
)

// series is one element of a query's result: a series with its samples, in order of time.
type series struct {
	Labels     map[string]string `json:"metric"`
	Values     floats            `json:"values"`     // of a matrix
	Value      *float            `json:"value"`      // of a vector
	Histograms histograms        `json:"histograms"` // of a matrix
	Histogram  *histogram        `json:"histogram"`  // of a vector
}

// floats are the samples of a counter.
type floats []float

// float is a sample of a counter: milliseconds since 1970, and a number of any kind.
type float struct {
	at    int64
	value float64
}

// histograms are the samples of a native histogram.
type histograms []histogram

// histogram is a sample of a native histogram: the number of observations, and their distribution in the metric's own unit.
type histogram struct {
	at      int64
	count   float64
	buckets analysis.Histogram
}

// answer is what surrounds the result.
type answer struct {
	status, errorType, err, resultType string
	warnings                           []string
	partial                            bool // VictoriaMetrics' word for a warning
}

// decode reads the answer to an instant query and hands over its series one by one, so that only one of them is held in
// memory. The series is valid during the call.
func decode(r io.Reader, each func(*series) error) (answer, error) {
	return decodeAnswer(r, func(d *json.Decoder) error { return result(d, each) })
}

// decodeValues is decode for an answer that may be a scalar besides: a sample instead of a list.
func decodeValues(r io.Reader, each func(*series) error) (answer, error) {
	return decodeAnswer(r, func(d *json.Decoder) error {
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return err
		}
		var scalar float
		if json.Unmarshal(text, &scalar) == nil {
			return each(&series{Value: &scalar})
		}
		return result(json.NewDecoder(bytes.NewReader(text)), each)
	})
}

func decodeAnswer(r io.Reader, result func(*json.Decoder) error) (answer, error) {
	var a answer
	d := json.NewDecoder(r)
	err := object(d, func(key string) error {
		switch key {
		case "status":
			return d.Decode(&a.status)
		case "errorType":
			return d.Decode(&a.errorType)
		case "error":
			return d.Decode(&a.err)
		case "warnings":
			return d.Decode(&a.warnings)
		case "isPartial":
			return d.Decode(&a.partial)
		case "data":
			return object(d, func(key string) error {
				switch key {
				case "resultType":
					return d.Decode(&a.resultType)
				case "result":
					return result(d)
				}
				return skip(d)
			})
		}
		return skip(d)
	})
	return a, err
}

// object calls field with each key of the object that d comes to; field reads the value. null is an empty object.
func object(d *json.Decoder, field func(key string) error) error {
	begin, err := d.Token()
	switch {
	case err != nil:
		return unexpected(err)
	case begin == nil:
		return nil
	case begin != json.Delim('{'):
		return fmt.Errorf("an object was expected, not %v", begin)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return unexpected(err)
		}
		if err := field(key.(string)); err != nil {
			return unexpected(err)
		}
	}
	_, err = d.Token()
	return unexpected(err)
}

func result(d *json.Decoder, each func(*series) error) error {
	begin, err := d.Token()
	switch {
	case err != nil:
		return err
	case begin == nil:
		return nil
	case begin != json.Delim('['):
		return fmt.Errorf("a list of series was expected, not %v", begin)
	}
	var s series
	for d.More() {
		clear(s.Labels)
		s = series{Labels: s.Labels, Values: s.Values[:0], Histograms: s.Histograms[:0]}
		if err := d.Decode(&s); err != nil {
			return err
		}
		if err := each(&s); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func skip(d *json.Decoder) error {
	var ignored json.RawMessage
	return d.Decode(&ignored)
}

// unexpected makes an answer that ends too early recognisable: unlike one that is not JSON it may pass by itself.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// UnmarshalJSON reads [[1435781451.781,"1"],...].
func (f *floats) UnmarshalJSON(data []byte) error {
	s := scanner{rest: data}
	s.list(func(int) { *f = append(*f, s.float()) })
	return s.err
}

// UnmarshalJSON reads [1435781451.781,"1"].
func (f *float) UnmarshalJSON(data []byte) error {
	s := scanner{rest: data}
	*f = s.float()
	return s.err
}

// UnmarshalJSON reads [[1435781451.781,{...}],...].
func (h *histograms) UnmarshalJSON(data []byte) error {
	s := scanner{rest: data}
	s.list(func(int) { *h = append(*h, s.histogram()) })
	return s.err
}

// UnmarshalJSON reads [1435781451.781,{"count":"42","sum":"3.4","buckets":[[0,"0.25","0.5","12"],...]}].
func (h *histogram) UnmarshalJSON(data []byte) error {
	s := scanner{rest: data}
	*h = s.histogram()
	return s.err
}
