package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
)

// policyFlag says the same of the flag in every command.
const policyFlag = "file with a Canary, whose steps and analysis are taken; - reads standard input"

// policyIn reads the Canary of a file. The file may hold other objects besides, as it does in Git.
func policyIn(file string, in io.Reader) (plan.Plan, error) {
	text, err := contents(file, in)
	if err != nil {
		return plan.Plan{}, fmt.Errorf("--policy: %w", err)
	}
	canary, err := onlyCanary(text)
	if err != nil {
		return plan.Plan{}, fmt.Errorf("--policy %s: %w", file, err)
	}
	p, err := plan.Of(canary.Spec)
	if err == nil {
		err = followable(p)
	}
	if err != nil {
		return p, fmt.Errorf("--policy %s: Canary %s: %w", file, canary.Name, err)
	}
	return p, nil
}

func contents(file string, in io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(file)
}

// onlyCanary is the one Canary among the objects of a file.
func onlyCanary(text []byte) (*v1alpha1.Canary, error) {
	var found *v1alpha1.Canary
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return nil, err
		}
		group, _, _ := strings.Cut(kind.APIVersion, "/")
		if kind.Kind != "Canary" || group != v1alpha1.Group {
			continue
		}
		if kind.APIVersion != v1alpha1.GroupVersion().String() {
			return nil, fmt.Errorf("apiVersion is %s: this kubectl-serin reads %s", kind.APIVersion, v1alpha1.GroupVersion())
		}
		canary := &v1alpha1.Canary{}
		if err := yaml.UnmarshalStrict(document, canary); err != nil {
			return nil, err
		}
		if found != nil {
			return nil, fmt.Errorf("there are two Canaries, %s and %s: write a file with one", found.Name, canary.Name)
		}
		found = canary
	}
	if found == nil {
		return nil, fmt.Errorf("there is no Canary: write a file with an object of kind Canary, apiVersion %s", v1alpha1.GroupVersion())
	}
	return found, nil
}

// followable says what an API server would have refused, and what no release could follow.
func followable(p plan.Plan) error {
	weight := int32(0)
	for i, s := range p.Release.Steps {
		if s.Weight <= weight || s.Weight > 100 {
			return fmt.Errorf("spec.steps[%d].weight is %d after %d: weights rise from one step to the next and end at 100", i, s.Weight, weight)
		}
		if s.Bake < 0 {
			return fmt.Errorf("spec.steps[%d].bake is %s: write a time of 0s or more", i, s.Bake)
		}
		weight = s.Weight
	}
	if weight != 100 {
		return errors.New("spec.steps must end with weight 100: add {weight: 100} as the last step")
	}
	if p.Release.Interval <= 0 {
		return fmt.Errorf("spec.analysis.interval is %s: write a time from 1s to 10m, such as 15s", p.Release.Interval)
	}
	if p.Release.EvidenceDeadline < 0 {
		return fmt.Errorf("spec.analysis.deadline is %s: write a time from 1m to 168h, such as 15m", p.Release.EvidenceDeadline)
	}
	return nil
}
