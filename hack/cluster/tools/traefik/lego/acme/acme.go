// Package acme holds the account types Traefik stores.
package acme

type (
	// Account is an account at a certificate authority.
	Account struct {
		Status  string   `json:"status,omitempty"`
		Contact []string `json:"contact,omitempty"`
	}
	// ExtendedAccount is an Account with its address.
	ExtendedAccount struct {
		Account
		Location string `json:"-"`
	}
)
