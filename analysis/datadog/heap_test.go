package datadog_test

import (
	"runtime"
	"testing"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// BenchmarkLiveHeap reports what a source holds in memory before it is asked: the live heap after a collection, by many of them. What importing the packages
// holds is told by GODEBUG=inittrace=1.
func BenchmarkLiveHeap(b *testing.B) {
	for name, test := range map[string]struct {
		new    analysis.Factory
		config analysis.Config
	}{
		"datadog":    {datadog.New, analysis.Config{Address: "https://api.datadoghq.eu", Credentials: keys()}},
		"prometheus": {prometheus.New, analysis.Config{Address: "http://prometheus:9090"}},
	} {
		b.Run(name, func(b *testing.B) {
			const many = 100
			var sources []analysis.Provider
			least := uint64(1 << 62)
			for b.Loop() {
				sources = nil
				before := liveHeap()
				for range many {
					s, err := test.new(test.config)
					if err != nil {
						b.Fatal(err)
					}
					sources = append(sources, s)
				}
				least = min(least, liveHeap()-before)
			}
			runtime.KeepAlive(sources)
			b.ReportMetric(float64(least)/many, "live-B/source")
		})
	}
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one finalised
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
