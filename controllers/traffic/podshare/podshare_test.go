package podshare

import "testing"

func TestPods(t *testing.T) {
	tests := map[string]struct{ replicas, weight, want int32 }{
		"nothing is asked for":                             {10, 0, 0},
		"a workload scaled to zero has no share to give":   {0, 50, 0},
		"ten percent of ten pods is one beside ten":        {10, 10, 1},
		"ten percent of nine pods is exactly one":          {9, 10, 1},
		"a fifth beside eight is exactly two":              {8, 20, 2},
		"the share is rounded down":                        {10, 20, 2},
		"a small share still means one pod":                {3, 1, 1},
		"a third beside ten is not quite five":             {10, 33, 4},
		"just under half rounds down":                      {10, 49, 9},
		"half is as many as the baseline":                  {10, 50, 10},
		"more than half is no more than that":              {10, 80, 10},
		"everything is the business of the hand-over":      {10, 100, 10},
		"a single pod gets a single pod beside it":         {1, 10, 1},
		"sizes near the limit of an int32 do not overflow": {2147483647, 49, 2063268602},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Pods(tc.replicas, tc.weight); got != tc.want {
				t.Errorf("Pods(%d, %d) = %d, want %d", tc.replicas, tc.weight, got, tc.want)
			}
		})
	}
}

func TestPodsForEverySizeAndWeight(t *testing.T) {
	for n := int32(0); n <= 200; n++ {
		before := int32(0)
		for w := int32(0); w <= 100; w++ {
			got := Pods(n, w)
			if got < before {
				t.Fatalf("Pods(%d, %d) = %d is less than the %d at the weight before: a step up must not take pods away", n, w, got, before)
			}
			before = got
			if got > n {
				t.Fatalf("Pods(%d, %d) = %d is more than the baseline has", n, w, got)
			}
			if (got == 0) != (n == 0 || w == 0) {
				t.Fatalf("Pods(%d, %d) = %d: pods exactly where there is a size and a weight", n, w, got)
			}
			if w == 0 || w >= 50 || n == 0 {
				continue
			}
			if got > 1 && 100*got > w*(n+got) {
				t.Fatalf("Pods(%d, %d) = %d is a share above the weight", n, w, got)
			}
			if more := got + 1; more <= n && 100*more <= w*(n+more) {
				t.Fatalf("Pods(%d, %d) = %d, yet %d would still be within the weight", n, w, got, more)
			}
		}
	}
}

func TestShare(t *testing.T) {
	tests := map[string]struct{ baseline, candidate, want int32 }{
		"no pods at all":                       {0, 0, 0},
		"no candidate":                         {5, 0, 0},
		"only the candidate":                   {0, 5, 100},
		"one beside nine":                      {9, 1, 10},
		"one beside two is rounded down":       {2, 1, 33},
		"two beside one is rounded up":         {1, 2, 67},
		"exactly between two is rounded up":    {7, 1, 13},
		"large numbers do not overflow":        {2147483647, 2147483647, 50},
		"a number below zero counts as no pod": {-1, 3, 100},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Share(tc.baseline, tc.candidate); got != tc.want {
				t.Errorf("Share(%d, %d) = %d, want %d", tc.baseline, tc.candidate, got, tc.want)
			}
		})
	}
}

func TestShareForEveryPair(t *testing.T) {
	for b := int32(0); b <= 200; b++ {
		for c := int32(0); c <= 200; c++ {
			got, mirrored := Share(b, c), Share(c, b)
			if got < 0 || got > 100 {
				t.Fatalf("Share(%d, %d) = %d is no percentage", b, c, got)
			}
			if b+c == 0 {
				continue
			}
			if off := 200*c - 2*got*(b+c); off > b+c || off < -(b+c) {
				t.Fatalf("Share(%d, %d) = %d is further than half a percent from %d/%d", b, c, got, c, b+c)
			}
			if sum := got + mirrored; sum != 100 && sum != 101 {
				t.Fatalf("Share(%d, %d) + Share(%d, %d) = %d", b, c, c, b, sum)
			}
		}
	}
}

func TestCapacityForEverySizeAndWeight(t *testing.T) {
	for n := int32(0); n <= 200; n++ {
		before := int32(0)
		for w := int32(0); w <= 100; w++ {
			got := Capacity(n, w)
			if got < before {
				t.Fatalf("Capacity(%d, %d) = %d is less than the %d at the weight before", n, w, got, before)
			}
			before = got
			if 100*got < w*n {
				t.Fatalf("Capacity(%d, %d) = %d is too few for the share", n, w, got)
			}
			if got > 0 && 100*(got-1) >= w*n {
				t.Fatalf("Capacity(%d, %d) = %d, yet one less would do", n, w, got)
			}
			if w > 0 && n > 0 && got < 1 {
				t.Fatalf("Capacity(%d, %d) = %d: a share needs a pod", n, w, got)
			}
		}
		if got := Capacity(n, 100); got != n {
			t.Fatalf("Capacity(%d, 100) = %d", n, got)
		}
	}
}
