package load

import (
	"net/http"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/serin-dev/serin/hack/demo/service"
)

// outcome is whose doing an answer is; its text is the summary's name for it.
type outcome string

const (
	ok         outcome = "ok"
	injected   outcome = "injected"
	unexpected outcome = "unexpected"
	platform   outcome = "failedByPlatform"
)

// classify decides the outcome of a request that has ended. A Code of 0 means that no whole answer came.
func classify(r *vegeta.Result) outcome {
	switch {
	case r.Code == 0 || r.Headers.Get(service.HeaderVersion) == "":
		return platform
	case r.Headers.Get(service.HeaderInjected) == "true":
		return injected
	case r.Code >= http.StatusOK && r.Code < http.StatusBadRequest:
		return ok
	}
	return unexpected
}

// add counts one request.
func (c *Counts) add(o outcome) {
	c.Total++
	switch o {
	case ok:
		c.OK++
	case injected:
		c.Injected++
	case unexpected:
		c.Unexpected++
	case platform:
		c.FailedByPlatform++
	}
}
