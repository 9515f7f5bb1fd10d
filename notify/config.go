package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/analysis/httpsource"
)

// config is the file. All of it is secret, because addresses hold tokens: no error about it may repeat what is written in it.
type config struct {
	// Cluster is put before every title, where several clusters tell the same people.
	Cluster string `json:"cluster"`
	// Link is added to every message, with {namespace}, {canary} and {revision} filled in.
	Link      string     `json:"link"`
	Receivers []receiver `json:"receivers"`
}

// receiver is somebody to tell.
type receiver struct {
	Name string `json:"name"`
	// URL names a service in the way of Shoutrrr. CloudEvents is the address of whatever takes CloudEvents over HTTP. There is one of the two.
	URL         string            `json:"url"`
	CloudEvents string            `json:"cloudEvents"`
	Headers     map[string]string `json:"headers"`
	// Reasons and Namespaces are what is told; left out, what somebody has to act on, in any namespace.
	Reasons    []string `json:"reasons"`
	Namespaces []string `json:"namespaces"`

	sender sender
	link   link
}

// everything as the only reason stands for all.
const everything = "*"

// wants says that the receiver is to be told.
func (r receiver) wants(n Notice) bool {
	if len(r.Namespaces) > 0 && !slices.Contains(r.Namespaces, n.Namespace) {
		return false
	}
	if len(r.Reasons) == 0 {
		return n.forPeople()
	}
	return r.Reasons[0] == everything || slices.Contains(r.Reasons, n.Reason)
}

// most receivers that a file may have: each has a worker and a queue.
const mostReceivers = 64

// parse reads the file. Each error names a field and says what to write.
func parse(text []byte, web web) ([]receiver, error) {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, notYAML(err)
	}
	var c config
	if err := fits(asJSON, reflect.TypeFor[config]()); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(asJSON, &c); err != nil {
		return nil, wrongType(err)
	}
	if !printable.MatchString(c.Cluster) {
		return nil, errors.New("cluster: write up to 63 letters, digits, spaces and any of . _ / -")
	}
	l, err := parseLink(c.Link)
	if err != nil {
		return nil, err
	}
	l.cluster = c.Cluster
	if len(c.Receivers) > mostReceivers {
		return nil, fmt.Errorf("receivers: there are %d: write at most %d", len(c.Receivers), mostReceivers)
	}
	names := map[string]bool{}
	for i := range c.Receivers {
		r := &c.Receivers[i]
		if err := r.complete(web, l, names); err != nil {
			return nil, fmt.Errorf("receivers[%d].%w", i, err)
		}
	}
	return c.Receivers, nil
}

