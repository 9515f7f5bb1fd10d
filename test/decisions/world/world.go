package world

import "time"

// Tick is the step of the simulation. Looks and scrapes last whole ticks.
const Tick = 5 * time.Second

// World is a service, what happens to it, and the source that tells of it. Where nothing is said, nothing happens.
type World struct {
	// Name on the command line, and About for people.
	Name, About string
	Service     Service
	Pods        Pods
	Shared      Shared
	Bursts      Bursts
	Storms      Storms
	Episodes    Episodes
	Cold        Cold
	Source      Source
}

// Service is what both versions are like when nothing happens.
type Service struct {
	// Errors is the share of requests that fail.
	Errors  float64
	Latency Mixture
	// Replicas of the baseline. The candidate has their share by weight, rounded up, and at least one.
	Replicas int
	// Elasticity of the latency: a pod with twice the usual load is slower by a factor of 2 to the power of it.
	Elasticity float64
	// Retries is the share of failed requests that their clients send again, to either arm.
	Retries float64
	// Mix is the standard deviation of the logarithm of the share of heavy requests, drawn anew for each arm at each weight: the
	// requests that a route happens to send there.
	Mix float64
}

// Pods is how one pod differs from the next. Deviations are of the logarithms of latency and error rate.
type Pods struct {
	// Latency and Errors last as long as the pod.
	Latency, Errors float64
	// WanderLatency and WanderErrors are forgotten within Memory seconds.
	WanderLatency, WanderErrors, Memory float64
	// SlowNodes is the factor on the latency of pods on slow nodes, of which there is one in five; 0 for none.
	SlowNodes float64
	// Clumped is the shape of a gamma factor on the error rate, per pod and tick: errors come in clumps; 0 for none.
	Clumped float64
	// Pauses per pod and hour: 4 to 12 seconds at five times the latency.
	Pauses float64
}

// Shared is what moves both arms alike. Deviations are of the logarithms.
type Shared struct {
	// Latency and Errors wander, and are forgotten within Memory seconds.
	Latency, Errors, Memory float64
	// Diurnal is the amplitude of a swing of the traffic within two hours; Gusts is the shape of a gamma factor on the traffic
	// that lasts some 20 seconds, 0 for none.
	Diurnal, Gusts float64
}

// Bursts are incidents of a dependency that hit both arms for 20 to 90 seconds.
type Bursts struct {
	PerHour float64
	// Errors is the largest share of additional errors, Latency the largest factor.
	Errors, Latency float64
}

// Storms are clients that retry a failing request against the one pod that their session sticks to, for 5 to 30 seconds.
type Storms struct {
	PerHour float64
	// Requests is the mean size at a quiet service; it grows by the traffic (requests a second) to the power of 0.6.
	Requests float64
}

// Episodes are error episodes of one pod: a connection pool with a dead connection, a poisoned cache.
type Episodes struct {
	PerPodHour float64
	// Errors is the mean share of additional errors, Seconds the mean duration.
	Errors, Seconds float64
}

// Cold is what a new pod pays until its caches are full and its code is compiled. It fades with e to the power of -age/Seconds.
type Cold struct {
	// Latency is the relative increase and Errors the additional share at age 0.
	Latency, Errors, Seconds float64
}

// Source is how the counts are told.
type Source struct {
	// Bounds are the finite upper boundaries of the buckets in seconds, nil for [Coarse].
	Bounds []float64
	// Sparse leaves out empty buckets, as native histograms do.
	Sparse bool
	// ArmOnly gives one observation per arm: there are no labels of pods.
	ArmOnly bool
	// Scalar gives the interval's p95 of each arm and no histogram; it implies ArmOnly.
	Scalar bool
	// Scrape is the time between two scrapes of a pod, 0 for 15 s; a shorter look interval shortens it.
	Scrape time.Duration
	// Missed is the share of scrapes that fail, Restarts the number of container restarts per pod and hour: the counter begins
	// at 0, what was not yet scraped is lost, and the pod is cold again.
	Missed, Restarts float64
}
