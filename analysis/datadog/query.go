package datadog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
)

// query asks for one number per bucket, and pod where it is grouped. It is made with its name.
type query struct {
	text string // identifies it
	with func(name string) datadogV2.TimeseriesQuery
	// by is the tag that it is grouped by.
	by string
}

// metrics is a query of the data source metrics: function:metric{scope} by {by}.
type metrics struct {
	function, metric string
	scope            []string
	by               string
}

// counted asks for a count.
func (m metrics) counted() query { return metricsQuery(m.String()+".as_count()", m.by) }

func (m metrics) String() string {
	text := m.function + ":" + m.metric + "{" + strings.Join(m.scope, ",") + "}"
	if m.by != "" {
		text += " by {" + m.by + "}"
	}
	return text
}

func metricsQuery(text, by string) query {
	return query{text: text, by: by, with: func(name string) datadogV2.TimeseriesQuery {
		q := datadogV2.NewMetricsTimeseriesQuery(datadogV2.METRICSDATASOURCE_METRICS, text)
		q.Name = &name
		return datadogV2.MetricsTimeseriesQueryAsTimeseriesQuery(q)
	}}
}

// boundaries of the histograms made of a distribution, in seconds: always the same, as looks with different ones could not be
// added up, and five to each factor of ten.
func boundaries() []float64 {
	return []float64{
		.001, .0016, .0025, .004, .0063, .01, .016, .025, .04, .063, .1, .16, .25, .4, .63, 1, 1.6, 2.5, 4, 6.3,
	}
}

// distribution asks for a metric of that type. Its quantiles are of all pods together, as values of single pods can't be put together.
func distribution(metric string, scope []string, by string, unit float64) latencies {
	return latencies{
		unit:  unit,
		total: metrics{"count", metric, scope, by}.counted(),
		upTo: func(seconds float64) query {
			return metrics{"count(v: v<=" + decimal(seconds/unit) + ")", metric, scope, by}.counted()
		},
		quantile: func(q float64) (query, error) {
			return metricsQuery(metrics{"p" + decimal(100*q), metric, scope, ""}.String(), ""), nil
		},
	}
}

// decimal writes a number without an exponent, and without the dust of a division.
func decimal(x float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// apmMetric asks the data source apm_metrics. Without an operation it is the service's primary one.
func apmMetric(a arm, stat datadogV2.ApmMetricsStat) query {
	filter := "env:" + a.env + ",version:" + a.version
	text := strings.Join([]string{"apm_metrics", string(stat), a.service, a.operation, filter}, " ")
	return query{text: text, with: func(name string) datadogV2.TimeseriesQuery {
		q := datadogV2.NewApmMetricsQuery(datadogV2.APMMETRICSDATASOURCE_APM_METRICS, name, stat)
		q.Service, q.QueryFilter = &a.service, &filter
		if a.operation != "" {
			q.OperationName = &a.operation
		}
		return datadogV2.ApmMetricsQueryAsTimeseriesQuery(q)
	}}
}

// apmDurations are what apm_metrics tells of latencies: quantiles, in seconds.
func apmDurations(a arm) latencies {
	stats := map[float64]datadogV2.ApmMetricsStat{
		.5: datadogV2.APMMETRICSSTAT_LATENCY_P50, .75: datadogV2.APMMETRICSSTAT_LATENCY_P75, .9: datadogV2.APMMETRICSSTAT_LATENCY_P90,
		.95: datadogV2.APMMETRICSSTAT_LATENCY_P95, .99: datadogV2.APMMETRICSSTAT_LATENCY_P99,
	}
	return latencies{
		unit:  1,
		total: apmMetric(a, datadogV2.APMMETRICSSTAT_HITS),
		quantile: func(q float64) (query, error) {
			stat, ok := stats[q]
			if !ok {
				return query{}, fmt.Errorf("apm_metrics has no quantile %v, only %v", q, slices.Sorted(maps.Keys(stats)))
			}
			return apmMetric(a, stat), nil
		},
	}
}
