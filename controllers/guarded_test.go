package controllers

import (
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

func TestWhoeverFindsTheDeploymentRollingSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		before, now rollout.State
		held        string
		want        string
	}{
		"a release starts without a gate":                       {rollout.State{Phase: rollout.Idle}, rollout.State{Phase: rollout.Progressing, Candidate: "v2"}, "", v1alpha1.ReasonGuarded},
		"it took more than one try to pause it":                 {rollout.State{Phase: rollout.Progressing}, rollout.State{Phase: rollout.Progressing, Candidate: "v2"}, "v1", v1alpha1.ReasonGuarded},
		"somebody resumed it before its first step":             {rollout.State{Phase: rollout.Progressing}, rollout.State{Phase: rollout.Progressing, Candidate: "v2"}, "v2", v1alpha1.ReasonResumedByHand},
		"somebody resumed it at a step, and Serin was new then": {rollout.State{Phase: rollout.Progressing}, rollout.State{Phase: rollout.Progressing, Candidate: "v2", Weight: 10}, "", v1alpha1.ReasonResumedByHand},
		"somebody resumed a refused template":                   {rollout.State{Phase: rollout.Failed}, rollout.State{Phase: rollout.Failed, Candidate: "v2"}, "v2", v1alpha1.ReasonResumedByHand},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scene{canary: &v1alpha1.Canary{}, state: test.before, recollection: &recollection{held: test.held}}
			if e := s.guarded(rollout.Decision{State: test.now}).Event; e == nil || string(e.Reason) != test.want || !e.Warning {
				t.Errorf("told %+v, want %s", e, test.want)
			}
		})
	}
}
