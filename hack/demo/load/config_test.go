package load

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValidateSaysWhatToWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		says   string // empty: valid
	}{
		"good":                {func(*Config) {}, ""},
		"only WebSockets":     {func(c *Config) { c.Rate, c.WebSockets = 0, 1 }, ""},
		"no URL":              {func(c *Config) { c.URL = "" }, "http://localhost:8000/"},
		"URL without host":    {func(c *Config) { c.URL = "localhost:8000" }, `url is "localhost:8000"`},
		"nothing to do":       {func(c *Config) { c.Rate = 0 }, "rate and websockets are both 0"},
		"negative rate":       {func(c *Config) { c.Rate = -1 }, "rate is -1"},
		"negative timeout":    {func(c *Config) { c.Timeout = -time.Second }, "timeout is -1s"},
		"negative websockets": {func(c *Config) { c.WebSockets = -2 }, "websockets is -2"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.URL = "http://gateway/"
			tc.change(&cfg)
			_, err := New(cfg)
			if tc.says == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v, want one that says %q", err, tc.says)
			}
		})
	}
}

func TestZeroValuesMeanDefaults(t *testing.T) {
	want := DefaultConfig()
	want.URL, want.Rate = "http://gateway/", 5
	if diff := cmp.Diff(want, Config{URL: "http://gateway/", Rate: 5}.withDefaults()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSocketURL(t *testing.T) {
	cfg := DefaultConfig()
	cfg.URL = "http://gateway:8000/some/path?q=1"
	if got, want := cfg.socketURL(), "http://gateway:8000/ws"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
