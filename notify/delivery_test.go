package notify

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

const (
	hook = "receivers:\n- {name: hook, url: 'generic://hook.example/'}\n"
	bus  = "receivers:\n- {name: bus, cloudEvents: 'https://broker.example/'}\n"
	both = hook + "- {name: bus, cloudEvents: 'https://broker.example/'}\n"
)

// answers with a status, and says how long to wait where that is not empty.
func answers(code int, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
	}
}

func TestWhatAReceiverDoesDecidesWhetherItIsTriedAgain(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		does  http.HandlerFunc
		again bool
		why   string
	}{
		"it is down behind its proxy":    {answers(503, ""), true, "it answered 503 Service Unavailable"},
		"it has too much to do":          {answers(429, "1"), true, "it answered 429 Too Many Requests"},
		"it waited too long for us":      {answers(408, ""), true, "it answered 408 Request Timeout"},
		"it hangs up":                    {hangUp, true, "the connection broke"},
		"it does not take the message":   {answers(400, ""), false, "it answered 400 Bad Request"},
		"it does not know the token":     {answers(401, ""), false, "it answered 401 Unauthorized"},
		"it is gone":                     {answers(410, ""), false, "it answered 410 Gone"},
		"it sends us elsewhere":          {redirects("https://hook.example/elsewhere"), false, "it answered 302 Found, a redirect, which is not followed"},
		"it sends us elsewhere, for all": {redirects("https://hook.example/"), false, "a redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, both)
			o.world.fail(c.does)
			o.start()
			o.Tell(rolledBack())
			if !c.again {
				o.pass("it to be given up", time.Second, func() bool {
					return o.counted("hook") == "sent 0 failed 1 dropped 0" && o.counted("bus") == "sent 0 failed 1 dropped 0"
				})
				if n := o.world.requests(); n != 2 {
					t.Errorf("both were asked %d times", n)
				}
			} else {
				o.pass("three attempts at each", time.Second, func() bool { return o.world.requests() >= 6 })
				o.world.fail(nil)
				o.pass("it to be told", time.Second, func() bool { return len(o.world.all()) >= 2 })
				eventually(t, "it to be counted", func() bool {
					return o.counted("hook") == "sent 1 failed 0 dropped 0" && o.counted("bus") == "sent 1 failed 0 dropped 0"
				})
				o.clock.Step(patience)
				if told := o.world.all(); len(told) != 2 {
					t.Errorf("it was told %d times: %s", len(told), told)
				}
			}
			if log := o.logged(); !strings.Contains(log, c.why) {
				t.Errorf("the log does not say %q:\n%s", c.why, log)
			}
		})
	}
}

func TestAReceiverThatIsNotTrustedIsToldNothing(t *testing.T) {
	o := newOffice(t, bus)
	o.world.distrust()
	o.start()
	o.Tell(rolledBack())
	eventually(t, "it to be told", func() bool { return strings.Contains(o.logged(), "its certificate is not trusted") })
	if n := o.world.requests(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

func redirects(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestAReceiverIsAskedNoEarlierThanItSaid(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"not at all":       {nil, 0},
		"in seconds":       {map[string]string{"Retry-After": "90"}, 90 * time.Second},
		"with a fraction":  {map[string]string{"Retry-After": "0.5"}, 500 * time.Millisecond},
		"by a date":        {map[string]string{"Retry-After": "Sun, 01 Mar 2026 03:02:00 GMT", "Date": "Sun, 01 Mar 2026 03:00:00 GMT"}, 2 * time.Minute},
		"a date that past": {map[string]string{"Retry-After": "Sun, 01 Mar 2026 02:00:00 GMT", "Date": "Sun, 01 Mar 2026 03:00:00 GMT"}, 0},
		"tomorrow":         {map[string]string{"Retry-After": "86400"}, mostAfter},
		"never":            {map[string]string{"Retry-After": "1e300"}, mostAfter},
		"before it asked":  {map[string]string{"Retry-After": "-5"}, 0},
		"nonsense":         {map[string]string{"Retry-After": "soon"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}}
			for key, value := range c.header {
				r.Header.Set(key, value)
			}
			if got := refusal(r).after; got != c.want {
				t.Errorf("it waits %s, want %s", got, c.want)
			}
		})
	}
	o := newOffice(t, bus)
	timers := &timersKept{FakeClock: o.clock}
	(*o.workers.Load())[0].clock = timers
	o.world.fail(answers(429, "90"))
	o.start()
	o.Tell(rolledBack())
	eventually(t, "it to wait as long as it was told to", func() bool { return timers.last() == 90*time.Second })
}

// timersKept keeps how long each wait is.
type timersKept struct {
	*clocktesting.FakeClock
	mu    sync.Mutex
	waits []time.Duration
}

