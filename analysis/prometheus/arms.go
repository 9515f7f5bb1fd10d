package prometheus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// arms tells the arms of one subject apart.
type arms struct {
	// matchers select the series of both arms.
	matchers []matcher
	// each selects the series of one arm; empty for an arm that is not known.
	each [2][]matcher
	// of says which arm a series belongs to, and which of its pods, empty when only the arm is known.
	of func(labels map[string]string) (arm analysis.Arm, pod string, ok bool)
}

// armsOf tells how the arms of a subject are told apart, or why they can't be.
type armsOf func(analysis.Subject) (arms, error)

// byPod knows the arms by labels with the namespace and name of the pod that served the request.
func byPod(namespaceLabel, podLabel string) armsOf {
	return func(s analysis.Subject) (arms, error) {
		prefixes := [...]string{analysis.Baseline: podPrefix(s.Baseline.ReplicaSet), analysis.Candidate: podPrefix(s.Candidate.ReplicaSet)}
		if prefixes[analysis.Baseline] == "" && prefixes[analysis.Candidate] == "" {
			return arms{}, fmt.Errorf("neither arm has a ReplicaSet to know its pods by")
		}
		if prefixes[analysis.Baseline] == prefixes[analysis.Candidate] {
			return arms{}, fmt.Errorf("the pods of both versions are named %s...: the workload's name is too long to tell them apart", prefixes[0])
		}
		var patterns []string
		var each [2][]matcher
		for arm, p := range prefixes {
			if p != "" {
				pattern := regexp.QuoteMeta(p) + fmt.Sprintf("[a-z0-9]{%d}", podSuffix)
				patterns = append(patterns, pattern)
				each[arm] = []matcher{equals(namespaceLabel, s.Namespace), oneOf(podLabel, pattern)}
			}
		}
		return arms{
			each:     each,
			matchers: []matcher{equals(namespaceLabel, s.Namespace), oneOf(podLabel, patterns...)},
			of: func(labels map[string]string) (analysis.Arm, string, bool) {
				pod := labels[podLabel]
				for arm, prefix := range prefixes {
					if prefix != "" && len(pod) == len(prefix)+podSuffix && strings.HasPrefix(pod, prefix) {
						return analysis.Arm(arm), pod, true
					}
				}
				return 0, "", false
			},
		}, nil
	}
}

// podSuffix is the number of random characters at the end of a pod's name.
const podSuffix = 5

// podPrefix is what the names of a ReplicaSet's pods begin with. Kubernetes cuts it so that the whole fits a DNS label.
func podPrefix(replicaSet string) string {
	const most = 63 - podSuffix
	if replicaSet == "" {
		return ""
	}
	prefix := replicaSet + "-"
	return prefix[:min(len(prefix), most)]
}

// byService knows the arms by a label that a gateway derives from the Service's name; patterns match its values.
func byService(label string, patterns func(namespace string, t analysis.Target) []string) armsOf {
	return func(s analysis.Subject) (arms, error) {
		if err := haveServices(s); err != nil {
			return arms{}, err
		}
		both := [...][]string{analysis.Baseline: patterns(s.Namespace, s.Baseline), analysis.Candidate: patterns(s.Namespace, s.Candidate)}
		var whole [len(both)]*regexp.Regexp
		var each [2][]matcher
		for arm := range both {
			each[arm] = []matcher{oneOf(label, both[arm]...)}
			whole[arm] = regexp.MustCompile("^(?:" + strings.Join(both[arm], "|") + ")$")
		}
		return arms{
			each:     each,
			matchers: []matcher{oneOf(label, append(both[analysis.Baseline], both[analysis.Candidate]...)...)},
			of: func(labels map[string]string) (analysis.Arm, string, bool) {
				for arm, pattern := range whole {
					if pattern.MatchString(labels[label]) {
						return analysis.Arm(arm), "", true
					}
				}
				return 0, "", false
			},
		}, nil
	}
}

// byBackend knows the arms as ingress-nginx tells them: the service label always names the Service of the main Ingress, and
// requests that a canary Ingress took have a canary label of the form namespace-service-port besides.
func byBackend(namespaceLabel, serviceLabel string) armsOf {
	return func(s analysis.Subject) (arms, error) {
		if err := haveServices(s); err != nil {
			return arms{}, err
		}
		services := map[string]analysis.Arm{s.Baseline.Service: analysis.Baseline, s.Candidate.Service: analysis.Candidate}
		pattern := regexp.QuoteMeta(s.Namespace+"-"+s.Candidate.Service) + "-[a-z0-9]+"
		candidate := regexp.MustCompile("^" + pattern + "$")
		either := []matcher{equals(namespaceLabel, s.Namespace), oneOf(serviceLabel, quoteAll([]string{s.Baseline.Service, s.Candidate.Service})...)}
		return arms{
			each: [2][]matcher{
				analysis.Baseline:  {equals(namespaceLabel, s.Namespace), equals(serviceLabel, s.Baseline.Service), equals("canary", "")},
				analysis.Candidate: append(slices.Clone(either), oneOf("canary", pattern)),
			},
			matchers: either,
			of: func(labels map[string]string) (analysis.Arm, string, bool) {
				if canary := labels["canary"]; canary != "" {
					return analysis.Candidate, "", candidate.MatchString(canary)
				}
				arm, ok := services[labels[serviceLabel]]
				return arm, "", ok
			},
		}, nil
	}
}

func haveServices(s analysis.Subject) error {
	switch {
	case s.Baseline.Service == "" || s.Candidate.Service == "":
		return fmt.Errorf("series of a gateway tell versions apart by Service, but without spec.traffic there are none: "+
			"set spec.traffic, or use a preset that counts by pod, such as %s", defaultPreset)
	case s.Baseline.Service == s.Candidate.Service:
		return fmt.Errorf("both versions have the Service %s", s.Baseline.Service)
	}
	return nil
}
