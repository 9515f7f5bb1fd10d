package notify

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

const page = "../docs/notifications.md"

// blocks are the texts of a language on the page, without their indent.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^( *)```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(raw), -1) {
		lines := strings.Split(m[2], "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], m[1])
		}
		all = append(all, strings.Join(lines, "\n"))
	}
	return all
}

func TestEveryFileOnThePageIsRight(t *testing.T) {
	var seen []string
	receivers := 0
	for _, block := range blocks(t, "yaml") {
		if strings.Contains(block, "kind: Deployment") {
			var patch appsv1.Deployment
			if err := yaml.UnmarshalStrict([]byte(block), &patch); err != nil {
				t.Errorf("%v in\n%s", err, block)
			}
			continue
		}
		all, err := parse([]byte(block), web{})
		if err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
		receivers += len(all)
		for _, r := range all {
			scheme, _, _ := strings.Cut(r.URL, ":")
			seen = append(seen, scheme)
		}
	}
	if receivers < 12 {
		t.Errorf("there are only %d receivers on the page", receivers)
	}
	for scheme := range kinds() {
		if scheme != "generic" && !slices.Contains(seen, scheme) {
			t.Errorf("there is no %s on the page", scheme)
		}
	}
}

func TestThePageHasEveryFieldOfAnEvent(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	data := reflect.TypeFor[eventData]()
	for i := range data.NumField() {
		key, left, _ := strings.Cut(data.Field(i).Tag.Get("json"), ",")
		marked := map[bool]string{true: "`" + key + "`*", false: "`" + key + "`"}[left != ""]
		if !regexp.MustCompile(`(?m)^\|[^|]*` + regexp.QuoteMeta(marked) + `( \||,)`).MatchString(text) {
			t.Errorf("no row has %s", marked)
		}
	}
	event, err := eventOf(rolledBack(), link{})
	if err != nil {
		t.Fatal(err)
	}
	for _, attribute := range []string{event.Type(), event.Source()} {
		if !strings.Contains(text, "`"+attribute+"`") {
			t.Errorf("the page does not have %s", attribute)
		}
	}
	for _, key := range append(keysOf(reflect.TypeFor[config]())[:2], keysOf(reflect.TypeFor[receiver]())...) {
		if !regexp.MustCompile("(?m)^\\| `(receivers\\[\\]\\.)?" + key + "` \\|").MatchString(text) {
			t.Errorf("the page does not say what to write for %s", key)
		}
	}
}

func TestThePageTellsTheLimits(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{
		"waits for others for 2 seconds": gatherFor == 2*time.Second,
		"1, 2, 4 ... 60 seconds":         firstPause == time.Second && longestPause == time.Minute,
		"for 15 minutes in all":          patience == 15*time.Minute,
		"An attempt has 30 seconds":      sendTimeout == 30*time.Second,
		"more than 256 notices":          mostWaiting == 256,
		"after 3 seconds of sending on":  drainFor == 3*time.Second,
		"20 of them at most":             mostTold == 20,
	}
	for text, so := range said {
		if !so || !strings.Contains(string(raw), text) {
			t.Errorf("the page does not say %q, or it is not so (%v)", text, so)
		}
	}
}
