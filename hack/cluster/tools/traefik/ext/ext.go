// Package ext is the point at which Traefik's dynamic configuration can be extended by builds of it that are not
// the open-source one. It is empty here, as it is there.
package ext

type (
	// HTTP is embedded in the HTTP configuration.
	HTTP struct{}
	// Router is embedded in an HTTP router.
	Router struct{}
)
