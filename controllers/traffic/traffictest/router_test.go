package traffictest_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/traffic/traffictest"
)

func TestRouterKeepsTheContract(t *testing.T) {
	name := types.NamespacedName{Namespace: "shop", Name: "read-api"}
	r := traffic.Route{Object: name}
	router := &traffictest.Router{}

	want := func(when string, want traffic.Split) {
		t.Helper()
		got, err := router.Observe(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		want.Message = got.Message
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if (got.Message == "") != got.Settled {
			t.Errorf("%s: settled %v with the message %q", when, got.Settled, got.Message)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	if _, err := router.Observe(t.Context(), r); !errors.Is(err, traffic.ErrRouteNotFound) {
		t.Errorf("without a route: %v", err)
	}
	do(router.Release(t.Context(), r))
	router.Add(name)
	want("added", traffic.Split{Home: true, Alike: true, Even: true})
	router.Acknowledge(name)
	want("added and acknowledged", traffic.Split{Home: true, Alike: true, Even: true, Settled: true})
	do(router.SetWeight(t.Context(), r, 10))
	do(router.SetWeight(t.Context(), r, 10))
	want("set", traffic.Split{Weight: 10, Even: true})
	router.Acknowledge(name)
	want("set and acknowledged", traffic.Split{Weight: 10, Even: true, Settled: true})
	router.Revert(name)
	router.Acknowledge(name)
	want("reverted", traffic.Split{Alike: true})
	do(router.SetWeight(t.Context(), r, 10))
	router.Prompt = true
	do(router.SetWeight(t.Context(), r, 0))
	want("set promptly", traffic.Split{Even: true, Settled: true})
	do(router.Release(t.Context(), r))
	do(router.Release(t.Context(), r))
	want("released", traffic.Split{Home: true, Alike: true, Even: true, Settled: true})

	writes := []string{"shop/read-api weight 10", "shop/read-api weight 10", "shop/read-api weight 0", "shop/read-api released"}
	if diff := cmp.Diff(writes, router.Writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}

	broken := errors.New("broken")
	router.Fail("SetWeight", broken)
	if err := router.SetWeight(t.Context(), r, 20); !errors.Is(err, broken) {
		t.Errorf("failing: %v", err)
	}
	router.Fail("SetWeight", nil)
	if err := router.SetWeight(t.Context(), r, 101); err == nil {
		t.Error("weight 101 was set")
	}
	router.Remove(name)
	if err := router.SetWeight(t.Context(), r, 20); !errors.Is(err, traffic.ErrRouteNotFound) {
		t.Errorf("removed: %v", err)
	}
}
