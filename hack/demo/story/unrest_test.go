package story

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
)

func TestUnrest(t *testing.T) {
	for name, test := range map[string]struct {
		seen []load.Recent
		want string
	}{
		"nothing": {nil, ""},
		"calm":    {[]load.Recent{{Requests: 1500, P95: 83 * time.Millisecond}, {Requests: 1500, P95: 97 * time.Millisecond}}, ""},
		"busy":    {[]load.Recent{{Requests: 1500, P95: 83 * time.Millisecond}, {Requests: 1500, P95: 177 * time.Millisecond}}, "moved between 83 and 177 ms"},
		"too few": {[]load.Recent{{Requests: 1500, P95: 83 * time.Millisecond}, {Requests: 20, P95: 177 * time.Millisecond}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var u unrest
			for _, r := range test.seen {
				u.see(r)
			}
			if got := u.String(); (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
