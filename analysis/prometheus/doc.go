// Package prometheus counts requests with any backend that speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir,
// VictoriaMetrics.
//
// It asks for raw samples and takes the differences itself. increase() and rate() extrapolate to the edges of a window, and
// never see the first value of a counter: a new version's first errors, which appear as a new series, would be lost. Per look
// and query family it sends two requests, each for both arms and all metrics at once: the last sample of every series at the
// window's beginning, and all samples within the window. (One request for both would have to reach back minutes before the
// window in every look.) A third one asks whether targets that appear for the first time were scraped before.
//
//   - A counter that falls was reset, and counts from zero.
//   - A series that appears on a target already scraped, or together with a new target, counts from zero. Otherwise
//     its first sample is only where counting begins.
//   - A missing scrape loses nothing: its increase is in the next sample. So may be a few seconds from before the window, as
//     the last sample before it is up to one scrape old.
//   - A pod scraped twice, by two jobs or two Prometheus servers, counts once.
//   - A native histogram is preferred to a classic one of the same name; they are never added.
//   - Where nothing was scraped, nothing is reported.
package prometheus
