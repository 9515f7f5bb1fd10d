package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload"
)

// reach is how a command finds its cluster: the flags that kubectl has, too.
type reach struct {
	flags *genericclioptions.ConfigFlags
	// everywhere asks for all namespaces, where a command offers that.
	everywhere bool
}

// newReach adds the flags of kubectl to a command.
func newReach(command *cobra.Command) *reach {
	r := &reach{flags: genericclioptions.NewConfigFlags(true)}
	r.flags.AddFlags(command.Flags())
	r.completeFlags(command)
	return r
}

// cluster is where a command looks and writes.
type cluster struct {
	client    client.WithWatch
	namespace string
}

// connect reads the kubeconfig. It asks nobody.
func (r *reach) connect() (*cluster, error) {
	config, err := r.flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig can't be used: %w; see kubectl config view, or name another with --kubeconfig or --context", err)
	}
	namespace, _, err := r.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig names no namespace: %w; write one with --namespace", err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	// The kinds are known, so that no discovery is needed.
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(v1alpha1.GroupVersion().WithKind("Canary"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion().WithKind("MetricSource"), meta.RESTScopeRoot)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), meta.RESTScopeRoot)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("ReplicaSet"), meta.RESTScopeNamespace)
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig can't be used: %w", err)
	}
	return &cluster{client: c, namespace: namespace}, nil
}

// canary reads one Canary.
func (c *cluster) canary(ctx context.Context, name string) (*v1alpha1.Canary, error) {
	canary := &v1alpha1.Canary{}
	if err := c.client.Get(ctx, types.NamespacedName{Namespace: c.namespace, Name: name}, canary); err != nil {
		return nil, c.refusal("the Canary "+name, err)
	}
	return canary, nil
}

// refusal says what a person can do about the API server's error.
func (c *cluster) refusal(what string, err error) error {
	switch {
	case meta.IsNoMatchError(err), isUnknownKind(err):
		return failure{exitFailed, errors.New("this cluster has no Canaries: Serin is not installed there; see docs/operate.md, or name another cluster with --context")}
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s does not exist in the namespace %s: see kubectl serin list --all-namespaces, and write its namespace with -n", what, c.namespace)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return failure{exitFailed, fmt.Errorf("%s: the cluster refuses it: %w; ask for the right, or use another user with --user or --context", what, err)}
	}
	return failure{exitFailed, fmt.Errorf("%s: the cluster can't be asked: %w", what, err)}
}

// isUnknownKind tells a missing CRD from a missing object: the API server does not know the path then, and says so as no API does.
func isUnknownKind(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.IsUnexpectedServerError(err)
}

// workload reads the Deployment of a Canary and its ReplicaSets, just as the operator does.
func (c *cluster) workload(ctx context.Context, canary *v1alpha1.Canary) (workload.Observation, error) {
	var baseline, candidate string
	if m := canary.Status.Rollout; m != nil {
		baseline, candidate = m.Baseline, m.Candidate
	}
	target := workload.Target{
		Owner:      workload.Owning(canary.Name, canary.UID),
		Deployment: types.NamespacedName{Namespace: canary.Namespace, Name: canary.Spec.TargetRef.Name},
	}
	return (&workload.Deployments{Client: c.client}).Observe(ctx, target, baseline, candidate)
}

// output is what a command's answer looks like.
type output struct{ format string }

func (o *output) add(command *cobra.Command) {
	command.Flags().StringVarP(&o.format, "output", "o", "text", "text or json")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func (o output) check() error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--output is %q: write text or json", o.format)
	}
	return nil
}

// say writes an answer in the format asked for.
func (o output) say(s streams, answer any, text string) error {
	if o.format != "json" {
		return say(s.out, text)
	}
	written, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return err
	}
	return say(s.out, string(written)+"\n")
}
