package rollout_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/controllers/rollout"
)

var update = flag.Bool("update", false, "write the stories as they are told now; commit a changed one only when you understand why it changed")

// TestStories tells every story again and compares it with what is written. In a story a line is a comment (#), something that happens (at the margin; see the
// commands), or what followed from it (indented): time since the scene began, phase, step, granted weight, the route, the workload, its pods, and what a person
// is told. Lines with ! are events, with !! warnings; other messages stand only in the status.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			written, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, string(written))
			if *update {
				if err := os.WriteFile(file, []byte(told), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(written), told); diff != "" {
				t.Errorf("the story goes another way (-written +told); go test ./controllers/rollout -run Stories -update writes it anew\n%s", diff)
			}
		})
	}
}

// tell plays the script and answers script and story together.
func tell(t *testing.T, script string) string {
	t.Helper()
	s := newScene()
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue
		}
		s.out.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if line == "scene" {
			s = &scene{situation: newScene().situation, out: s.out}
			continue
		}
		if err := s.play(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if s.objected != "" {
		t.Error(s.objected)
	}
	return s.out.String()
}

// scene is a stage with a narrator.
type scene struct {
	*situation
	out   *strings.Builder
	began time.Time
	last  string
	stop  bool
}

func newScene() *scene {
	s := &scene{situation: situate(newWorld(4), nil), out: &strings.Builder{}}
	s.plan = rollout.Plan{
		Steps:    []rollout.Step{{Weight: 10, Bake: time.Minute}, {Weight: 50, Bake: 2 * time.Minute}, {Weight: 100, Bake: 5 * time.Minute}},
		Interval: 15 * time.Second, EvidenceDeadline: 15 * time.Minute, ReadyDeadline: 10 * time.Minute, Drain: 5 * time.Second,
		Capacity: capacity,
	}
	return s
}

// play runs one command.
func (s *scene) play(line string) error {
	if s.began.IsZero() {
		s.began = s.world.now
	}
	line, about, _ := strings.Cut(line, ": ")
	words := strings.Fields(line)
	for n := len(words); n > 0; n-- {
		if act, known := s.commands(about)[strings.Join(words[:n], " ")]; known {
			return act(words[n:])
		}
	}
	return fmt.Errorf("no such command")
}

// run lets d pass, one look a second, and tells what changes.
func (s *scene) run(d time.Duration) {
	for end := s.world.now.Add(d); s.world.now.Before(end); s.world.tick(time.Second) {
		s.look()
	}
}

// rest runs until nothing changes any more.
func (s *scene) rest() error {
	quiet := 0
	for range 7200 {
		before := s.memory
		made := s.look()
		s.world.tick(time.Second)
		if inFlight(made.State.Phase) || made.State != before || s.world.moves() {
			quiet = 0
		} else if quiet++; quiet == 3 {
			return nil
		}
	}
	return fmt.Errorf("still in phase %s after two hours", s.memory.Phase)
}

// look is one pass; it tells what changed.
func (s *scene) look() rollout.Decision {
	if s.stop {
		return rollout.Decision{State: s.memory}
	}
	told, gone := len(s.told), s.done
	made, _ := s.pass()
	if gone {
		return made
	}
	says := fmt.Sprintf("%s: %s", made.State.Reason, made.Message)
	if len(s.told) > told {
		e := s.told[told]
		says = fmt.Sprintf("! %s: %s", e.Reason, e.Message)
		if e.Warning {
			says = "!" + says
		}
	}
	if made.Done {
		says += "; the Canary is gone"
	}
	sight := s.sight(made.State)
	news := fmt.Sprint(sight, made.State.Reason, made.Done)
	if news != s.last || len(s.told) > told {
		fmt.Fprintf(s.out, "  %8s  %s  %s\n", clock(s.world.now.Sub(s.began)), sight, says)
	}
	s.last = news
	return made
}

// sight is what one sees of a release from outside.
func (s *scene) sight(m rollout.State) string {
	w := s.world
	step := ""
	if m.Phase == rollout.Progressing || m.Phase == rollout.Promoting {
		step = fmt.Sprintf("%d/%d %3d%%", s.plan.StepNumber(m.Weight), len(s.plan.Steps), m.Weight)
	}
	way := fmt.Sprintf("%d%%", w.route.weight)
	switch {
	case w.podShare:
		way = "none"
	case w.route.gone:
		way = "gone"
	case w.route.home:
		way = "home"
	}
	if w.route != w.live && !w.podShare {
		way += "?"
	}
	held := "free"
	switch {
	case !w.exists:
		held = "gone"
	case w.paused:
		held = "held"
	}
	var pods []string
	for _, set := range w.sets {
		switch {
		case set.pods == 0:
		case set.available == set.pods:
			pods = append(pods, fmt.Sprintf("%s:%d", set.revision, set.pods))
		default:
			pods = append(pods, fmt.Sprintf("%s:%d/%d", set.revision, set.available, set.pods))
		}
	}
	return fmt.Sprintf("%-11s %-8s route %-5s %s %-12s", m.Phase, step, way, held, strings.Join(pods, " "))
}

func clock(d time.Duration) string {
	d = d.Round(time.Second)
	return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
