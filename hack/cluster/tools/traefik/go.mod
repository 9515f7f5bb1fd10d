module github.com/serin-dev/serin/hack/cluster/tools/traefik

go 1.26.0

require github.com/traefik/traefik/v3 v3.7.13

// Two modules that Traefik's go.mod names cannot be fetched by others; see README.md.
replace (
	github.com/go-acme/lego/v5 => ./lego
	github.com/traefik/traefik/dynamic/ext => ./ext
)

// As in Traefik's own go.mod (replaces count only in the main module), the first at a version that can be fetched.
replace (
	github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e
	github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59
)

exclude github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible
