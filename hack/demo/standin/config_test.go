package standin

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := pairs[name]
		return value, ok
	}
}

func TestConfig(t *testing.T) {
	keys := map[string]string{variableAPIKey: "a", variableAppKey: "b", "STAND_IN_LATE": "20s"}
	for name, test := range map[string]struct {
		args        []string
		environment map[string]string
		want        Config
		problems    []string
	}{
		"a namespace and the keys are enough": {
			[]string{"-namespace=demo"},
			map[string]string{variableAPIKey: "a", variableAppKey: "b"},
			Config{Listen: ":8080", Namespace: "demo", Late: 10 * time.Second, Limit: 1600, APIKey: "a", AppKey: "b"},
			nil,
		},
		"the flag wins": {
			[]string{"-namespace=demo", "-selector=app=x", "-late=30s", "-limit=0", "-listen=:1"},
			keys,
			Config{Listen: ":1", Namespace: "demo", Selector: "app=x", Late: 30 * time.Second, APIKey: "a", AppKey: "b"},
			nil,
		},
		"everything that is missing is named": {nil, nil, Config{}, []string{"-namespace is empty", variableAPIKey + " is empty", variableAppKey + " is empty"}},
		"a number that is none":               {[]string{"-limit=some"}, keys, Config{}, []string{"write a whole number"}},
		"a word":                              {[]string{"demo"}, keys, Config{}, []string{`argument "demo" is not a flag`}},
		"a key has no flag":                   {[]string{"-api-key=a"}, keys, Config{}, []string{"-api-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseConfig(test.args, environment(test.environment), nil)
			if test.problems == nil && (err != nil || got != test.want) {
				t.Errorf("%+v, want %+v: %v", got, test.want, err)
			}
			for _, want := range test.problems {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var usage bytes.Buffer
	if _, err := ParseConfig([]string{"-help"}, environment(nil), &usage); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range []string{"-late", "-limit", "-namespace", variableAPIKey, variableAppKey} {
		if !strings.Contains(usage.String(), want) {
			t.Errorf("the help lacks %s", want)
		}
	}
}
