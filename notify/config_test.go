package notify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hidden are secrets in every place of a file that may have one. No error may repeat as much as a part of them.
const hidden = "hunter2hunter2"

func TestAWrongFileIsRefusedWithTheFieldAndWhatToWrite(t *testing.T) {
	one := func(receiver string) string { return "receivers: [" + receiver + "]" }
	for name, c := range map[string]struct{ file, want string }{
		"no YAML":                          {"receivers:\n- name: a\n  url: 'hunter2hunter2\n", "line 4: this is no YAML"},
		"a key twice":                      {"receivers: []\nhunter2hunter2: 1\nhunter2hunter2: 2\n", "line 3: this is no YAML"},
		"a list":                           {"[hunter2hunter2]", "write a map with the keys cluster, link and receivers"},
		"a key that is not known":          {"hunter2hunter2: x", "the file has a key that is not known: write cluster, link, receivers"},
		"one of a receiver":                {one("{name: a, hunter2hunter2: x}"), "receivers[0] has a key that is not known: write name, url, cloudEvents, headers, reasons, namespaces"},
		"one in other letters":             {one("{Name: a}"), "receivers[0] has a key that is not known"},
		"receivers that are a map":         {"receivers: {hunter2hunter2: x}", "receivers: write a list"},
		"a receiver that is a text":        {one("hunter2hunter2"), "receivers: write a list"},
		"reasons that are a text":          {one("{name: a, reasons: hunter2hunter2}"), "receivers.reasons: write a list"},
		"a name that is a number":          {one("{name: 5}"), "receivers.name: write a text"},
		"headers that are a list":          {one("{name: a, cloudEvents: 'https://a', headers: [hunter2hunter2]}"), "receivers.headers: write a map"},
		"a cluster of many lines":          {`cluster: "a\nhunter2hunter2"`, "cluster: write up to 63 letters"},
		"a link to nowhere":                {"link: hunter2hunter2", "link: write the URL of a page"},
		"a link with another placeholder":  {"link: https://a/{hunter2hunter2}", "link: it has braces around something else: write {namespace}, {canary} or {revision}"},
		"no name":                          {one("{url: 'generic://hunter2hunter2/'}"), "receivers[0].name: write up to 63 lower case letters"},
		"a name with a slash":              {one("{name: a/hunter2hunter2, url: 'generic://a/'}"), "receivers[0].name: write"},
		"a name twice":                     {one("{name: a, url: 'generic://a/'}, {name: a, url: 'generic://b/'}"), "receivers[1].name: another receiver has it"},
		"no address":                       {one("{name: a}"), "receivers[0].url: it is missing"},
		"two addresses":                    {one("{name: a, url: 'generic://a/', cloudEvents: 'https://a'}"), "receivers[0].cloudEvents: there is a url, too"},
		"headers of a service":             {one("{name: a, url: 'generic://a/', headers: {A: hunter2hunter2}}"), "receivers[0].headers: they go with cloudEvents alone"},
		"a header of two lines":            {one(`{name: a, cloudEvents: 'https://a', headers: {A: "hunter2hunter2\nb"}}`), "receivers[0].headers: one can't be sent"},
		"a header of the event's own":      {one("{name: a, cloudEvents: 'https://a', headers: {CE-Id: hunter2hunter2}}"), "receivers[0].headers: one can't be sent"},
		"no address of CloudEvents":        {one("{name: a, cloudEvents: 'hunter2hunter2'}"), "receivers[0].cloudEvents: write the address"},
		"a reason that is none":            {one("{name: a, url: 'generic://a/', reasons: [RolledBack, hunter2hunter2]}"), "receivers[0].reasons[1]: no Canary has this reason"},
		"all reasons and another":          {one("{name: a, url: 'generic://a/', reasons: ['*', RolledBack]}"), "receivers[0].reasons[0]: no Canary has this reason"},
		"a namespace that is none":         {one("{name: a, url: 'generic://a/', namespaces: ['hunter2hunter2*']}"), "receivers[0].namespaces[0]: write the name of a namespace"},
		"no URL":                           {one("{name: a, url: 'slack://hunter2hunter2%'}"), "receivers[0].url: it can't be read as a URL"},
		"a service that is not known":      {one("{name: a, url: 'hunter2hunter2://b'}"), "receivers[0].url: there is no such service: write a URL that begins with one of discord://, "},
		"the address of a webhook itself":  {one("{name: a, url: 'https://hooks.slack.com/services/hunter2hunter2'}"), "receivers[0].url: there is no such service"},
		"Slack without a token":            {one("{name: a, url: 'slack://hunter2hunter2@webhook'}"), "receivers[0].url: it does not fit slack: write slack://hook:"},
		"Slack with an option it has not":  {one("{name: a, url: 'slack://hook:T00000000-B00000000-abcdefghijklmnopqrstuvwx@webhook?hunter2hunter2=1'}"), "it does not fit slack"},
		"Slack with nothing":               {one("{name: a, url: 'slack://'}"), "it does not fit slack"},
		"Discord without a webhook":        {one("{name: a, url: 'discord://hunter2hunter2'}"), "it does not fit discord"},
		"Discord with JSON of its own":     {one("{name: a, url: 'discord://hunter2hunter2@1/raw'}"), "it does not fit discord"},
		"Teams without an address":         {one("{name: a, url: 'teams+https:///hunter2hunter2'}"), "it does not fit teams+https"},
		"PagerDuty with half a key":        {one("{name: a, url: 'pagerduty:///hunter2hunter2'}"), "it does not fit pagerduty: write pagerduty:///<integration key>"},
		"Opsgenie without a key":           {one("{name: a, url: 'opsgenie://hunter2hunter2.example'}"), "it does not fit opsgenie"},
		"mail to nobody":                   {one("{name: a, url: 'smtp://u:hunter2hunter2@mail/?from=a@b'}"), "it does not fit smtp"},
		"mail to whoever answers":          {one("{name: a, url: 'smtp://u:hunter2hunter2@mail/?from=a@b&to=c@d&skipTLSVerify=yes'}"), "receivers[0].url: it turns the verification of certificates off"},
		"a webhook with a template":        {one("{name: a, url: 'generic://hook/?template=hunter2hunter2'}"), "it does not fit generic"},
		"a webhook that is asked":          {one("{name: a, url: 'generic://hook/hunter2hunter2?method=get'}"), "it does not fit generic"},
		"a webhook with a header that can": {one("{name: a, url: 'generic://hook/?@A%20b=hunter2hunter2'}"), "it does not fit generic"},
		"more receivers than there may be": {"receivers: [" + strings.Repeat("{name: a},", mostReceivers+1) + "]", "receivers: there are 65: write at most 64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse([]byte(c.file), web{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, want %q in it", err, c.want)
			}
			if err != nil && strings.Contains(strings.ToLower(err.Error()), hidden[:7]) {
				t.Errorf("it repeats what is in the file: %v", err)
			}
		})
	}
}