// NewTimer waits.
func (k *timersKept) NewTimer(d time.Duration) clock.Timer {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waits = append(k.waits, d)
	return k.FakeClock.NewTimer(d)
}

func (k *timersKept) last() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waits) == 0 {
		return 0
	}
	return k.waits[len(k.waits)-1]
}

func TestANoticeWaitsAMomentForOthers(t *testing.T) {
	o := newOffice(t, hook)
	timers := &timersKept{FakeClock: o.clock}
	(*o.workers.Load())[0].clock = timers
	o.start()
	o.Tell(notice(0))
	eventually(t, "it to wait for others", func() bool { return timers.last() == gatherFor })
	for i := range 5 {
		o.Tell(notice(i))
	}
	o.pass("all to be told", gatherFor, func() bool { return o.counted("hook") == "sent 6 failed 0 dropped 0" })
	if told := o.world.all(); len(told) != 1 {
		t.Errorf("they were told in %d messages: %q", len(told), told)
	}
}

func TestANoticeIsTriedForAQuarterOfAnHour(t *testing.T) {
	o := newOffice(t, bus)
	o.world.fail(answers(503, ""))
	o.start()
	o.Tell(rolledBack())
	began := o.clock.Now()
	o.pass("it to be given up", time.Second, func() bool { return o.counted("bus") == "sent 0 failed 1 dropped 0" })
	if took := o.clock.Since(began); took < 13*time.Minute {
		t.Errorf("it was tried for %s", took)
	}
	// 1, 2, 4, 8, 16, 32, and then every minute.
	if n := o.world.requests(); n < 15 || n > 21 {
		t.Errorf("it was tried %d times", n)
	}
}

func TestAReceiverThatHangsDelaysNoOther(t *testing.T) {
	o := newOffice(t, both)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	o.world.fail(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "hook.") {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	o.start()
	for i := range 100 {
		o.Tell(notice(i)) // That it returns at all is the proof that it waits for nobody: the hook answers nothing until the end.
	}
	eventually(t, "the bus to have all", func() bool { return o.counted("bus") == "sent 100 failed 0 dropped 0" })
	if got := o.counted("hook"); got != "sent 0 failed 0 dropped 0" {
		t.Errorf("of the hook is told %s", got)
	}
}

func TestAStormIsTold(t *testing.T) {
	o := newOffice(t, both)
	for i := range 200 {
		o.Tell(notice(i)) // before it started
	}
	o.start()
	o.pass("the storm to be told", time.Second, func() bool {
		return o.counted("hook") == "sent 200 failed 0 dropped 0" && o.counted("bus") == "sent 200 failed 0 dropped 0"
	})
	var chats []string
	for _, heard := range o.world.all() {
		if strings.HasPrefix(heard, "hook.") {
			chats = append(chats, heard)
		}
	}
	if len(chats) != 1 || !strings.Contains(chats[0], "shop/canary-0: RolledBack: revision v2") || !strings.Contains(chats[0], "and 180 more: 180 RolledBack") {
		t.Errorf("the chat heard %d messages: %q", len(chats), chats)
	}
	if n := len(o.world.all()) - len(chats); n != 200 {
		t.Errorf("the bus heard %d events", n)
	}
}

func TestTheOldestGoWhenTooManyWait(t *testing.T) {
	o := newOffice(t, bus)
	for i := range mostWaiting + 10 {
		o.Tell(notice(i))
	}
	if got := o.counted("bus"); got != "sent 0 failed 0 dropped 10" {
		t.Errorf("of the bus is told %s", got)
	}
	o.start()
	eventually(t, "the rest to be told", func() bool { return o.counted("bus") == fmt.Sprintf("sent %d failed 0 dropped 10", mostWaiting) })
	if first := o.world.all()[0]; !strings.Contains(first, "id: id-10\n") {
		t.Errorf("the first that was told is %s", first)
	}
}

func TestWhatWaitsIsToldBeforeTheOperatorEnds(t *testing.T) {
	o := newOffice(t, hook)
	o.start()
	eventually(t, "it to run", func() bool { return o.clock.HasWaiters() })
	o.Tell(rolledBack())
	o.end() // No time goes by: neither the moment to gather nor the drain may be waited for.
	if got := o.counted("hook"); got != "sent 1 failed 0 dropped 0" {
		t.Errorf("of the hook is told %s", got)
	}
}

func TestTheOperatorEndsEvenWhenAReceiverHangs(t *testing.T) {
	o := newOffice(t, bus)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	o.world.fail(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	o.start()
	o.Tell(notice(1))
	o.Tell(notice(2))
	eventually(t, "the first to hang", func() bool { return o.world.requests() == 1 })
	done := make(chan struct{})
	go func() { defer close(done); o.end() }()
	o.pass("the end", drainFor, func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	if log := o.logged(); !strings.Contains(log, "the operator ends before all notifications were sent") {
		t.Errorf("the log says\n%s", log)
	}
}
