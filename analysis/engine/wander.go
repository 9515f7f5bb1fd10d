package engine

import "math"

// wander is how far the baseline's own value strays for minutes with nothing wrong, in tolerated differences: two arms whose values stray
// each by itself may differ as much. It is learned before the release, from single looks and from windows of wanderLooks looks.
type wander struct {
	// First is the value that the others are counted from.
	First        float32
	One, Window  moments
	Going, Looks float32
}

// moments sums N numbers and their squares.
type moments struct{ N, Sum, Squares float32 }

const wanderLooks = 16

// learn takes in how far a value is from the first one.
func (w *wander) learn(distance float64) {
	w.One.add(float32(distance))
	w.Going += float32(distance)
	if w.Looks++; w.Looks == wanderLooks {
		w.Window.add(w.Going / wanderLooks)
		w.Going, w.Looks = 0, 0
	}
}

// variance of what one arm may stray by over so many looks. What strays for some minutes averages out over hours.
func (w *wander) variance(looks float64) float64 {
	if w.Window.N < 2 {
		return 0
	}
	slow := max(w.Window.variance()-w.One.variance()/wanderLooks, 0) * (1 + math.Sqrt(2/float64(w.Window.N)))
	return slow * min(2*wanderLooks/max(looks, 1), 1)
}

func (m *moments) add(x float32) {
	m.N++
	m.Sum += x
	m.Squares += x * x
}

// variance of what was summed.
func (m *moments) variance() float64 {
	mean := m.Sum / m.N
	return max(float64(m.Squares/m.N-mean*mean), 0) * float64(m.N/(m.N-1))
}
