package traffictest

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// recorder counts the writes that pass through it, and calls before, if there is one, ahead of each; its error stops the write.
type recorder struct {
	client.Client
	before func(ctx context.Context) error
	writes int
}

func (r *recorder) write(ctx context.Context, send func() error) error {
	if r.before != nil {
		if err := r.before(ctx); err != nil {
			return err
		}
	}
	r.writes++
	return send()
}

func (r *recorder) Create(ctx context.Context, obj client.Object, opts ...client.CreateOption) error {
	return r.write(ctx, func() error { return r.Client.Create(ctx, obj, opts...) })
}

func (r *recorder) Update(ctx context.Context, obj client.Object, opts ...client.UpdateOption) error {
	return r.write(ctx, func() error { return r.Client.Update(ctx, obj, opts...) })
}

func (r *recorder) Patch(ctx context.Context, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return r.write(ctx, func() error { return r.Client.Patch(ctx, obj, patch, opts...) })
}

func (r *recorder) Apply(ctx context.Context, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	return r.write(ctx, func() error { return r.Client.Apply(ctx, obj, opts...) })
}

func (r *recorder) Delete(ctx context.Context, obj client.Object, opts ...client.DeleteOption) error {
	return r.write(ctx, func() error { return r.Client.Delete(ctx, obj, opts...) })
}