var (
	printable    = regexp.MustCompile(`^[A-Za-z0-9 ._/-]{0,63}$`)
	receiverName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// complete says what is wrong with a receiver, and makes its sender.
func (r *receiver) complete(web web, l link, names map[string]bool) error {
	switch {
	case !receiverName.MatchString(r.Name):
		return errors.New("name: write up to 63 lower case letters, digits and -, as in on-call")
	case names[r.Name]:
		return errors.New("name: another receiver has it: write a name of its own")
	case r.URL == "" && r.CloudEvents == "":
		return errors.New("url: it is missing: write the service's URL, or cloudEvents with the address of whatever takes CloudEvents")
	case r.URL != "" && r.CloudEvents != "":
		return errors.New("cloudEvents: there is a url, too: write one of the two, and another receiver for the other")
	case r.URL != "" && len(r.Headers) > 0:
		return errors.New("headers: they go with cloudEvents alone: of a generic webhook write them into its url, as in ?@Authorization=<value>")
	}
	names[r.Name], r.link = true, l
	if err := r.checkFilters(); err != nil {
		return err
	}
	var err error
	if r.CloudEvents != "" {
		r.sender, err = newCloudEvents(r.CloudEvents, r.Headers, web)
		return err
	}
	if r.sender, err = newService(r.URL, web); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	return nil
}

var namespaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (r *receiver) checkFilters() error {
	for i, reason := range r.Reasons {
		if reason == everything && len(r.Reasons) == 1 {
			break
		}
		if !knownReason(reason) {
			return fmt.Errorf(`reasons[%d]: no Canary has this reason: write one of those in docs/oncall.md, as in RolledBack, or "*" alone for all`, i)
		}
	}
	for i, namespace := range r.Namespaces {
		if !namespaceName.MatchString(namespace) {
			return fmt.Errorf("namespaces[%d]: write the name of a namespace", i)
		}
	}
	return nil
}

// checkHeaders keeps to headers that can be sent, and that are not the event's own.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if err := httpsource.CheckHeader(name, value); err != nil || strings.HasPrefix(strings.ToLower(name), "ce-") {
			return errors.New("headers: one can't be sent: write names as in Authorization, values of one line, and none that begins with ce-")
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// notYAML keeps the number of the line, and nothing of what is there.
func notYAML(err error) error {
	if at := yamlLine.FindStringSubmatch(err.Error()); at != nil {
		return fmt.Errorf("line %s: this is no YAML: mend what is written there or just before", at[1])
	}
	return errors.New("this is no YAML, or a key is there twice: write cluster, link and receivers, each once")
}

// wrongType names a field whose value is of another type.
func wrongType(err error) error {
	var of *json.UnmarshalTypeError
	if !errors.As(err, &of) || of.Field == "" {
		return errors.New("write a map with the keys cluster, link and receivers")
	}
	return fmt.Errorf("%s: write %s", of.Field, typeWord(of.Type))
}

func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a map of keys and texts"
	default:
		return "a text, in quotes where it could be something else"
	}
}

// fits refuses keys that are not known. It names where they are and not what they are: a secret may have slipped into the place of a key.
func fits(asJSON []byte, t reflect.Type) error {
	var top map[string]json.RawMessage
	if json.Unmarshal(asJSON, &top) != nil {
		return errors.New("write a map with the keys cluster, link and receivers")
	}
	if !allIn(top, keysOf(t)) {
		return fmt.Errorf("the file has a key that is not known: write %s", strings.Join(keysOf(t), ", "))
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(top["receivers"], &list) != nil && top["receivers"] != nil {
		return errors.New("receivers: write a list, each with a name and a url or cloudEvents")
	}
	for i, one := range list {
		if known := keysOf(reflect.TypeFor[receiver]()); !allIn(one, known) {
			return fmt.Errorf("receivers[%d] has a key that is not known: write %s", i, strings.Join(known, ", "))
		}
	}
	return nil
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("json"); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func allIn(object map[string]json.RawMessage, known []string) bool {
	for key := range object {
		if !slices.Contains(known, key) {
			return false
		}
	}
	return true
}

// link is what is added to every message.
type link struct{ template, cluster string }

var placeholder = regexp.MustCompile(`\{[^}]*\}?`)

func parseLink(template string) (link, error) {
	for _, p := range placeholder.FindAllString(template, -1) {
		if !slices.Contains([]string{"{namespace}", "{canary}", "{revision}"}, p) {
			return link{}, errors.New("link: it has braces around something else: write {namespace}, {canary} or {revision}")
		}
	}
	u, err := url.Parse(placeholder.ReplaceAllString(template, "x"))
	if template != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return link{}, errors.New("link: write the URL of a page, as in https://grafana.example/d/serin?var-namespace={namespace}&var-canary={canary}")
	}
	return link{template: template}, nil
}

// to is the link to the page about a Canary; empty when there is none.
func (l link) to(n Notice) string {
	return strings.NewReplacer(
		"{namespace}", url.QueryEscape(n.Namespace), "{canary}", url.QueryEscape(n.Canary), "{revision}", url.QueryEscape(n.Revision),
	).Replace(l.template)
}
