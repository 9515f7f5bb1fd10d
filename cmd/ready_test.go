package main

import (
	"net/http/httptest"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
)

func TestAnOperatorIsReadyOnceItsCachesAreFilled(t *testing.T) {
	for _, filled := range []bool{false, true} {
		err := hears(&informertest.FakeInformers{Synced: &filled})(httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
		if (err == nil) != filled {
			t.Errorf("filled %t: %v", filled, err)
		}
	}
}
