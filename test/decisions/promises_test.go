package decisions

import (
	"testing"

	"github.com/serin-dev/serin/test/decisions/bench"
)

// TestPromises fails when Serin breaks a promise. The command bench-decisions tells more:
//
//	go run ./cmd/bench-decisions -world all -rps 100 -runs 400 -why
func TestPromises(t *testing.T) {
	runs := 60
	if raceEnabled {
		runs = 6
	}
	broken, err := bench.Promises(t.Context(), bench.Serin(), runs)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}
