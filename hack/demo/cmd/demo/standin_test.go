package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/hack/demo/stage"
	"github.com/serin-dev/serin/hack/demo/view"
)

func TestAStandInIsCalledOne(t *testing.T) {
	for name, test := range map[string]struct {
		source stage.Source
		told   string // by the stand-in; empty when it does not answer
		want   []string
	}{
		"Prometheus is itself": {source: stage.Prometheus},
		"a stand-in says what it counted": {
			stage.Datadog, `{"requests":1234,"errors":5,"looks":67,"health":89,"limit":1600,"refused":1}`,
			[]string{
				"Not Datadog, but a stand-in", "what follows says nothing about Datadog's own service", "It was not Datadog",
				"Up to its last full ten seconds it counted 1234 requests of the app's pods, 5 of which failed. Serin asked it 67 times about them and 89 times whether it is well; its rate limit, " +
					"1600 requests an hour, refused 1 of these.",
			},
		},
		"one that is gone is called one all the same": {stage.Datadog, "", []string{"It was not Datadog", "What it counted is not known: connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := &stage.Stage{Settings: stage.Settings{Source: test.source}, Config: &rest.Config{}}
			s.Kubectl.Run = func(context.Context, stage.Command) (string, error) {
				if test.told == "" {
					return "", errors.New("connection refused")
				}
				return test.told, nil
			}
			d := &demo{terminal: view.NewPlain(&out), stage: s}
			d.foreword()
			d.afterword(t.Context())
			text := strings.Join(strings.Fields(out.String()), " ")
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			if test.want == nil && text != "" {
				t.Errorf("it says\n%s", text)
			}
		})
	}
}
