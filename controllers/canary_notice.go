package controllers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/notify"
)

// noticeOf is the event of a decision for those who are told outside the cluster. It is made after the decision was recorded, and named by that record: the same fact
// has one name, whoever tells it and however often.
func noticeOf(s *scene, d rollout.Decision) notify.Notice {
	c := s.canary
	name := sha256.Sum256([]byte(strings.Join([]string{string(c.UID), c.ResourceVersion, string(d.Event.Reason)}, "/")))
	return notify.Notice{
		ID: hex.EncodeToString(name[:16]), Time: s.observation.Now,
		Namespace: c.Namespace, Canary: c.Name, UID: string(c.UID), Workload: c.Spec.TargetRef.Name,
		Reason: string(d.Event.Reason), Warning: d.Event.Warning, Message: d.Event.Message,
		Revision: d.State.Candidate, Baseline: d.State.Baseline, Phase: string(d.State.Phase), Weight: d.State.Weight,
		Started: s.state.StartedAt,
		// Of a release that left its step, the step that it left.
		Step: int32(s.plan.StepNumber(max(s.state.Weight, d.State.Weight))), Steps: int32(len(s.plan.Steps)),
	}
}
