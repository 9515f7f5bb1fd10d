package prometheus

import (
	"strings"
	"testing"
)

func TestValueQueriesOfUsers(t *testing.T) {
	arm := []matcher{equals("namespace", "shop"), oneOf("pod", "api-1-.{5}")}
	const matchers = `namespace="shop",pod=~"api-1-.{5}"`
	for text, want := range map[string]string{
		`max(lag{$arm})`:                                  `max(lag{` + matchers + `})`,
		`max(lag{group="orders",$arm})`:                   `max(lag{group="orders",` + matchers + `})`,
		`max(lag{ $arm , group="orders"})`:                `max(lag{ ` + matchers + ` , group="orders"})`,
		`max({__name__="lag",$arm,})`:                     `max({__name__="lag",` + matchers + `,})`,
		`sum(rate(a{$arm}[1m])) / sum(rate(b{$arm}[1m]))`: `sum(rate(a{` + matchers + `}[1m])) / sum(rate(b{` + matchers + `}[1m]))`,
		`max by (group) (a{$arm} offset 1m)`:              `max by (group) (a{` + matchers + `} offset 1m)`,
		`max(a{path="/$arm}",$arm}) # of $arm (`:          `max(a{path="/$arm}",` + matchers + `}) # of $arm (`,
		"max(a{x='\\'$arm',y=`\\`,$arm})":                 "max(a{x='\\'$arm',y=`\\`," + matchers + "})",
		"max(a{ # the lag\n$arm # of an arm\n})":          "max(a{ # the lag\n" + matchers + " # of an arm\n})",
		`max({"größe",$arm})`:                             `max({"größe",` + matchers + `})`,
		`max_over_time(max(a{$arm})[1m:15s])`:             `max_over_time(max(a{` + matchers + `})[1m:15s])`,
	} {
		parsed, err := parseTemplate(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := parsed.fill(arm); got != want {
			t.Errorf("%s becomes\n%s, want\n%s", text, got, want)
		}
	}
}

func TestValueQueriesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "it lacks $arm",
		`max(lag)`:                      "it lacks $arm",
		`max(lag{group="$arm"})`:        "$arm in quotes or in a comment is not replaced",
		`max(lag) # $arm`:               "$arm in quotes or in a comment is not replaced",
		`max($arm)`:                     "it belongs between the braces of a selector",
		`max(lag[$arm])`:                "it belongs between the braces of a selector",
		`max(lag{pod=$arm})`:            "it belongs between the braces of a selector",
		`max(lag{pod=~$arm})`:           "it belongs between the braces of a selector",
		`max(lag{group="a" $arm})`:      "it belongs between the braces of a selector",
		`max(lag{$arm group="a"})`:      "what follows it between the braces begins with a comma",
		`max(lag{$arm="a"})`:            "what follows it between the braces begins with a comma",
		`max(lag{$arm$arm})`:            "it belongs between the braces of a selector",
		`max(lag{$arms})`:               "$arms is no part of PromQL",
		`max(lag{${arm}})`:              "$ is no part of PromQL",
		`rate(lag{$arm}[$__interval])`:  "$__interval is no part of PromQL",
		`max(lag{$arm}`:                 "its ( is not closed",
		`max(lag{$arm,)`:                "its ) closes nothing",
		`max(lag{$arm}))`:               "its ) closes nothing",
		`rate(lag{$arm}[1m)`:            "its ) closes nothing",
		`lag{$arm`:                      "its { is not closed",
		`lag{{$arm}}`:                   "there is a { between the braces",
		`lag{group=("a"),$arm}`:         "there is a ( between the braces",
		`lag{group="a,$arm}`:            `a string is opened with " and not closed`,
		"lag{group=`a,$arm}":            "a string is opened with ` and not closed",
		"max(lag{$arm}) or x{a=\"\\\"}": `a string is opened with " and not closed`,
	} {
		_, err := parseTemplate(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `write it like max(records_lag_max{group="orders",$arm})`) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// FuzzTemplate has nothing panic, everything but the placeholders left as it is, and no placeholder left over.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{`max(lag{group="orders",$arm})`, "a{'b',$arm} / b{`c`!=\"$arm\",$arm,} # $arm", `a{$arm`, "$\"'`{}()[],#\n", "\xff{$arm}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseTemplate(text)
		if err != nil {
			return
		}
		if again := strings.Join(parsed, placeholder); again != text {
			t.Errorf("%q became %q", text, again)
		}
		filled := parsed.fill([]matcher{equals("pod", `a"}`)})
		if more, err := parseTemplate(filled); err == nil {
			t.Errorf("%q becomes %q, which has placeholders: %q", text, filled, more)
		} else if !strings.Contains(err.Error(), "it lacks $arm") && !strings.Contains(err.Error(), "in quotes or in a comment") {
			t.Errorf("%q becomes %q: %v", text, filled, err)
		}
	})
}
