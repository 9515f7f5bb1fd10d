package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/service"
)

// traffic is the load on one app, through the gateway, from its first answer until the end of the journey.
type traffic struct {
	generator *load.Generator
	stop      context.CancelFunc
	done      chan struct{}
}

// send begins a constant rate of requests, and keeps WebSockets open, as soon as the gateway answers for this host.
func (a *app) send(rate, webSockets int) {
	a.Helper()
	host := a.ns + ".example"
	a.until("the gateway to serve "+host, patience, func(*world) bool { return answers(a.Context(), a.cluster.gateway(), host) })
	// An answer that takes long on a busy machine is not a failed one.
	generator, err := load.New(load.Config{URL: a.cluster.gateway(), Host: host, Rate: rate, WebSockets: webSockets, Timeout: 30 * time.Second})
	a.do("making the load", err)
	ctx, stop := context.WithCancel(cleanUp(a.T))
	a.load = &traffic{generator: generator, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(a.load.done)
		generator.Run(ctx)
	}()
	a.until("the load to be answered", patience, func(*world) bool {
		s := generator.Summary()
		return s.Requests.OK > 0 && s.WebSockets.Open == webSockets
	})
}

func answers(ctx context.Context, url, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK && response.Header.Get(service.HeaderVersion) != ""
}

// answered is how many requests a version has answered so far.
func (a *app) answered(version string) uint64 {
	if v := a.load.generator.Summary().Requests.ByVersion[version]; v != nil {
		return v.Total
	}
	return 0
}

// endLoad stops sending and holds the platform to its promise: no request failed but by the service's own doing.
func (a *app) endLoad() {
	if a.load == nil {
		return
	}
	a.load.stop()
	<-a.load.done
	s := a.load.generator.Summary()
	results.addLoad(s)
	a.Logf("load: %d requests, %d failed by the platform, %d injected, %d unexpected; %d WebSockets: %d clean ends, %d unclean, %d failed dials",
		s.Requests.Total, s.Requests.FailedByPlatform, s.Requests.Injected, s.Requests.Unexpected,
		s.WebSockets.Wanted, s.WebSockets.CleanDisconnects, s.WebSockets.UncleanDisconnects, s.WebSockets.FailedDials)
	if s.Clean() && s.Requests.Unexpected == 0 {
		return
	}
	samples, err := json.MarshalIndent(append(s.Requests.Samples, s.WebSockets.Samples...), "", "  ")
	a.Errorf("the platform failed requests (%v):\n%s", err, samples)
}
