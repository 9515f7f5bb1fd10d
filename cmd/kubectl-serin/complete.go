package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"

	_ "embed" // the script
)

// completionScript is what kubectl calls to complete the words of a plugin.
//
//go:embed kubectl_complete-serin
var completionScript string

func newCompletion(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion",
		Short: "Print the script by which kubectl completes the words of this plugin",
		Long: `Print the script by which kubectl completes the words of this plugin. kubectl looks for it on the PATH, under the name kubectl_complete-serin. The
completion of kubectl itself has to be set up: see kubectl completion --help.`,
		Example: `  kubectl serin completion > ~/bin/kubectl_complete-serin && chmod +x ~/bin/kubectl_complete-serin`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return say(s.out, completionScript) },
	}
}

// completeWithin bounds the wait of somebody who pressed a key.
const completeWithin = 3 * time.Second

// completeCanaries offers the names of Canaries, those that are suitable; nil for all.
func (r *reach) completeCanaries(suitable func(*v1alpha1.Canary) bool) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(command.Context(), completeWithin)
		defer cancel()
		c, err := r.connect()
		all := &v1alpha1.CanaryList{}
		if err == nil && len(args) == 0 {
			err = c.client.List(ctx, all, client.InNamespace(c.namespace))
		}
		if err != nil {
			return nil, cobra.ShellCompDirectiveError | cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for i := range all.Items {
			found := &all.Items[i]
			if strings.HasPrefix(found.Name, begun) && (suitable == nil || suitable(found)) {
				names = append(names, cobra.CompletionWithDesc(found.Name, string(found.Status.Phase)))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags offers the namespaces of the cluster and the contexts of the kubeconfig.
func (r *reach) completeFlags(command *cobra.Command) {
	// An error would mean that kubectl's flags have other names by now, which costs no more than the completion.
	_ = command.RegisterFlagCompletionFunc("namespace", func(command *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(command.Context(), completeWithin)
		defer cancel()
		var names []cobra.Completion
		c, err := r.connect()
		all := &corev1.NamespaceList{}
		if err == nil {
			err = c.client.List(ctx, all)
		}
		if err != nil {
			return nil, cobra.ShellCompDirectiveError | cobra.ShellCompDirectiveNoFileComp
		}
		for _, n := range all.Items {
			if strings.HasPrefix(n.Name, begun) {
				names = append(names, n.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	_ = command.RegisterFlagCompletionFunc("context", func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		config, err := r.flags.ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError | cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for name := range config.Contexts {
			if strings.HasPrefix(name, begun) {
				names = append(names, name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}
