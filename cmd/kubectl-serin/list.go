package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// listOptions are the flags of list.
type listOptions struct {
	output

	reach *reach
}

func newList(s streams) *cobra.Command {
	o := &listOptions{}
	command := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the Canaries, and which of them needs you",
		Example: "  kubectl serin list\n  kubectl serin list --all-namespaces -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	o.reach = newReach(command)
	o.add(command)
	command.Flags().BoolVarP(&o.reach.everywhere, "all-namespaces", "A", false, "of all namespaces")
	return command
}

func (o *listOptions) run(ctx context.Context, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := o.reach.connect()
	if err != nil {
		return err
	}
	if o.reach.everywhere {
		c.namespace = ""
	}
	all := &v1alpha1.CanaryList{}
	if err := c.client.List(ctx, all, client.InNamespace(c.namespace)); err != nil {
		return c.refusal("the list of Canaries", err)
	}
	now := s.clock.Now()
	rows := view.List(all.Items, now)
	text := view.ListText(rows, o.reach.everywhere, s.style, now)
	if len(rows) == 0 {
		text = "There is no Canary in the cluster.\n"
		if c.namespace != "" {
			text = fmt.Sprintf("There is no Canary in the namespace %s; those of all: kubectl serin list --all-namespaces\n", c.namespace)
		}
	}
	return o.say(s, rows, text)
}
