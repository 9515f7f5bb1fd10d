package bench

import (
	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/world"
)

// trail is a release after a look. Rules that choose the same weights see the same looks, so that each is simulated only once;
// those that choose others part at a fork.
type trail struct {
	service *world.Release
	look    analysis.Look
	// on is how it goes on with a weight.
	on map[int32]*trail
}

// step is the release one look later.
func (t *trail) step(weight, next int32) *trail {
	if further, known := t.on[weight]; known {
		return further
	}
	service := t.service.Clone()
	further := &trail{service: service, look: service.Look(weight, next), on: map[int32]*trail{}}
	t.on[weight] = further
	return further
}
