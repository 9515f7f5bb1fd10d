package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// run makes the names of namespaces this run's own.
var run = strconv.FormatInt(time.Now().Unix()%(36*36*36*36), 36)

// journey is one way through the house. Its name says what is true at its end.
type journey struct {
	kind, name string
	walk       func(*testing.T, *cluster)
}

// place says beside what a journey may run.
type place int

const (
	first    place = iota // alone, before all others: it harms everybody's operator or gate
	together              // side by side
	last                  // alone, after all others: it takes the operator away
)

func TestMain(m *testing.M) {
	code := m.Run()
	if path := os.Getenv("SERIN_SUMMARY"); path != "" {
		file, err := os.Create(path)
		if err == nil {
			err = results.write(file)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "writing the summary:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func TestJourneys(t *testing.T) {
	c, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	walk := func(t *testing.T, j journey) {
		began := time.Now()
		t.Cleanup(func() { results.addJourney(outcome{j.kind, j.name, time.Since(began), t.Failed(), t.Skipped()}) })
		j.walk(t, c)
	}
	all := journeys()
	for _, j := range all[first] {
		t.Run(j.name, func(t *testing.T) { walk(t, j) })
	}
	t.Run("together", func(t *testing.T) {
		for _, j := range all[together] {
			t.Run(j.name, func(t *testing.T) {
				t.Parallel()
				walk(t, j)
			})
		}
	})
	for _, j := range all[last] {
		t.Run(j.name, func(t *testing.T) { walk(t, j) })
	}
}
