package world

import "math"

// Clean is the world in which requests are independent of each other. All other worlds are made from it.
func Clean() World {
	return World{
		Name: "clean", About: "independent requests",
		Service: Service{Errors: 0.002, Latency: Web(), Replicas: 10},
		Pods:    Pods{Memory: 180},
		Shared:  Shared{Memory: 300},
	}
}

// Worlds of the benchmark, in the order of its tables.
func Worlds() []World {
	worlds := []World{Clean()}
	for _, list := range [][]nasty{incidents(), pods(), services(), sources(), combinations()} {
		for _, n := range list {
			w := Clean()
			w.Name, w.About = n.name, n.about
			n.make(&w)
			worlds = append(worlds, w)
		}
	}
	return worlds
}

// Silent is a world of which the source tells nothing.
func Silent() World {
	w := Clean()
	w.Name, w.About, w.Source.Missed = "silent", "the source brings nothing", 1
	return w
}

// nasty is one way in which the world is not clean.
type nasty struct {
	name, about string
	make        func(*World)
}

// incidents that are over after a while.
func incidents() []nasty {
	return []nasty{
		{"shared-bursts", "8 incidents an hour hit both arms", func(w *World) {
			w.Bursts = Bursts{PerHour: 8, Errors: 0.15, Latency: 3}
		}},
		{"sticky-storms", "30 retry storms an hour, each on one pod", func(w *World) {
			w.Storms = Storms{PerHour: 30, Requests: 3}
		}},
		{"retries", "clients retry most failed requests, while incidents hit both arms", func(w *World) {
			w.Service.Retries, w.Bursts = 0.8, Bursts{PerHour: 4, Errors: 0.3, Latency: 1.5}
		}},
		{"pauses", "10 pauses per pod and hour", func(w *World) { w.Pods.Pauses = 10 }},
		{"episodes", "2 error episodes per pod and hour", func(w *World) {
			w.Episodes = Episodes{PerPodHour: 2, Errors: 0.02, Seconds: 90}
		}},
		{"clumped-errors", "errors come in clumps, on each pod by itself", func(w *World) { w.Pods.Clumped = 0.3 }},
		{"drift", "latency, errors and traffic of both arms wander together", func(w *World) {
			w.Shared = Shared{Latency: 0.12, Errors: 0.5, Memory: 300, Diurnal: 0.5, Gusts: 1}
		}},
	}
}

// pods that differ from each other.
func pods() []nasty {
	return []nasty{
		{"pod-effects", "pods differ: latency by 4% for good and 6% for minutes, errors by 25%", func(w *World) {
			w.Pods = Pods{Latency: 0.04, Errors: 0.25, WanderLatency: 0.06, WanderErrors: 0.25, Memory: 180}
		}},
		{"pod-effects-x2", "pods differ by nearly twice as much", func(w *World) {
			w.Pods = Pods{Latency: 0.08, Errors: 0.40, WanderLatency: 0.10, WanderErrors: 0.40, Memory: 180}
		}},
		{"slow-nodes", "every fifth node is slower by 25%", func(w *World) { w.Pods.SlowNodes = 1.25 }},
		{"cold-start", "a new pod starts at 2.5 times the latency and warms up within 25 s", func(w *World) {
			w.Cold = Cold{Latency: 1.5, Errors: 0.005, Seconds: 25}
		}},
		{"cold-slow", "a new pod starts at 2.5 times the latency and warms up within 45 s", func(w *World) {
			w.Cold = Cold{Latency: 1.5, Errors: 0.005, Seconds: 45}
		}},
		{"few-pods", "2 replicas that differ", func(w *World) {
			w.Service.Replicas = 2
			w.Pods = Pods{Latency: 0.03, Errors: 0.2, WanderLatency: 0.04, WanderErrors: 0.2, Memory: 180}
		}},
		{"many-pods", "50 replicas that differ", func(w *World) {
			w.Service.Replicas = 50
			w.Pods = Pods{Latency: 0.04, Errors: 0.25, WanderLatency: 0.06, WanderErrors: 0.25, Memory: 180}
		}},
		{"load", "latency rises with the load of a pod, and pods differ a little", func(w *World) {
			w.Service.Elasticity, w.Service.Replicas, w.Shared.Diurnal = 0.1, 4, 0.3
			w.Pods.Latency = 0.02
		}},
	}
}

