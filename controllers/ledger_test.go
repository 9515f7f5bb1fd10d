package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// ledger writes down every write that Serin makes, and can keep one from being made.
type ledger struct {
	stage *stage
	mu    sync.Mutex
	made  []string
	// reads are the calls to the API server that wrote nothing, by verb and kind. What is read from a cache is none.
	reads map[string]int
	// before is called ahead of every write, which is not made when it fails; after is called once it is made.
	before, after func(write string) error
	// listing is called ahead of every list.
	listing func(client.ObjectList)
}

// errCrash is the end of a process.
var errCrash = errors.New("the process ends here")

func newLedger(s *stage) *ledger {
	nothing := func(string) error { return nil }
	return &ledger{stage: s, reads: map[string]int{}, before: nothing, after: nothing, listing: func(client.ObjectList) {}}
}

func (l *ledger) undisturbed() {
	nothing := func(string) error { return nil }
	l.before, l.after = nothing, nothing
}

// count is how many writes were made.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.made)
}

// since are the writes made after the first n.
func (l *ledger) since(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.made[n:])
}

// process is one process of Serin: once a hook has ended it, it writes nothing any more.
type process struct {
	*ledger
	ended bool
}

// read counts a read.
func (l *ledger) read(verb string, o runtime.Object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind, err := apiutil.GVKForObject(o, l.stage.cluster.Client.Scheme())
	if err != nil {
		l.stage.t.Error(err)
	}
	l.reads[verb+" "+strings.TrimSuffix(kind.Kind, "List")]++
}

// clients are those of a new process: one that reads from its cache, and one that asks the API server.
func (l *ledger) clients() (cached, direct client.WithWatch) {
	p := &process{ledger: l}
	cached = p.client()
	direct = interceptor.NewClient(cached, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
			p.read("get", into)
			return c.Get(ctx, key, into, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
			p.read("list", into)
			return c.List(ctx, into, opts...)
		},
	})
	return cached, direct
}

func (p *process) client() client.WithWatch {
	return interceptor.NewClient(p.stage.cluster.Client, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
			p.listing(into)
			return c.List(ctx, into, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if options := (&client.CreateOptions{}).ApplyOptions(opts); len(options.DryRun) > 0 {
				return c.Create(ctx, o, opts...)
			}
			return p.around("create", o, func() error { return c.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return p.around("update", o, func() error { return c.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return p.around("patch", o, func() error { return c.Patch(ctx, o, patch, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return p.around("delete", o, func() error { return c.Delete(ctx, o, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return p.around("patch "+sub+" of", o, func() error { return c.SubResource(sub).Patch(ctx, o, patch, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return p.around("update "+sub+" of", o, func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
	})
}

func (p *process) around(verb string, o client.Object, write func() error) error {
	text := verb + " " + kindOf(p.stage.cluster.Client, o) + " " + p.stage.named(o.GetName())
	if p.ended {
		return errCrash
	}
	if err := p.hooked(p.before, text); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	p.mu.Lock()
	p.made = append(p.made, text)
	p.mu.Unlock()
	if route, ok := o.(*unstructured.Unstructured); ok && route.GetKind() == "HTTPRoute" {
		p.withinGrant(route)
	}
	return p.hooked(p.after, text)
}

func (p *process) hooked(hook func(string) error, text string) error {
	err := hook(text)
	p.ended = p.ended || errors.Is(err, errCrash)
	return err
}

// withinGrant fails the test when the route gives the candidate more than was granted, and persisted, before.
func (l *ledger) withinGrant(route *unstructured.Unstructured) {
	granted := int32(0)
	if c := l.stage.canary(); c != nil && c.Status.Rollout != nil {
		granted = c.Status.Rollout.Weight
	}
	if has := share(route); has > int64(granted) {
		l.stage.t.Errorf("the route gives the candidate %d%%, and %d%% were granted", has, granted)
	}
}

// on is a hook that acts upon the first write whose text begins with a prefix, and on no other.
func on(prefix string, act func() error) func(string) error {
	done := false
	return func(write string) error {
		if done || !strings.HasPrefix(write, prefix) {
			return nil
		}
		done = true
		return act()
	}
}
