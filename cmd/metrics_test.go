package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// cluster knows one token, of a user whom it lets read what may names.
func cluster(may string, silent bool) *fake.Clientset {
	c := fake.NewClientset()
	c.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		review.Status.Authenticated = review.Spec.Token == "known"
		review.Status.User = authenticationv1.UserInfo{Username: "prometheus", Groups: []string{"scrapers"}, Extra: map[string]authenticationv1.ExtraValue{"node": {"a"}}}
		return true, review, nil
	})
	c.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if silent {
			return true, nil, errors.New("no answer")
		}
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		asked := review.Spec.NonResourceAttributes
		review.Status.Allowed = review.Spec.User == "prometheus" && len(review.Spec.Groups) == 1 && len(review.Spec.Extra["node"]) == 1 &&
			asked.Verb == "get" && asked.Path == may
		return true, review, nil
	})
	return c
}

func TestMetricsAreForThoseWhomTheClusterLetsReadThem(t *testing.T) {
	for name, c := range map[string]struct {
		header, path, may string
		silent            bool
		want              int
	}{
		"a user who may":                          {header: "Bearer known", path: "/metrics", may: "/metrics", want: http.StatusOK},
		"a user who may read something else":      {header: "Bearer known", path: "/metrics", may: "/healthz", want: http.StatusForbidden},
		"a token that the cluster doesn't know":   {header: "Bearer stolen", path: "/metrics", may: "/metrics", want: http.StatusUnauthorized},
		"an empty token":                          {header: "Bearer ", path: "/metrics", may: "/metrics", want: http.StatusUnauthorized},
		"a password":                              {header: "Basic a25vd24=", path: "/metrics", may: "/metrics", want: http.StatusUnauthorized},
		"nobody":                                  {path: "/metrics", may: "/metrics", want: http.StatusUnauthorized},
		"a user of whom the cluster says nothing": {header: "Bearer known", path: "/metrics", may: "/metrics", silent: true, want: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, c.path, http.NoBody)
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			got, err := admit(t.Context(), cluster(c.may, c.silent), r)
			if got != c.want {
				t.Errorf("answered %d (%v), want %d", got, err, c.want)
			}
			if (err != nil) != c.silent {
				t.Errorf("the log is told %v", err)
			}
		})
	}
}
