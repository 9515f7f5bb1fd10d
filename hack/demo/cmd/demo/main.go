// Command demo shows Serin at work: it prepares a cluster, releases four versions of a service under load, and looks whether Serin
// decided right. See -help; hack/demo/run builds and starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/stage"
	"github.com/serin-dev/serin/hack/demo/story"
	"github.com/serin-dev/serin/hack/demo/view"
)

const (
	rate       = 150 // requests a second
	webSockets = 3
	replicas   = 4 // of the Deployment in the manifests
	// acquaintance is how long v1 serves before anything is released, so that there is something to compare with.
	acquaintance = 15 * time.Second
	// busy is a p95 of v1, whose own is 80 ms, that only a lack of processors explains.
	busy = 150 * time.Millisecond
)

func main() {
	os.Exit(run())
}

// run returns 0 when everything went as it should, 1 when something did not, 2 for bad settings, and 130 after an interrupt.
func run() int {
	o, err := parseOptions(os.Args[1:], os.LookupEnv, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 2
	}
	log.SetLogger(logr.Discard()) // what the client library notes is nobody's concern here
	ctx, cancel := interruptible()
	defer cancel()

	d := demo{terminal: view.New(os.Stdout, os.LookupEnv)}
	d.stage = &stage.Stage{
		Settings: o.stage, Terminal: d.terminal, Run: stage.Exec,
		HTTP: &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}},
	}
	if o.images {
		err = d.stage.WriteImages(ctx)
	} else {
		err = d.perform(ctx)
	}
	switch {
	case errors.Is(context.Cause(ctx), story.ErrInterrupted):
		d.interrupted()
		return 130
	case err != nil:
		return 1
	}
	return 0
}

// interruptible is a context that ends at the first interrupt. A second one ends the process at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel(story.ErrInterrupted)
	}()
	return ctx, func() { cancel(nil) }
}

// demo is one performance.
type demo struct {
	terminal *view.Terminal
	stage    *stage.Stage
}

// perform prepares the stage and tells the story. What went wrong has been printed when it returns.
func (d *demo) perform(ctx context.Context) error {
	began := time.Now()
	d.foreword()
	if err := d.stage.Prepare(ctx); err != nil {
		return d.explain(ctx, err)
	}
	d.terminal.Say("")
	d.terminal.Good("The stage is set after %.0f s.", time.Since(began).Seconds())

	generator, err := load.New(load.Config{URL: d.stage.GatewayURL, Host: stage.Host, Rate: rate, WebSockets: webSockets})
	if err != nil {
		return d.explain(ctx, err)
	}
	loadContext, stopLoad := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLoad()
	ended := make(chan struct{})
	go func() {
		generator.Run(loadContext)
		close(ended)
	}()

	tale, err := d.story(generator)
	if err != nil {
		return d.explain(ctx, err)
	}
	err = d.underLoad(ctx, tale)
	stopLoad()
	<-ended
	if err != nil {
		err = d.explain(ctx, err)
	}
	if harm := tale.Account(generator.Summary()); harm != nil {
		d.terminal.Bad("%s", harm)
		err = errors.Join(err, harm)
	}
	if err == nil {
		d.terminal.Good("Everything went as it should, in %.0f s.", time.Since(began).Seconds())
	}
	if context.Cause(ctx) == nil {
		d.afterword(ctx)
		d.lookAround()
	}
	return err
}

// underLoad is the part of the demo in which requests come in.
func (d *demo) underLoad(ctx context.Context, tale *story.Story) error {
	d.terminal.Heading("Load")
	d.terminal.Say("From now on %d requests a second and %d WebSockets come in through the gateway, until the end. Each failure is counted, and whose fault it was.",
		rate, webSockets)
	if err := d.stage.Measured(ctx, replicas); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(acquaintance):
	}
	if p95 := tale.Load.Recent(view.CallerSpan)["v1"].P95; p95 > busy {
		d.terminal.Say("This machine is busy: v1 should answer 95%% of its requests within 85 ms, and takes %d ms. Where both versions wait for a processor, "+
			"their difference is hard to see; the story may end otherwise.", p95.Milliseconds())
	}
	if err := tale.Tell(ctx); err != nil {
		return err
	}
	return tale.Refusal(ctx)
}

func (d *demo) story(generator *load.Generator) (*story.Story, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	reader, err := client.New(d.stage.Config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return &story.Story{
		Cluster:  story.Cluster{Client: reader, Key: types.NamespacedName{Namespace: stage.Namespace, Name: stage.App}},
		Patience: story.DefaultPatience(), Terminal: d.terminal, Kubectl: d.stage.Kubectl, Load: generator,
		Root: d.stage.Root, Manifests: stage.Manifests, Canary: d.stage.CanaryManifest(),
	}, nil
}

// explain prints what went wrong and what the cluster says about it; an interrupt needs no explanation.
func (d *demo) explain(ctx context.Context, err error) error {
	if context.Cause(ctx) != nil {
		return err
	}
	d.stage.Trouble(ctx)
	d.terminal.Say("")
	d.terminal.Bad("%s", err)
	return err
}
