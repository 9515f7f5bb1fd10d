package prometheus

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/serin-dev/serin/analysis"
)

// signedService is what Amazon Managed Service for Prometheus is called in signatures.
const signedService = "aps"

// signature is one in a text: it is good for one request and some minutes, but nobody else's.
var signature = regexp.MustCompile(`Signature=[0-9a-f]+`)

// signer signs requests as Amazon Web Services want it.
type signer struct {
	v4          *v4.Signer
	region      string
	credentials aws.Credentials
}

// newSigner makes a signer, nil when none is asked for, and tells the secrets among what it was made from.
func newSigner(c analysis.Config) (*signer, []string, error) {
	get := func(key string) string { return strings.TrimSpace(string(c.Credentials[key])) }
	id, key, session := get(keyAccessID), get(keyAccess), get(keySession)
	switch {
	case c.SigningRegion == "" && id+key+session != "":
		return nil, nil, errors.New("secret keys aws_access_key_id, aws_secret_access_key and aws_session_token: they need spec.sigV4.region")
	case c.SigningRegion == "":
		return nil, nil, nil
	case id == "" || key == "":
		return nil, nil, errors.New("secret keys aws_access_key_id and aws_secret_access_key: both are needed to sign requests")
	}
	for _, other := range []string{keyToken, keyUsername, keyPassword, keyHeader + "Authorization"} {
		if _, ok := c.Credentials[other]; ok {
			return nil, nil, errors.New("secret key " + other + ": a signed request has no room for it: leave it out, or spec.sigV4")
		}
	}
	return &signer{
		v4: v4.NewSigner(), region: c.SigningRegion,
		credentials: aws.Credentials{AccessKeyID: id, SecretAccessKey: key, SessionToken: session},
	}, []string{id, key, session}, nil
}

// sign adds the signature of a request with this body.
func (s *signer) sign(r *http.Request, body string, now time.Time) error {
	if s == nil {
		return nil
	}
	hash := sha256.Sum256([]byte(body))
	return s.v4.SignHTTP(r.Context(), s.credentials, r, hex.EncodeToString(hash[:]), signedService, s.region, now)
}
