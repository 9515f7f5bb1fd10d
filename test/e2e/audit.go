package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// call is one request to the API server, as its audit log tells.
type call struct {
	Verb string `json:"verb"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	Object struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
	} `json:"objectRef"`
	Response struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Received time.Time `json:"requestReceivedTimestamp"`
}

// what names a call: "patch canaries/status".
func (c call) what() string {
	if c.Object.Subresource != "" {
		return c.Verb + " " + c.Object.Resource + "/" + c.Object.Subresource
	}
	return c.Verb + " " + c.Object.Resource
}

// writes says that the call changes what is stored, events not counted.
func (c call) writes() bool {
	return slices.Contains([]string{"create", "update", "patch", "delete"}, c.Verb) && c.Object.Resource != "events"
}

// calls are those of the operator about one namespace between two moments.
func (c *cluster) calls(namespace string, from, to time.Time) ([]call, error) {
	// The file is turned over when it is large.
	files, err := filepath.Glob(strings.TrimSuffix(c.auditLog, ".log") + "*.log")
	if err != nil {
		return nil, err
	}
	var out []call
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			// Decoding all of a large file would take longer than some journeys.
			if line := lines.Bytes(); !bytes.Contains(line, []byte(operatorUser)) || !bytes.Contains(line, []byte(`"namespace":"`+namespace+`"`)) {
				continue
			}
			var one call
			if json.Unmarshal(lines.Bytes(), &one) != nil { // the last line may be half written
				continue
			}
			if one.User.Username == operatorUser && one.Object.Namespace == namespace && !one.Received.Before(from) && one.Received.Before(to) {
				out = append(out, one)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
	}
	return out, nil
}

// table counts calls by verb and resource, the most frequent first, and how many of them were refused.
func table(calls []call) string {
	count, refused := map[string]int{}, map[string]int{}
	var kinds []string
	for _, c := range calls {
		if count[c.what()] == 0 {
			kinds = append(kinds, c.what())
		}
		count[c.what()]++
		if c.Response.Code >= 400 {
			refused[c.what()]++
		}
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, kind := range kinds {
		note := ""
		if n := refused[kind]; n > 0 {
			note = fmt.Sprintf(" (%d refused)", n)
		}
		fmt.Fprintf(t, "  %d\t  %s%s\n", count[kind], kind, note)
	}
	if err := t.Flush(); err != nil {
		return err.Error()
	}
	return b.String()
}
