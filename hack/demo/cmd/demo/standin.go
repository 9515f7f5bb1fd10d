package main

import (
	"context"

	"github.com/serin-dev/serin/hack/demo/stage"
)

// foreword says what the metrics come from, where that is not what its name says.
func (d *demo) foreword() {
	if d.stage.Source != stage.Datadog {
		return
	}
	d.terminal.Heading("Not Datadog, but a stand-in")
	d.terminal.Say("Datadog's service can't be reached from a local cluster. So this demo brings a stand-in into the cluster: it reads the app's pods every ten seconds, " +
		"as an Agent does, and answers in the wire format that Datadog documents. Serin asks it as it asks Datadog, but what follows says nothing about Datadog's own service: " +
		"docs/datadog.md lists what could not be confirmed.")
}

// afterword says it once more, and what the stand-in counted.
func (d *demo) afterword(ctx context.Context) {
	if d.stage.Source != stage.Datadog {
		return
	}
	d.terminal.Heading("It was not Datadog")
	d.terminal.Say("All of Serin's evidence came from a stand-in that speaks Datadog's documented wire format. Datadog's service, which can't be reached from a local cluster, had no part in it.")
	if d.stage.Config == nil {
		return // there is no cluster to ask
	}
	got, err := d.stage.StandInStatus(ctx)
	if err != nil {
		d.terminal.Say("What it counted is not known: %s", err)
		return
	}
	d.terminal.Say("Up to its last full ten seconds it counted %.0f requests of the app's pods, %.0f of which failed. Serin asked it %d times about them and %d times whether it is well; its rate limit, %d requests an hour, refused %d of these.",
		got.Requests, got.Errors, got.Looks, got.Health, got.Limit, got.Refused)
}
