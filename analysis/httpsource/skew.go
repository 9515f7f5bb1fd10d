package httpsource

import (
	"net/http"
	"time"
)

const (
	// tick is what the Date of an answer is rounded down to.
	tick = time.Second
	// leastSkew is what two clocks that are set by the network may differ by, and the way a request takes through proxies.
	leastSkew = 2 * time.Second
)

// Skew is how far a backend's clock is ahead of ours, by the Date of its answer to what we asked at one time and had answered at
// another: the backend wrote it somewhen between the two. It is 0 when the clocks may agree within leastSkew. Nothing is known
// without a Date, nor when a cache answers, whose Date is old.
func Skew(h http.Header, asked, answered time.Time) (ahead time.Duration, known bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return 0, false
	}
	least, most := date.Sub(answered), date.Add(tick).Sub(asked)
	if least <= leastSkew && most >= -leastSkew {
		return 0, true
	}
	return ((least + most) / 2).Round(100 * time.Millisecond), true
}
