// Package load sends a constant rate of requests and keeps WebSocket connections open, and tells whose fault each failure was.
//
// A request has exactly one outcome:
//
//	ok                  the service answered 2xx or 3xx
//	injected            the service answered, and says by X-Demo-Injected that it failed on purpose
//	unexpected          the service answered with any other status
//	failedByPlatform    no answer (refused, reset, timed out), or one that lacks X-Demo-Version and so came from
//	                    something in between: a gateway's 502, 503, 504, a 404 without a route, a foreign backend
//
// The rate is held whatever the answers do: a slow answer does not delay the next request. Requests under way at the end are
// waited for and counted, so stopping never makes failures.
//
// A WebSocket connection that ends is a clean disconnect when the server sent close code 1001 (going away) and the very next
// attempt to connect succeeded. Every other end is unclean, except those at the end of the run.
package load
