package notify

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTheFileIsReadAgainWhenItChanges(t *testing.T) {
	o := newOffice(t, "")
	if o.configured() != 0 || !strings.Contains(o.logged(), "there is no file of notifications") {
		t.Errorf("without a file configured is %v, and the log says\n%s", o.configured(), o.logged())
	}
	o.start()
	o.Tell(notice(0)) // to nobody

	o.write(bus)
	o.pass("the file to be in force", rereadAfter, func() bool { return o.configured() == 1 })
	o.Tell(notice(1))
	eventually(t, "the bus to be told", func() bool { return o.counted("bus") == "sent 1 failed 0 dropped 0" })

	o.write("receivers: [{name: bus, uri: 'https://hook.example/hunter2hunter2'}]")
	o.pass("the bad file to be told", rereadAfter, func() bool { return o.configured() == 0 })
	o.Tell(notice(2))
	eventually(t, "the last good file to be in force", func() bool { return o.counted("bus") == "sent 2 failed 0 dropped 0" })

	o.write(both)
	o.pass("the mended file to be in force", rereadAfter, func() bool { return o.configured() == 1 })
	if got := o.counted("hook"); got != "sent 0 failed 0 dropped 0" {
		t.Errorf("of a new receiver is told %q", got)
	}
	if got := o.counted("bus"); got != "sent 2 failed 0 dropped 0" {
		t.Errorf("of a receiver that stays is told %q", got)
	}

	o.write(hook)
	o.pass("the bus to be forgotten", rereadAfter, func() bool { return o.counted("bus") == "" })

	if err := os.Remove(o.file); err != nil {
		t.Fatal(err)
	}
	o.pass("the loss of the file", rereadAfter, func() bool { return o.configured() == 0 && o.counted("hook") == "" })
	if n := strings.Count(o.logged(), "the file of notifications is wrong"); n != 1 {
		t.Errorf("the bad file was told %d times:\n%s", n, o.logged())
	}
}

func TestANewTokenServesWhatWaits(t *testing.T) {
	o := newOffice(t, "receivers: [{name: bus, cloudEvents: 'https://broker.example/', headers: {Authorization: old}}]")
	o.world.fail(answers(503, ""))
	o.start()
	o.Tell(notice(1))
	eventually(t, "the first attempt", func() bool { return strings.Contains(o.logged(), "tried again") })
	o.write("receivers: [{name: bus, cloudEvents: 'https://broker.example/', headers: {Authorization: new}}]")
	o.pass("the new file", time.Second, func() bool { return strings.Count(o.logged(), "in force") == 2 })
	o.world.fail(nil)
	o.pass("it to be told", time.Second, func() bool { return len(o.world.all()) == 1 })
	if told := o.world.all()[0]; !strings.Contains(told, "\nnew\n") {
		t.Errorf("the bus heard\n%s", told)
	}
}

func TestAReceiverThatIsGoneIsTriedNoMore(t *testing.T) {
	o := newOffice(t, both)
	o.world.fail(answers(503, ""))
	o.start()
	o.Tell(notice(1))
	o.pass("attempts at both", time.Second, func() bool { return o.world.requests() >= 2 })
	o.write(hook)
	o.pass("the bus to be gone", rereadAfter, func() bool { return o.counted("bus") == "" })
	o.world.fail(nil)
	o.pass("the hook to be told", time.Second, func() bool { return o.counted("hook") == "sent 1 failed 0 dropped 0" })
	o.clock.Step(patience)
	if told := o.world.all(); len(told) != 1 || !strings.HasPrefix(told[0], "hook.") {
		t.Errorf("told were %q", told)
	}
	if got := o.counted("bus"); got != "" {
		t.Errorf("of the bus is told %s", got)
	}
}

