// Package absent says what every call into this stand-in answers.
package absent

import "errors"

// ErrACME is returned wherever the real library would have talked to a certificate authority.
var ErrACME = errors.New("this Traefik is built without ACME: it cannot obtain certificates by itself")
