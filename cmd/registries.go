package main

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/prometheus"
	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
)

// routers lists the kinds of route that can carry a split. A new one is a package and a line here.
func routers() traffic.Registry {
	return traffic.Registry{
		schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute"}: gatewayapi.HTTPRoute,
	}
}

// sourceTypes lists the metrics backends. A new one is a package and a line here.
func sourceTypes() analysis.Registry {
	return analysis.Registry{
		"datadog":    datadog.New,
		"prometheus": prometheus.New,
	}
}
