package prometheus

import (
	"errors"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// checkStore refuses stores by name that can't be asked, or not like this: their own answer would not say what to do.
func checkStore(host string, c analysis.Config) error {
	switch {
	case host == "monitoring.googleapis.com" || strings.HasSuffix(host, "-monitoring.googleapis.com"):
		return errors.New("Google Cloud Managed Service for Prometheus answers only for one metric at a time, named exactly, and knows no end of a series: " +
			"it can't be a source; write the address of a Prometheus that scrapes the same pods, such as that of its self-deployed collection")
	case strings.HasPrefix(host, "aps-workspaces") && c.SigningRegion == "":
		return errors.New("Amazon Managed Service for Prometheus answers signed requests only: " +
			"set spec.sigV4.region, with aws_access_key_id and aws_secret_access_key in the Secret, or write the address of a proxy that signs")
	}
	return nil
}
