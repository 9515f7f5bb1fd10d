// Package datadog counts requests with Datadog's API, or a proxy that speaks it.
//
// One request per call, to /api/v2/query/timeseries, brings every metric of both arms over all windows: a named query and a
// formula for each number. It never asks for rates or averages where it can have counts.
//
//   - A bucket is ten seconds, as long as Agents and tracers gather before they send: a finer one would only say when they sent.
//   - A bucket belongs to the window in which it begins. So none is counted twice, none reaches back before its window, and
//     adjoining windows lose none; but the last one of a window reaches up to ten seconds beyond its end.
//   - A bucket counts when it is complete. How long that takes is learned from buckets that changed after they were
//     first seen; until then a window is not answered but for an error that says when to ask again. [Delay] tells a caller.
//   - A bucket without a point was not counted: a gap, never 0. Only errors without a point are 0, where the same bucket
//     has requests, as nothing sends a point for a count that did not move.
//   - Latencies are counts below fixed boundaries, asked of a distribution; or one quantile of all pods together, as a value.
//   - The rate limit belongs to the whole organisation. A source spends it evenly, and leaves a part to others.
package datadog
