package prometheus_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/serin-dev/serin/analysis"
)

// signed is a configuration with Amazon's own example key.
func signed(address string) analysis.Config {
	return analysis.Config{Address: address, SigningRegion: "eu-central-1", Headers: map[string]string{"X-Team": "shop"}, Credentials: map[string][]byte{
		"aws_access_key_id": []byte("AKIDEXAMPLE\n"), "aws_secret_access_key": []byte("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"), "aws_session_token": []byte("session-s3cret"),
	}}
}

// TestSignedRequests signs each request again, as what arrives, and wants the same signature.
func TestSignedRequests(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := r.Header.Get("Authorization")
		for _, want := range []string{"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", "/eu-central-1/aps/aws4_request", "content-type", "host", "x-amz-date", "x-amz-security-token", "x-team"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing from %s", want, got)
			}
		}
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("signed at %v, %v", at, err)
		}
		again := r.Clone(t.Context())
		again.URL.Host = r.Host
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "Accept-Encoding"} {
			again.Header.Del(name)
		}
		hash := sha256.Sum256(body)
		credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "session-s3cret"}
		if err := v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(hash[:]), "aps", "eu-central-1", at); err != nil {
			t.Error(err)
		}
		if want := again.Header.Get("Authorization"); got != want {
			t.Errorf("signed as %s, want %s", got, want)
		}
		fmt.Fprint(w, pong)
	})
	if err := ping(t, signed(address+"/workspaces/ws-1/")); err != nil {
		t.Error(err)
	}
}

func TestASignatureIsNotTold(t *testing.T) {
	err := ping(t, signed(serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "what is "+r.Header.Get("Authorization"), http.StatusForbidden)
	})))
	if err == nil || !strings.Contains(err.Error(), "Signature=[redacted]") || strings.Contains(err.Error(), "AKID") {
		t.Error(err)
	}
}
