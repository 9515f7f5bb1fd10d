// Package world simulates services that are released: two arms of pods, what differs between the pods, what happens to all of
// them, and what a source of metrics would tell of it, look by look.
//
// Time goes in ticks of [Tick]. In each, every pod serves a Poisson number of requests per latency bucket, of which a binomial
// number fails; everything that makes a world nasty moves the rates and the shares, and never the counts themselves. Nothing is
// drawn request by request, so 10,000 requests a second cost as much as 100.
//
// A [Release] is reproducible by its seed: equal worlds, traffic, interval and seed give equal looks, whatever runs beside it.
package world
