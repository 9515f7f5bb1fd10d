// Package podshare divides requests by the number of pods, for workloads without a route: queue consumers, and Services whose
// clients pick a pod by chance.
//
// The baseline keeps all of its pods until the hand-over, since only then can it take everything back at once. So a candidate
// beside N baseline pods gets at most half of the requests: a plan's weights of 50 and more all mean N pods beside N, and
// the rest of the way is the hand-over itself.
package podshare

// Pods says how many pods the candidate gets beside replicas pods of the baseline, so that its share of all pods comes as close to
// weight percent as whole pods allow without going above it: the largest n with n/(replicas+n) <= weight/100. Two limits come first:
// any weight above 0 means at least one pod, even where one pod is more than the share asked for, and never more than replicas.
func Pods(replicas, weight int32) int32 {
	if replicas <= 0 || weight <= 0 {
		return 0
	}
	if weight >= 50 {
		return replicas
	}
	n := int64(replicas) * int64(weight) / int64(100-weight)
	return int32(min(int64(replicas), max(1, n)))
}

// Share is the candidate's share in percent, rounded to the nearest whole one, when requests spread evenly over all pods. It is 0
// when there are no pods.
func Share(baseline, candidate int32) int32 {
	b, c := int64(max(baseline, 0)), int64(max(candidate, 0))
	if b+c == 0 {
		return 0
	}
	return int32((200*c + b + c) / (2 * (b + c)))
}

// Capacity says how many pods the candidate needs to take weight percent of the requests that replicas pods serve now, where a
// route divides them: weight percent of replicas rounded up, hence at least one for any weight above 0, and replicas for 100.
func Capacity(replicas, weight int32) int32 {
	if replicas <= 0 || weight <= 0 {
		return 0
	}
	return int32((int64(replicas)*int64(min(weight, 100)) + 99) / 100)
}
