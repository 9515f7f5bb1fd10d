package rollout_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// TestTheWayIsAsDocumented compares the table in doc.go with the ways that releases really take.
func TestTheWayIsAsDocumented(t *testing.T) {
	taken := map[[2]string]bool{}
	for mask := 0; mask < 1<<len(mutations()); mask += 7 {
		s := newSituation(uint64(mask), 2026)
		s.saw = func(made turn) {
			if from, to := string(made.before.Phase), string(made.made.State.Phase); from != to && from != "" {
				taken[[2]string{from, to}] = true
			}
		}
		s.endure(mask)
		s.end()
	}
	file, err := os.Open("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	documented, inTable := map[[2]string]bool{}, false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(strings.TrimPrefix(lines.Text(), "//"))
		switch {
		case len(words) < 3:
			inTable = false
		case words[0] == "from":
			inTable = true
		case inTable:
			documented[[2]string{words[0], words[1]}] = true
		}
	}
	for way := range taken {
		if !documented[way] {
			t.Errorf("doc.go does not know that a release goes from %s to %s", way[0], way[1])
		}
	}
	for way := range documented {
		if !taken[way] {
			t.Errorf("doc.go says that a release goes from %s to %s; it never does", way[0], way[1])
		}
	}
}
