package prometheus_test

import (
	"encoding/pem"
	"net/http/httptest"
	"testing"
)

// certificate is an authority's certificate in PEM form.
func certificate(t *testing.T) []byte {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}
