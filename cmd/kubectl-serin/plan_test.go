package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestPlanHasAColumnForEachWeightOfThePolicy(t *testing.T) {
	dir := folder(t)
	got := ask(t, dir, "", "plan", "--policy", "canary.yaml", "--rps", "500")
	if got.code != exitFine || !regexp.MustCompile(`(?m)^REGRESSION +AT 10%: HALF, MOST +AT 50%: HALF, MOST$`).MatchString(got.out) {
		t.Errorf("%+v", got)
	}
	if got := ask(t, dir, "", "plan", "--policy", "canary.yaml", "--rps", "500", "--weight", "20"); !regexp.MustCompile(`(?m)^REGRESSION +AT 20%: HALF, MOST$`).MatchString(got.out) {
		t.Errorf("%+v", got)
	}
}

func TestALongPlanIsToldBySixOfItsWeights(t *testing.T) {
	dir := folder(t)
	ten := strings.Replace(slow, "  steps:\n  - {weight: 5, bake: 10m}\n  - {weight: 100, bake: 1m}\n", "", 1)
	if err := os.WriteFile(filepath.Join(dir, "ten.yaml"), []byte(ten), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ask(t, dir, "", "plan", "--policy", "ten.yaml", "--rps", "1000")
	if !regexp.MustCompile(`(?m)^REGRESSION( +AT (10|20|40|50|70|90)%: HALF, MOST){6}$`).MatchString(got.out) {
		t.Errorf("%+v", got)
	}
}

func TestPlanInJSONSaysTheSame(t *testing.T) {
	dir := folder(t)
	got := ask(t, dir, "", "plan", "--policy", "canary.yaml", "--rps", "500", "-o", "json")
	var told table
	if err := json.Unmarshal([]byte(got.out), &told); err != nil {
		t.Fatal(err)
	}
	text := ask(t, dir, "", "plan", "--policy", "canary.yaml", "--rps", "500")
	if !strings.HasSuffix(text.out, told.text()) || len(told.Rows) != 5 {
		t.Errorf("%s\n%s", got.out, text.out)
	}
}

// seconds are the times of a row.
func seconds(t *testing.T, dir, row string, args ...string) (half, most float64) {
	t.Helper()
	got := ask(t, dir, "", append([]string{"plan", "--policy", "canary.yaml", "-o", "json"}, args...)...)
	var told table
	if err := json.Unmarshal([]byte(got.out), &told); err != nil {
		t.Fatal(err)
	}
	for _, r := range told.Rows {
		if r.Metric+" "+r.Regression == row && r.Cells[0].HalfSeconds != nil && r.Cells[0].MostSeconds != nil {
			return *r.Cells[0].HalfSeconds, *r.Cells[0].MostSeconds
		}
	}
	return math.Inf(1), math.Inf(1)
}

func TestMoreEvidenceTakesLessTime(t *testing.T) {
	dir := folder(t)
	half, most := seconds(t, dir, "errors x5", "--rps", "100", "--weight", "10")
	if half >= most || math.IsInf(half, 1) {
		t.Errorf("half of the releases are rolled back within %v seconds, most within %v", half, most)
	}
	for name, args := range map[string][]string{
		"more requests":   {"--rps", "1000", "--weight", "10"},
		"a higher weight": {"--rps", "100", "--weight", "50"},
		"more errors":     {"--rps", "100", "--weight", "10", "--baseline-error-rate", "2%"},
	} {
		if fast, _ := seconds(t, dir, "errors x5", args...); fast >= half {
			t.Errorf("%s: %v seconds, and %v without", name, fast, half)
		}
	}
}

func TestAPlainValueIsLeftOutWithANote(t *testing.T) {
	dir := folder(t)
	text := canary + "    - name: lag\n      value: {query: 'max(lag{$arm})', worse: Higher, maxChange: {relative: 20%}}\n"
	if err := os.WriteFile(filepath.Join(dir, "value.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ask(t, dir, "", "plan", "--policy", "value.yaml", "--rps", "100")
	if got.code != exitFine || !strings.Contains(got.out, "\nNote: how long a change of lag takes to show depends on how much it moves by itself") ||
		strings.Contains(got.out, "\nlag ") || !strings.Contains(got.out, "\nlatency +20% ") {
		t.Errorf("%+v", got)
	}
}

func TestAMetricThatIsNotComparedIsToldOf(t *testing.T) {
	dir := folder(t)
	limited := strings.Replace(canary, "{maxIncrease: {absolute: 0.1%}}", "{limit: 1%}", 1)
	if err := os.WriteFile(filepath.Join(dir, "limited.yaml"), []byte(limited), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ask(t, dir, "", "plan", "--policy", "limited.yaml", "--rps", "100")
	if got.code != exitFine || !strings.Contains(got.out, "\nNote: errors ") || !strings.Contains(got.out, "\nlatency +20% ") {
		t.Errorf("%+v", got)
	}
}

func TestPlanNamesTheFlagAndWhatToWrite(t *testing.T) {
	dir := folder(t)
	for want, args := range map[string][]string{
		"--policy is missing: write the file with the Canary":                                          {"--rps", "1"},
		"--rps is 0: write the requests per second to the whole service":                               {"--policy", "canary.yaml"},
		"--rps is NaN: write the requests per second":                                                  {"--policy", "canary.yaml", "--rps", "NaN"},
		"--weight is 100: write 1 to 99, for at 100 there is no baseline beside the candidate":         {"--policy", "canary.yaml", "--rps", "1", "--weight", "100"},
		"--pods is 0: write 1 to 100":                                                                  {"--policy", "canary.yaml", "--rps", "1", "--pods", "0"},
		`--baseline-error-rate: "0.002" is no percentage: write a number and %, such as 0.1%`:          {"--policy", "canary.yaml", "--rps", "1", "--baseline-error-rate", "0.002"},
		"--baseline-error-rate is 80%: write 50% or less":                                              {"--policy", "canary.yaml", "--rps", "1", "--baseline-error-rate", "80%"},
		`--p95: "120" is no latency: write a number and its unit, such as 500ms or 1.5s`:               {"--policy", "canary.yaml", "--rps", "1", "--p95", "120"},
		"--p95 is 0: write a time with its unit, such as 120ms":                                        {"--policy", "canary.yaml", "--rps", "1", "--p95", "0ms"},
		`--output is "yaml": write text or json`:                                                       {"--policy", "canary.yaml", "--rps", "1", "-o", "yaml"},
		"--policy: open nowhere.yaml: no such file or directory":                                       {"--policy", "nowhere.yaml", "--rps", "1"},
		`invalid argument "many" for "--rps" flag: strconv.ParseFloat: parsing "many": invalid syntax`: {"--policy", "canary.yaml", "--rps", "many"},
	} {
		got := ask(t, dir, "", append([]string{"plan"}, args...)...)
		if got.code != exitBadInput || got.out != "" || !strings.HasPrefix(got.err, "kubectl serin plan: "+want) {
			t.Errorf("%v: exit code %d: %s, want %s", args, got.code, got.err, want)
		}
	}
}
