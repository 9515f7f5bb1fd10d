package engine

import (
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// BenchmarkLook is one look at two metrics of a release that goes on for hours.
func BenchmarkLook(b *testing.B) {
	for name, source := range map[string]func(*service){
		"20 pods":                 func(*service) {},
		"200 pods":                func(s *service) { s.pods = [2]int{100, 100} },
		"arms only":               func(s *service) { s.whole = true },
		"one number per interval": func(s *service) { s.scalar = true },
	} {
		b.Run(name, func(b *testing.B) {
			s, e := healthy(1, 100), New(usual())
			source(s)
			s.learn(e)
			var looks []analysis.Look
			for i := range 400 {
				looks = append(looks, s.look(10+int32(i/40)%9*10, 100))
			}
			for _, l := range looks {
				e.Look(l)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e.Look(looks[i%len(looks)])
			}
			b.ReportMetric(float64(len(e.State())), "state-bytes")
		})
	}
}

func BenchmarkState(b *testing.B) {
	s, e := healthy(1, 100), New(usual())
	s.learn(e)
	for range 100 {
		e.Look(s.look(50, 60))
	}
	b.ReportAllocs()
	for b.Loop() {
		e.State()
	}
}
