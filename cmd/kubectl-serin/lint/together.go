package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
)

// together checks what the schema can't see: what the operator would say of an object, and of objects beside each other.
func (l *Linter) together() {
	defaults := map[string][]string{}
	for _, s := range l.found {
		if s.source.Spec.Default {
			defaults["default"] = append(defaults["default"], s.source.Name)
		}
		l.checkSource(s)
	}
	if many := defaults["default"]; len(many) > 1 {
		for _, s := range l.found {
			if s.source.Spec.Default {
				l.tell(s.at, "spec.default", fmt.Sprintf("more than one MetricSource is the default: %s; leave spec.default: true on one of them", strings.Join(many, ", ")), false)
			}
		}
	}
	targets := map[string]string{}
	for _, c := range l.canaries {
		l.checkCanary(c)
		target := c.canary.Namespace + "/" + c.canary.Spec.TargetRef.Name
		if elder := targets[target]; elder != "" {
			l.tell(c.at, "spec.targetRef", fmt.Sprintf("the Canary %s watches over the Deployment %s already; delete one of the two", elder, c.canary.Spec.TargetRef.Name), false)
		}
		targets[target] = c.canary.Name
	}
}

func (l *Linter) tell(at Finding, field, message string, warning bool) {
	at.Field, at.Message, at.Warning = field, message, warning
	l.add(at)
}

// checkSource says why the operator could not make a source of a MetricSource.
func (l *Linter) checkSource(s sourceIn) {
	known, ok := l.sources[s.source.Spec.Type]
	if !ok {
		l.tell(s.at, "spec.type", fmt.Sprintf("unknown type of source: spec.type is %q; write %s", s.source.Spec.Type, strings.Join(slices.Sorted(maps.Keys(l.sources)), " or ")), false)
		return
	}
	if err := known.Check(s.source); err != nil {
		l.tell(s.at, "spec", err.Error(), false)
	}
}

// checkCanary says what the operator would say of a Canary, and what may not be meant.
func (l *Linter) checkCanary(c canaryIn) {
	asked, err := plan.Of(c.canary.Spec)
	if err != nil {
		l.tell(c.at, "", err.Error(), false)
		return
	}
	l.doubts(c, asked)
	source := l.sourceOf(c.canary.Spec.Analysis.Source)
	if source == nil {
		return
	}
	if known, ok := l.sources[source.Spec.Type]; ok {
		if err := known.Queries(source.Spec.Preset, c.canary, asked); err != nil {
			l.tell(c.at, "spec.analysis.metrics", err.Error(), false)
		}
	}
}

// sourceOf is the MetricSource of that name among the files, or the default one; nil when none of them is it.
func (l *Linter) sourceOf(name string) *v1alpha1.MetricSource {
	for _, s := range l.found {
		if s.source.Name == name || name == "" && s.source.Spec.Default {
			return s.source
		}
	}
	return nil
}

// doubts are about what would be accepted and works, and is seldom meant.
func (l *Linter) doubts(c canaryIn, asked plan.Plan) {
	steps, a := asked.Release.Steps, c.canary.Spec.Analysis
	var long time.Duration
	for i, s := range steps {
		if s.Weight < 100 {
			long = max(long, s.Bake)
		}
		if s.Bake > 0 && s.Bake < asked.Release.Interval {
			l.tell(c.at, fmt.Sprintf("spec.steps[%d].bake", i), fmt.Sprintf("%s is shorter than analysis.interval (%s): the step waits for a look all the same", s.Bake, asked.Release.Interval), true)
		}
	}
	if len(steps) == 1 {
		l.tell(c.at, "spec.steps", "the only step is 100%, where no baseline serves beside the candidate to compare it with: add a step below 100", true)
	} else if last := steps[len(steps)-1]; last.Bake > long && long > 0 {
		l.tell(c.at, fmt.Sprintf("spec.steps[%d].bake", len(steps)-1), "the longest bake is at 100%, where there is no baseline to compare with: let the long bakes be below 100", true)
	}
	if a.OnInconclusiveOrDefault() == v1alpha1.InconclusiveAdvance {
		l.tell(c.at, "spec.analysis.onInconclusive", "Advance lets a candidate go on without evidence, also while the source is silent", true)
	}
}