func TestAnEmptyFileTellsNobody(t *testing.T) {
	for _, file := range []string{"", "receivers: []", "receivers:", "{}", "# nobody yet"} {
		if receivers, err := parse([]byte(file), web{}); err != nil || len(receivers) != 0 {
			t.Errorf("%q: %v, %v", file, receivers, err)
		}
	}
}

func TestPlaceholdersOfALinkAreEscaped(t *testing.T) {
	l, err := parseLink("https://a/{namespace}/{canary}?r={revision}")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.to(Notice{Namespace: "a b", Canary: "c/d&e", Revision: "{canary}"}), "https://a/a+b/c%2Fd%26e?r=%7Bcanary%7D"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEveryReasonOfACanaryIsKnown reads the reasons where they are declared. Those of a MetricSource come last there.
func TestEveryReasonOfACanaryIsKnown(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../api/v1alpha1/conditions.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Reason") {
			word, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, word)
		}
		return true
	})
	end := slices.Index(declared, "Answering")
	if end < 40 {
		t.Fatalf("found only %d reasons of a Canary", end)
	}
	known := reasons()
	slices.Sort(known)
	declared = slices.Sorted(slices.Values(declared[:end]))
	if !slices.Equal(known, declared) {
		t.Errorf("known are\n%v\nand declared\n%v", known, declared)
	}
}
