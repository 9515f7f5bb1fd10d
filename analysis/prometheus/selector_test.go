package prometheus

import (
	"strings"
	"testing"
)

func TestSelectorsOfUsers(t *testing.T) {
	arm := []matcher{equals("namespace", "shop"), oneOf("pod", "api-1-.{5}")}
	for text, want := range map[string]string{
		`http_requests_total{$arm}`:                    `{__name__="http_requests_total",namespace="shop",pod=~"api-1-.{5}"}`,
		` up { job = "a" , $arm , } `:                  `{__name__="up",job="a",namespace="shop",pod=~"api-1-.{5}"}`,
		`{__name__="a:b",$arm,code=~"5.."}`:            `{__name__="a:b",code=~"5..",namespace="shop",pod=~"api-1-.{5}"}`,
		`{"http.requests",$arm,"status.code"!='5\'}'}`: `{__name__="http.requests","status.code"!='5\'}',namespace="shop",pod=~"api-1-.{5}"}`,
		"{$arm,__name__=~`a|b`}":                       "{__name__=~`a|b`,namespace=\"shop\",pod=~\"api-1-.{5}\"}",
		`x{path="/a,b}c$arm",$arm}`:                    `{__name__="x",path="/a,b}c$arm",namespace="shop",pod=~"api-1-.{5}"}`,
		`{'single "quoted"',$arm}`:                     `{__name__="single \"quoted\"",namespace="shop",pod=~"api-1-.{5}"}`,
	} {
		s, err := parseSelector(text)
		if err != nil {
			t.Error(err)
			continue
		}
		var names []string
		if s.name != "" {
			names = []string{s.name}
		}
		if got := s.expression(names, arm); got != want {
			t.Errorf("%s becomes\n%s, want\n%s", text, got, want)
		}
	}
}

func TestSelectorsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		``:                                "only a series selector",
		`http_requests_total`:             "it lacks {$arm}",
		`http_requests_total{}`:           `"}" does not begin with a label matcher`,
		`http_requests_total{code="200"}`: "it lacks $arm",
		`rate(x{$arm}[5m])`:               "only a series selector can be written here, without functions",
		`x{$arm}[5m]`:                     "without ranges or offsets",
		`x{$arm} offset 5m`:               "without ranges or offsets",
		`x{$arm} or y{$arm}`:              "without ranges or offsets",
		`sum(x{$arm})`:                    "without functions",
		`x{$arm`:                          `"$arm" does not begin with a label matcher`,
		`x{code="200,$arm}`:               "does not begin with a label matcher",
		`x{code=200,$arm}`:                "does not begin with a label matcher",
		`x{,$arm}`:                        "does not begin with a label matcher",
		`x{$arm,,}`:                       "does not begin with a label matcher",
		`x{code=="a",$arm}`:               "does not begin with a label matcher",
		`x{$arms}`:                        "does not begin with a label matcher",
		`x{__name__="y",$arm}`:            "it names the metric twice",
	} {
		_, err := parseSelector(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "write it like http_requests_total{job=\"api\",$arm}") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestValuesAreEscaped(t *testing.T) {
	got := selector{}.expression(quoteless("a.b", `c"d`), []matcher{equals("namespace", "x\"} or up{a=\"\n"), oneOf("pod", quoteAll([]string{`a.*|"b`})...)})
	want := `{__name__=~"a\\.b|c\"d",namespace="x\"} or up{a=\"\n",pod=~"a\\.\\*\\|\"b"}`
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func quoteless(names ...string) []string { return names }

// FuzzSelector has nothing panic, and nothing that is not a selector get past its braces.
func FuzzSelector(f *testing.F) {
	f.Add(`http_requests_total{job="api",$arm}`)
	f.Add(`{"a b",$arm,'c'=~` + "`d`}")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSelector(text)
		if err != nil {
			return
		}
		for _, m := range s.matchers {
			if again := selectorItem.FindString(m + ","); again != m+"," {
				t.Errorf("%q yields the matcher %q", text, m)
			}
		}
	})
}
