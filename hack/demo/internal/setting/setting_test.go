package setting_test

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/hack/demo/internal/setting"
)

// settings is one of each kind, under the flag name of its kind.
type settings struct {
	text     string
	duration time.Duration
	fraction float64
	factor   float64
	count    int
	seed     uint64
	toggle   bool
}

func flagSet(s *settings) *flag.FlagSet {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Var(setting.Text(&s.text), "text", "")
	fs.Var(setting.Duration(&s.duration), "duration", "")
	fs.Var(setting.Fraction(&s.fraction), "fraction", "")
	fs.Var(setting.Factor(&s.factor), "factor", "")
	fs.Var(setting.Count(&s.count), "count", "")
	fs.Var(setting.Seed(&s.seed), "seed", "")
	fs.Var(setting.Switch(&s.toggle), "some-switch", "")
	return fs
}

func TestReads(t *testing.T) {
	var got settings
	args := []string{"-text=a b", "-duration=80ms", "-fraction=2%", "-factor=1.5", "-count=3", "-seed=18446744073709551615", "-some-switch"}
	if err := flagSet(&got).Parse(args); err != nil {
		t.Fatal(err)
	}
	want := settings{"a b", 80 * time.Millisecond, 0.02, 1.5, 3, 18446744073709551615, true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRefuses(t *testing.T) {
	for _, tc := range []struct{ name, arg, hint string }{
		{"duration without unit", "-duration=80", "write a duration"},
		{"negative duration", "-duration=-1s", "write a duration"},
		{"share above one", "-fraction=1.01", "write a share"},
		{"percent above hundred", "-fraction=101%", "write a share"},
		{"share not a number", "-fraction=NaN", "write a share"},
		{"zero factor", "-factor=0", "write a factor"},
		{"infinite factor", "-factor=Inf", "write a factor"},
		{"count with unit", "-count=64Mi", "write a whole number"},
		{"negative count", "-count=-1", "write a whole number"},
		{"negative seed", "-seed=-1", "write a whole number"},
		{"switch", "-some-switch=maybe", "write true or false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := flagSet(&settings{}).Parse([]string{tc.arg})
			if err == nil {
				t.Fatal("no error")
			}
			name, _, _ := strings.Cut(tc.arg, "=")
			for _, part := range []string{name, tc.hint} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestFlagBeatsEnvironment(t *testing.T) {
	var got settings
	fs := flagSet(&got)
	environment := map[string]string{"X_COUNT": "1", "X_SEED": "2", "X_SOME_SWITCH": "true", "X_TEXT": ""}
	got.text = "default"
	if err := setting.FromEnvironment(fs, variable, lookup(environment)); err != nil {
		t.Fatal(err)
	}
	if err := fs.Parse([]string{"-count=5"}); err != nil {
		t.Fatal(err)
	}
	want := settings{text: "default", count: 5, seed: 2, toggle: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEnvironmentNamesEveryBadVariable(t *testing.T) {
	bad := map[string]string{"X_COUNT": "many", "X_DURATION": "soon", "X_SEED": "1"}
	err := setting.FromEnvironment(flagSet(&settings{}), variable, lookup(bad))
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{`X_COUNT="many"`, `X_DURATION="soon"`, "80ms"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestUsageShowsDefaults(t *testing.T) {
	var out strings.Builder
	s := settings{fraction: 0.07, duration: time.Second}
	fs := flagSet(&s)
	fs.SetOutput(&out)
	fs.PrintDefaults()
	for _, part := range []string{"(default 7%)", "(default 1s)"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("usage lacks %q:\n%s", part, out.String())
		}
	}
}

func variable(flagName string) string { return setting.Variable("X_", flagName) }

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}
