package load

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Config is what to send and where. Zero values of Timeout, WebSocketPath, WebSocketInterval, MaxSamples and ProgressInterval
// mean those of DefaultConfig.
type Config struct {
	URL     string        // requests go here, by GET; http or https
	Host    string        // Host header, as a gateway's route wants it; that of URL when left out
	Rate    int           // requests a second; 0 sends none
	Timeout time.Duration // until a request, a connection attempt or an echo counts as failed

	// Duration ends the run, counted from Run; 0 leaves that to the context.
	Duration time.Duration
	// FreshConnections opens a connection for every request instead of keeping them alive.
	FreshConnections bool

	WebSockets        int           // connections to keep open
	WebSocketPath     string        // on URL's host
	WebSocketInterval time.Duration // between two messages on one connection

	// MaxSamples is how many failures to keep, the earliest first; requests and WebSockets have that many each.
	MaxSamples int
	// Progress receives a line every ProgressInterval; nil for none.
	Progress         io.Writer
	ProgressInterval time.Duration
}

// DefaultConfig sends 100 requests a second to no URL yet.
func DefaultConfig() Config {
	return Config{
		Rate:              100,
		Timeout:           10 * time.Second,
		WebSocketPath:     "/ws",
		WebSocketInterval: time.Second,
		MaxSamples:        20,
		ProgressInterval:  time.Second,
	}
}

// Validate names every setting that cannot be met and what to write instead.
func (c Config) Validate() error {
	var problems []error
	if _, err := c.target(); err != nil {
		problems = append(problems, err)
	}
	for _, setting := range []struct {
		name string
		n    int
	}{{"rate", c.Rate}, {"websockets", c.WebSockets}, {"samples", c.MaxSamples}} {
		if setting.n < 0 {
			problems = append(problems, fmt.Errorf("%s is %d: write a whole number of zero or more", setting.name, setting.n))
		}
	}
	if c.Rate == 0 && c.WebSockets == 0 {
		problems = append(problems, errors.New("rate and websockets are both 0: write a rate such as 100, or a number of connections"))
	}
	for _, setting := range []struct {
		name string
		d    time.Duration
	}{
		{"timeout", c.Timeout},
		{"duration", c.Duration},
		{"websocket-interval", c.WebSocketInterval},
		{"progress-interval", c.ProgressInterval},
	} {
		if setting.d < 0 {
			problems = append(problems, fmt.Errorf("%s is %v: write a duration of zero or more, such as 10s", setting.name, setting.d))
		}
	}
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	d := DefaultConfig()
	c.Timeout = orDefault(c.Timeout, d.Timeout)
	c.WebSocketPath = orDefault(c.WebSocketPath, d.WebSocketPath)
	c.WebSocketInterval = orDefault(c.WebSocketInterval, d.WebSocketInterval)
	c.MaxSamples = orDefault(c.MaxSamples, d.MaxSamples)
	c.ProgressInterval = orDefault(c.ProgressInterval, d.ProgressInterval)
	return c
}

func orDefault[T comparable](got, fallback T) T {
	var zero T
	if got == zero {
		return fallback
	}
	return got
}

func (c Config) target() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("url is %q: write where to send requests, such as http://localhost:8000/", c.URL)
	}
	return u, nil
}

// socketURL is where WebSocket connections go; websocket.Dial takes http and https.
func (c Config) socketURL() string {
	u, err := c.target()
	if err != nil {
		return ""
	}
	return u.ResolveReference(&url.URL{Path: c.WebSocketPath}).String()
}