func TestReceiversAreToldWhatTheyWant(t *testing.T) {
	warning, question, progress := rolledBack(), rolledBack(), rolledBack()
	question.Reason, question.Warning = "AwaitingApproval", false
	progress.Reason, progress.Warning = "StepAdvanced", false
	for name, c := range map[string]struct {
		of   receiver
		want [3]bool
	}{
		"nothing said":             {receiver{}, [3]bool{true, true, false}},
		"one reason":               {receiver{Reasons: []string{"StepAdvanced"}}, [3]bool{false, false, true}},
		"everything":               {receiver{Reasons: []string{"*"}}, [3]bool{true, true, true}},
		"its namespace":            {receiver{Namespaces: []string{"depot", "shop"}}, [3]bool{true, true, false}},
		"another namespace":        {receiver{Reasons: []string{"*"}, Namespaces: []string{"depot"}}, [3]bool{}},
		"a reason and a namespace": {receiver{Reasons: []string{"RolledBack"}, Namespaces: []string{"shop"}}, [3]bool{true, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := [3]bool{c.of.wants(warning), c.of.wants(question), c.of.wants(progress)}; got != c.want {
				t.Errorf("a warning, a question, progress: %v, want %v", got, c.want)
			}
		})
	}
}

// played is a sender that does what a test wants.
type played struct {
	do func(context.Context) error
	of *sync.WaitGroup
}

func (played) gathers() bool { return false }

func (p played) send(ctx context.Context, _ message) error {
	p.of.Add(1)
	defer p.of.Done()
	return p.do(ctx)
}

func TestNothingThatASenderDoesStopsAnybody(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, c := range map[string]struct {
		do  func(context.Context) error
		why string
	}{
		"it panics":                          {func(context.Context) error { panic("hunter2hunter2") }, "sending to it panicked"},
		"it hangs and can't be called off":   {func(context.Context) error { <-hang; return nil }, "it did not answer within 30s"},
		"it hangs until it is called off":    {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "it did not answer within 30s"},
		"it fails with a text of its own":    {func(context.Context) error { return errors.New("hunter2hunter2") }, "it did not take the message"},
		"it fails with one that wraps ours":  {func(context.Context) error { return errors.Join(&failure{text: "ours"}, errors.New("hunter2hunter2")) }, "ours"},
		"it says nothing and does not panic": {func(context.Context) error { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, both)
			var attempts sync.WaitGroup
			hooked := (*o.workers.Load())[0]
			hooked.receiver.Store(&receiver{Name: "hook", sender: played{c.do, &attempts}})
			o.start()
			for i := range mostWaiting + 1 {
				o.Tell(notice(i))
				if i == 100 {
					eventually(t, "the bus to have some", func() bool { return o.counted("bus") == "sent 101 failed 0 dropped 0" })
				}
			}
			eventually(t, "the bus to have all", func() bool { return o.counted("bus") == "sent 257 failed 0 dropped 0" })
			if c.why != "" {
				o.pass("it to be told", time.Second, func() bool { return strings.Contains(o.logged(), c.why) })
			}
			if strings.Contains(o.logged(), "hunter2") {
				t.Errorf("the log has the text of an error:\n%s", o.logged())
			}
			if n := len(hooked.hanging); n > mostHanging {
				t.Errorf("%d attempts hang", n)
			}
		})
	}
}

func TestANilNotifierTellsNobody(*testing.T) {
	var n *Notifier
	n.Tell(rolledBack())
}

func TestTellIsSafeWhileTheFileChanges(t *testing.T) {
	o := newOffice(t, both)
	o.start()
	var tellers sync.WaitGroup
	for i := range 4 {
		tellers.Go(func() {
			for j := range 50 {
				o.Tell(notice(100*i + j))
			}
		})
	}
	for i := range 10 {
		o.write(map[bool]string{true: hook, false: both}[i%2 == 0])
		o.clock.Step(rereadAfter)
	}
	tellers.Wait()
	o.write(bus)
	o.pass("the last file", rereadAfter, func() bool { return o.counted("hook") == "" && o.counted("bus") != "" })
	o.Tell(notice(1000))
	o.pass("the last to be told", time.Second, func() bool {
		all := o.world.all()
		return len(all) > 0 && strings.Contains(all[len(all)-1], "id-1000")
	})
}
