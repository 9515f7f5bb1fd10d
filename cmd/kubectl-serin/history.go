package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// historyOptions are the flags of history.
type historyOptions struct {
	output

	reach *reach
}

func newHistory(s streams) *cobra.Command {
	o := &historyOptions{}
	command := &cobra.Command{
		Use:     "history NAME",
		Short:   "Show how the last releases ended, and why",
		Example: "  kubectl serin history read-api -n shop",
		Args:    exactlyOne,
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args[0]) },
	}
	o.reach = newReach(command)
	o.add(command)
	command.ValidArgsFunction = o.reach.completeCanaries(nil)
	return command
}

func (o *historyOptions) run(ctx context.Context, s streams, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := o.reach.connect()
	if err != nil {
		return err
	}
	canary, err := c.canary(ctx, name)
	if err != nil {
		return err
	}
	releases := view.History(canary)
	text := view.HistoryText(releases, s.style, s.clock.Now())
	if len(releases) == 0 {
		text = fmt.Sprintf("No release of %s has ended yet.\n", name)
	}
	return o.say(s, releases, text)
}
