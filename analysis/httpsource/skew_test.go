package httpsource

import (
	"net/http"
	"testing"
	"time"
)

func TestSkewIsWhatNoRoundTripExplains(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1_700_000_000, int64(seconds*1e9)) }
	for name, test := range map[string]struct {
		date            float64
		asked, answered float64
		age             string
		want            time.Duration
	}{
		"the same second": {0, 0.2, 0.3, "", 0},
		"the next second": {1, 0.9, 1.1, "", 0},
		"two seconds fast is what clocks may differ by": {2, 0, 0.1, "", 0},
		"three seconds fast":                            {3, 0, 0.1, "", 3500 * time.Millisecond},
		"an hour slow":                                  {-3600, 0, 0, "", -3600*time.Second + 500*time.Millisecond},
		"any time within a round trip of ten seconds":   {7, 0, 10, "", 0},
		"a second before a round trip of ten seconds":   {-2, 0, 10, "", 0},
		"long before a round trip":                      {-20, 0, 10, "", -24500 * time.Millisecond},
		"a date from a cache says nothing":              {-3600, 0, 0, "3600", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Date": {at(test.date).UTC().Format(http.TimeFormat)}}
			if test.age != "" {
				h.Set("Age", test.age)
			}
			got, known := Skew(h, at(test.asked), at(test.answered))
			if (got-test.want).Abs() > 100*time.Millisecond || known != (test.age == "") {
				t.Errorf("got %v, %v, want %v", got, known, test.want)
			}
		})
	}
}

func TestSkewIsNotKnownWithoutADate(t *testing.T) {
	for _, date := range []string{"", "yesterday"} {
		if ahead, known := Skew(http.Header{"Date": {date}}, time.Now(), time.Now()); ahead != 0 || known {
			t.Errorf("of the date %q it makes %v, %v", date, ahead, known)
		}
	}
}
