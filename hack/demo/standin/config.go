package standin

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/serin-dev/serin/hack/demo/internal/setting"
)

// Variables with the keys. They have no flags, as everybody on a machine may see those.
const (
	variableAPIKey = "STAND_IN_API_KEY"
	variableAppKey = "STAND_IN_APP_KEY"
)

// Config is everything the stand-in can be told.
type Config struct {
	Listen    string        // address of the only port, such as ":8080"
	Namespace string        // of the pods
	Selector  string        // that their labels match; empty for all
	Late      time.Duration // from the end of a bucket until its points are there
	Limit     int           // requests an hour; 0 for no limit

	APIKey, AppKey string // that a request has to carry
}

// DefaultConfig knows neither the namespace nor the keys.
func DefaultConfig() Config {
	return Config{Listen: ":8080", Late: 10 * time.Second, Limit: 1600}
}

// ParseConfig reads args (without the program's name) over the environment over DefaultConfig. It returns flag.ErrHelp after writing
// the usage text to usage when help was asked for; any other error names what is wrong and what to write.
func ParseConfig(args []string, lookup func(string) (string, bool), usage io.Writer) (Config, error) {
	c := DefaultConfig()
	fs := flag.NewFlagSet("datadog-stand-in", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Var(setting.Text(&c.Listen), "listen", "`address` of the only port")
	fs.Var(setting.Text(&c.Namespace), "namespace", "`namespace` of the pods to read")
	fs.Var(setting.Text(&c.Selector), "selector", "`labels` of the pods to read; all when left out")
	fs.Var(setting.Duration(&c.Late), "late", "`time` from the end of a bucket until its points are there")
	fs.Var(setting.Count(&c.Limit), "limit", "`requests` answered an hour; 0 for no limit")
	if err := setting.FromEnvironment(fs, func(name string) string { return setting.Variable("STAND_IN_", name) }, lookup); err != nil {
		return Config{}, err
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(usage, "Usage: datadog-stand-in [flags]\n\nA stand-in of Datadog for Serin's demo. Each flag can be set by an environment variable: -late by STAND_IN_LATE. "+
				"The flag wins.\nThe keys that requests have to carry are in %s and %s.\n\n", variableAPIKey, variableAppKey)
			fs.SetOutput(usage)
			fs.PrintDefaults()
		}
		return Config{}, err
	}
	if fs.NArg() > 0 {
		return Config{}, fmt.Errorf("argument %q is not a flag: write -name=value", fs.Arg(0))
	}
	c.APIKey, _ = lookup(variableAPIKey)
	c.AppKey, _ = lookup(variableAppKey)
	return c, c.validate()
}

func (c Config) validate() error {
	var problems []error
	if c.Namespace == "" {
		problems = append(problems, errors.New("-namespace is empty: write that of the pods to read, such as demo"))
	}
	if c.APIKey == "" {
		problems = append(problems, fmt.Errorf("%s is empty: set it to the api-key of the Secret that the MetricSource names", variableAPIKey))
	}
	if c.AppKey == "" {
		problems = append(problems, fmt.Errorf("%s is empty: set it to the app-key of the Secret that the MetricSource names", variableAppKey))
	}
	return errors.Join(problems...)
}
