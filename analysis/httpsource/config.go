package httpsource

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// KeyCA is the key of the Secret with the authority to trust instead of the system's.
const KeyCA = "ca.crt"

// baseURL checks an address, and answers it without a slash at its end. It never tells a password that it contains.
func baseURL(address string, k Kind) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil:
		return "", errors.New("it can't be read as a URL: " + k.Example)
	case u.User != nil:
		return "", errors.New("it contains a user name or password: " + k.Keys)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", fmt.Errorf("%q is not the URL of an HTTP server: %s", address, k.Example)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("%q has a query or fragment: %s", u.Redacted(), k.Example)
	}
	if k.Refuse != nil {
		if err := k.Refuse(u); err != nil {
			return "", err
		}
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// security trusts ca.crt instead of the system's authorities where there is one.
func security(credentials map[string][]byte, k Kind) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca, ok := credentials[KeyCA]; ok {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("secret key ca.crt: there is no certificate in PEM form")
		}
	}
	if k.Secure == nil {
		return config, nil
	}
	return config, k.Secure(config)
}

var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[\t\x20-\x7e\x80-\xff]*$`)
)

// FitsHeader says whether a text can be the value of a header.
func FitsHeader(text string) bool { return headerValue.MatchString(text) }

// CheckHeader says why a header can't be sent. It tells the name only, as the value may be a secret.
func CheckHeader(name, value string) error {
	ours := []string{"Host", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection"}
	switch {
	case !headerName.MatchString(name):
		return fmt.Errorf("%q can't be the name of a header", name)
	case !FitsHeader(value):
		return fmt.Errorf("the value of %s has characters that a header can't have", name)
	case slices.Contains(ours, textproto.CanonicalMIMEHeaderKey(name)):
		return fmt.Errorf("%s can't be set", name)
	}
	return nil
}
