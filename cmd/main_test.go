package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

func TestASettingThatCannotBeIsRefusedWithWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no namespace of its own":                   {[]string{"-namespace="}, "-namespace is empty"},
		"a space behind a comma":                    {[]string{"-watch-namespaces=a, b"}, `-watch-namespaces has " b"`},
		"a pattern instead of a namespace":          {[]string{"-watch-namespaces=team-*"}, `-watch-namespaces has "team-*"`},
		"a certificate for metrics without TLS":     {[]string{"-metrics-certificates=/certs"}, "without -metrics-secure"},
		"a drain before now":                        {[]string{"-drain=-1s"}, "-drain is -1s"},
		"a gateway that answers before it is asked": {[]string{"-gateway-lag=-1s"}, "-gateway-lag is -1s"},
		"a trace of a few bytes":                    {[]string{"-trace-limit=10"}, "-trace-limit is 10"},
		"nobody at work":                            {[]string{"-workers=0"}, "-workers is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(append([]string{"-namespace=serin-system"}, c.args...))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("parse answered %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestWithoutFlagsTheOperatorWatchesAllNamespacesAndServesPlainMetrics(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "serin-system")
	s, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.namespace != "serin-system" || s.watched != nil || s.drain != 5*time.Second {
		t.Errorf("the defaults are %+v", s)
	}
	if got := cacheOptions(s).DefaultNamespaces; got != nil {
		t.Errorf("only %v are watched, want all", got)
	}
	if m := metricsOptions(s); m.SecureServing || m.FilterProvider != nil || m.BindAddress != ":8080" {
		t.Errorf("metrics are served as %+v", m)
	}
}

func TestSecretsAreWatchedInTheOperatorsOwnNamespaceWhereverItActs(t *testing.T) {
	for name, c := range map[string]struct {
		flags []string
		want  map[string]cache.Config
	}{
		"everywhere":                     {nil, nil},
		"in an empty list, that is all":  {[]string{"-watch-namespaces="}, nil},
		"in one namespace":               {[]string{"-watch-namespaces=shop"}, map[string]cache.Config{"shop": {}}},
		"in two":                         {[]string{"-watch-namespaces=shop,depot"}, map[string]cache.Config{"shop": {}, "depot": {}}},
		"in its own and one named twice": {[]string{"-watch-namespaces=own,shop,shop"}, map[string]cache.Config{"own": {}, "shop": {}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parse(append([]string{"-namespace=own"}, c.flags...))
			if err != nil {
				t.Fatal(err)
			}
			options := cacheOptions(s)
			if diff := cmp.Diff(c.want, options.DefaultNamespaces); diff != "" {
				t.Errorf("the watched namespaces differ (-want +got):\n%s", diff)
			}
			for object, by := range options.ByObject {
				if diff := cmp.Diff(map[string]cache.Config{"own": {}}, by.Namespaces); diff != "" {
					t.Errorf("%T is watched elsewhere (-want +got):\n%s", object, diff)
				}
			}
		})
	}
}
