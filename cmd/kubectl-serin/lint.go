package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/prometheus"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/lint"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
	"github.com/serin-dev/serin/config/crd"
	"github.com/serin-dev/serin/controllers/plan"
	"github.com/serin-dev/serin/controllers/traffic"
)

func newLint(s streams) *cobra.Command {
	var o output
	command := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check Canaries and MetricSources without a cluster",
		Long: `Check Canaries and MetricSources without a cluster: by the schema and the rules that an API server has of them, in its own words, and by what the operator would say
of them. Queries are checked when the MetricSource that they are for is among the files. Objects of other kinds are passed over.

Exit code: 0 nothing wrong (warnings are no errors), 1 errors found, 2 bad input.`,
		Example: "  kubectl serin lint canary.yaml metricsource.yaml\n  kustomize build . | kubectl serin lint - -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("write the files to check; - reads standard input")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runLint(s, o, args) },
	}
	o.add(command)
	return command
}

// lintJSON is what was found, for programs.
type lintJSON struct {
	Objects  int            `json:"objects"`
	Errors   int            `json:"errors"`
	Findings []lint.Finding `json:"findings"`
}

func runLint(s streams, o output, files []string) error {
	if err := o.check(); err != nil {
		return err
	}
	l, err := lint.New(crd.Bases, lintedSources())
	if err != nil {
		return failure{exitFailed, fmt.Errorf("the schemas of this program can't be read: %w", err)}
	}
	for _, file := range files {
		text, err := contents(file, s.in)
		if err != nil {
			return err
		}
		l.File(file, text)
	}
	told := lintJSON{Findings: append([]lint.Finding{}, l.Findings()...), Objects: l.Objects}
	for _, f := range told.Findings {
		if !f.Warning {
			told.Errors++
		}
	}
	if told.Objects == 0 && told.Errors == 0 {
		return fmt.Errorf("there is no Canary and no MetricSource in %s: write files that hold one", strings.Join(files, ", "))
	}
	if err := o.say(s, told, lintText(told, s.style)); err != nil {
		return err
	}
	if told.Errors > 0 {
		return answered{exitFailed}
	}
	return nil
}

func lintText(l lintJSON, style view.Style) string {
	var b strings.Builder
	for _, f := range l.Findings {
		kind := style.Mark("error", "Fail")
		if f.Warning {
			kind = style.Mark("warning", "Inconclusive")
		}
		fmt.Fprintf(&b, "%s: %s: ", f.File, kind)
		for _, part := range []string{f.Object, f.Field} {
			if part != "" {
				b.WriteString(part + ": ")
			}
		}
		b.WriteString(f.Message + "\n")
	}
	fmt.Fprintf(&b, "%d checked, %d with errors or warnings, %d errors\n", l.Objects, len(objectsIn(l.Findings)), l.Errors)
	return b.String()
}

func objectsIn(findings []lint.Finding) map[string]bool {
	in := map[string]bool{}
	for _, f := range findings {
		in[f.File+" "+f.Object] = true
	}
	return in
}

// lintedSources are the types of sources that this program knows, as the operator does.
func lintedSources() lint.Sources {
	return lint.Sources{
		"prometheus": {
			Check: func(m *v1alpha1.MetricSource) error { return makes(prometheus.New, m) },
			Queries: func(preset string, c *v1alpha1.Canary, asked plan.Plan) error {
				_, err := prometheus.Questions(preset, exampleOf(c), asked.Queries, analysis.Window{})
				return err
			},
		},
		"datadog": {
			Check: func(m *v1alpha1.MetricSource) error { return makes(datadog.New, m) },
			Queries: func(preset string, c *v1alpha1.Canary, asked plan.Plan) error {
				_, err := datadog.Questions(preset, exampleOf(c), asked.Queries)
				return err
			},
		},
	}
}

// makes says why a factory makes no source of a MetricSource. Its Secret can't be known here, and is taken to be as it should.
func makes(factory analysis.Factory, m *v1alpha1.MetricSource) error {
	config := analysis.Config{Address: m.Spec.Address, Preset: m.Spec.Preset, Timeout: m.Spec.TimeoutOrDefault(), Headers: m.Spec.Headers}
	switch {
	case m.Spec.SigV4 != nil:
		config.SigningRegion = m.Spec.SigV4.Region
		config.Credentials = map[string][]byte{"aws_access_key_id": []byte("id"), "aws_secret_access_key": []byte("key")}
	case m.Spec.Type == "datadog" && m.Spec.SecretRef != nil:
		config.Credentials = map[string][]byte{"api-key": []byte("key"), "app-key": []byte("key")}
	case m.Spec.SecretRef != nil:
		config.Credentials = map[string][]byte{"token": []byte("token")}
	}
	_, err := factory(config)
	return err
}

// exampleOf is a release of a Canary with arms that any source can tell apart, so that only what is written in the Canary can be wrong.
func exampleOf(c *v1alpha1.Canary) analysis.Subject {
	arm := func(version string) analysis.Target {
		return analysis.Target{ReplicaSet: "example-" + version, Labels: map[string]string{
			"tags.datadoghq.com/service": "example", "tags.datadoghq.com/env": "example", "tags.datadoghq.com/version": version,
		}}
	}
	s := analysis.Subject{Namespace: "example", Baseline: arm("v1"), Candidate: arm("v2")}
	if t := c.Spec.Traffic; t != nil {
		s.Baseline.Service, s.Baseline.Port = traffic.BaselineService(c.Name), t.Service.Port
		s.Candidate.Service, s.Candidate.Port = traffic.CandidateService(c.Name), t.Service.Port
	}
	return s
}
