// Command kubectl-serin is the plugin of kubectl for Serin: kubectl serin.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
