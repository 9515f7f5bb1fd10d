// Package registration holds the options of making an account.
package registration

type (
	// RegisterOptions is for an ordinary account.
	RegisterOptions struct{ TermsOfServiceAgreed bool }
	// RegisterEABOptions is for one bound to an account elsewhere.
	RegisterEABOptions struct {
		TermsOfServiceAgreed bool
		Kid, HmacEncoded     string
	}
)