// services whose errors or durations are unlike the usual ones.
func services() []nasty {
	return []nasty{
		{"hardly-any-errors", "1 request of 100,000 fails", func(w *World) { w.Service.Errors = 1e-5 }},
		{"many-errors", "5% of the requests fail", func(w *World) { w.Service.Errors = 0.05 }},
		{"heavy-tail", "the slowest requests follow Pareto's law", func(w *World) {
			w.Service.Latency = Mixture{{Share: 0.85, Median: 0.060, Sigma: 0.5}, {Share: 0.15, Median: 0.15, Tail: 1.3}}
		}},
		{"bimodal", "cached answers within 5 ms, others in 400 ms", func(w *World) {
			w.Service.Latency = Mixture{{Share: 0.7, Median: 0.005, Sigma: 0.3}, {Share: 0.3, Median: 0.4, Sigma: 0.3}}
		}},
		{"empty-stretch", "p95 lies where there is hardly any request: 95% take 20 ms, the others 1.5 s", func(w *World) {
			w.Service.Latency = Mixture{{Share: 0.95, Median: 0.020, Sigma: 0.3}, {Share: 0.05, Median: 1.5, Sigma: 0.25}}
		}},
		{"mix-shift", "each arm gets a slightly different mix of requests", func(w *World) { w.Service.Mix = 0.025 }},
	}
}

// sources that tell less, or otherwise.
func sources() []nasty {
	return []nasty{
		{"gaps", "8% of the scrapes are missing, and pods restart once an hour", func(w *World) {
			w.Source.Missed, w.Source.Restarts = 0.08, 1
		}},
		{"finer-buckets", "pods differ, buckets 19% apart", func(w *World) {
			w.Pods, w.Source.Bounds = differing(), Finer()
		}},
		{"native-buckets", "pods differ, a native histogram", func(w *World) {
			w.Pods, w.Source.Bounds, w.Source.Sparse = differing(), Native(), true
		}},
		{"cut-off", "the buckets end before the p95", func(w *World) { w.Source.Bounds = CutOff() }},
		{"arm-only", "pods differ, but the source knows only arms", func(w *World) {
			w.Pods, w.Source.ArmOnly = differing(), true
		}},
		{"arm-episodes", "error episodes of single pods, but the source knows only arms", func(w *World) {
			w.Episodes, w.Source.ArmOnly = Episodes{PerPodHour: 2, Errors: 0.02, Seconds: 90}, true
		}},
		{"p95-only", "pods differ, and the source gives each arm's p95 as a number", func(w *World) {
			w.Pods, w.Source.Scalar = differing(), true
		}},
	}
}

func differing() Pods {
	return Pods{Latency: 0.04, Errors: 0.25, WanderLatency: 0.06, WanderErrors: 0.25, Memory: 180}
}

// combinations of the above.
func combinations() []nasty {
	return []nasty{
		{"all", "nearly all of it at half strength", everything},
		{"all-arm-only", "nearly all of it at half strength, and the source knows only arms", func(w *World) {
			everything(w)
			w.Source.ArmOnly = true
		}},
	}
}

func everything(w *World) {
	w.Bursts = Bursts{PerHour: 4, Errors: 0.10, Latency: 2.5}
	w.Storms = Storms{PerHour: 15, Requests: 3}
	w.Pods = Pods{Latency: 0.02, Errors: 0.125, WanderLatency: 0.03, WanderErrors: 0.125, Memory: 180, Pauses: 5}
	w.Cold = Cold{Latency: 1, Errors: 0.003, Seconds: 20}
	w.Shared = Shared{Latency: 0.08, Errors: 0.3, Memory: 300, Diurnal: 0.3, Gusts: 1}
	w.Source.Missed = 0.03
}

// size is the mean number of requests of a storm: few clients at a quiet service, more at a busy one.
func (s Storms) size(rate float64) float64 { return s.Requests + math.Pow(rate, 0.6) }
