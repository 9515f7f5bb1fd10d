package analysis

import "math"

// Sparks draws both arms of a metric on one scale, from 0 to the most that either shows: a character for each look, and a blank where there is no value. Values below 0
// are drawn as 0.
func Sparks(baseline, candidate []float64) (baselineLine, candidateLine string, most float64) {
	for _, arm := range [][]float64{baseline, candidate} {
		for _, v := range arm {
			if drawable(v) {
				most = max(most, v)
			}
		}
	}
	return sparks(baseline, most), sparks(candidate, most), most
}

func drawable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func sparks(values []float64, most float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	line := make([]rune, 0, len(values))
	for _, v := range values {
		switch {
		case !drawable(v):
			line = append(line, ' ')
		case most <= 0 || v <= 0:
			line = append(line, bars[0])
		default:
			line = append(line, bars[min(int(v/most*float64(len(bars))), len(bars)-1)])
		}
	}
	return string(line)
}
