package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/prometheus"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
	"github.com/serin-dev/serin/controllers/plan"
	"github.com/serin-dev/serin/controllers/traffic"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	output

	reach *reach
}

func newExplain(s streams) *cobra.Command {
	o := &explainOptions{}
	command := &cobra.Command{
		Use:   "explain NAME",
		Short: "Say why the last release was refused, and what to do",
		Long: `Say why the last release was refused, so that nothing else has to be looked up: which metric, by how much, on how many requests, at which step, what to do now, and
the queries to paste into the metrics backend to see it yourself.`,
		Example: "  kubectl serin explain read-api -n shop",
		Args:    exactlyOne,
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args[0]) },
	}
	o.reach = newReach(command)
	o.add(command)
	command.ValidArgsFunction = o.reach.completeCanaries(nil)
	return command
}

func (o *explainOptions) run(ctx context.Context, s streams, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := o.reach.connect()
	if err != nil {
		return err
	}
	canary, err := c.canary(ctx, name)
	if err != nil {
		return err
	}
	e := view.Explain(canary, c.asked(ctx, canary))
	return o.say(s, e, e.Text(s.style, s.clock.Now()))
}

// asked finds out what the source was asked. What can't be found out is told in the place of the queries: the rest of the explanation stands without them.
func (c *cluster) asked(ctx context.Context, canary *v1alpha1.Canary) view.Asked {
	source, err := c.source(ctx, canary.Spec.Analysis.Source)
	if err != nil {
		return view.Asked{Missing: err.Error()}
	}
	asked := view.Asked{Source: fmt.Sprintf("MetricSource %s (%s at %s)", source.Name, source.Spec.Type, source.Spec.Address)}
	if asked.Questions, err = c.questions(ctx, canary, source); err != nil {
		asked.Missing = "the queries can't be told: " + err.Error()
	}
	return asked
}

// source is the MetricSource of a Canary.
func (c *cluster) source(ctx context.Context, name string) (*v1alpha1.MetricSource, error) {
	if name != "" {
		source := &v1alpha1.MetricSource{}
		if err := c.client.Get(ctx, types.NamespacedName{Name: name}, source); err != nil {
			return nil, fmt.Errorf("the MetricSource %s can't be read: %w", name, err)
		}
		return source, nil
	}
	all := &v1alpha1.MetricSourceList{}
	if err := c.client.List(ctx, all); err != nil {
		return nil, fmt.Errorf("the MetricSources can't be read: %w", err)
	}
	var found *v1alpha1.MetricSource
	for i := range all.Items {
		if !all.Items[i].Spec.Default {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s and %s are both the default MetricSource", found.Name, all.Items[i].Name)
		}
		found = &all.Items[i]
	}
	if found == nil {
		return nil, fmt.Errorf("spec.analysis.source is empty, and no MetricSource is the default")
	}
	return found, nil
}

// widest is how much of a release the queries are about at most: its end.
const widest = time.Hour

// questions are what the operator asked the source in the last release.
func (c *cluster) questions(ctx context.Context, canary *v1alpha1.Canary, source *v1alpha1.MetricSource) ([]analysis.Question, error) {
	asked, err := plan.Of(canary.Spec)
	if err != nil {
		return nil, err
	}
	subject, err := c.subject(ctx, canary)
	if err != nil {
		return nil, err
	}
	switch source.Spec.Type {
	case "prometheus":
		return prometheus.Questions(source.Spec.Preset, subject, asked.Queries, windowOf(canary))
	case "datadog":
		return datadog.Questions(source.Spec.Preset, subject, asked.Queries)
	}
	return nil, fmt.Errorf("this kubectl-serin does not know sources of type %s", source.Spec.Type)
}

// subject tells the arms apart, as the operator does.
func (c *cluster) subject(ctx context.Context, canary *v1alpha1.Canary) (analysis.Subject, error) {
	seen, err := c.workload(ctx, canary)
	if err != nil {
		return analysis.Subject{}, fmt.Errorf("the Deployment and its ReplicaSets can't be read: %w", err)
	}
	s := analysis.Subject{
		Namespace: canary.Namespace,
		Baseline:  analysis.Target{ReplicaSet: seen.Baseline.Name, Labels: seen.Baseline.Labels},
		Candidate: analysis.Target{ReplicaSet: seen.Candidate.Name, Labels: seen.Candidate.Labels},
	}
	if m := canary.Status.Rollout; s.Candidate.ReplicaSet == "" && m != nil && m.Candidate == seen.Wanted {
		s.Candidate = analysis.Target{ReplicaSet: seen.WantedSet, Labels: seen.WantedLabels}
	}
	if t := canary.Spec.Traffic; t != nil {
		s.Baseline.Service, s.Baseline.Port = traffic.BaselineService(canary.Name), t.Service.Port
		s.Candidate.Service, s.Candidate.Port = traffic.CandidateService(canary.Name), t.Service.Port
	}
	return s, nil
}

// windowOf is what the last verdict was about.
func windowOf(c *v1alpha1.Canary) analysis.Window {
	w := analysis.Window{}
	if a := c.Status.Analysis; a != nil && a.Since != nil && a.Until != nil {
		w = analysis.Window{From: a.Since.UTC(), To: a.Until.UTC()}
	} else if len(c.Status.History) > 0 && c.Status.History[0].EndedAt != nil {
		w.To = c.Status.History[0].EndedAt.UTC()
	}
	if w.To.Sub(w.From) > widest {
		w.From = w.To.Add(-widest)
	}
	return w
}
