package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what this plugin was made from.
type build struct {
	Version string `json:"version"`
	Go      string `json:"go,omitempty"`
}

func newVersion(s streams) *cobra.Command {
	var o output
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this plugin",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := o.check(); err != nil {
				return err
			}
			b := version()
			text := "kubectl-serin " + b.Version
			if b.Go != "" {
				text += " " + b.Go
			}
			return o.say(s, b, text+"\n")
		},
	}
	o.add(command)
	return command
}

// version is that of the module, as the Go toolchain stamped it.
func version() build {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return build{Version: "(unknown)"}
	}
	return build{info.Main.Version, info.GoVersion}
}
