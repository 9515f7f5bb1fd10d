// Command argocd is all of Argo CD that the end-to-end tests need, in one program: the application controller, the repository server, the API server and the
// command line. Its name says which of them it is, so that they share their packages and are linked once.
package main

import (
	"os"
	"path/filepath"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	server "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	cli "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
	"github.com/spf13/cobra"
)

func main() {
	if err := named(filepath.Base(os.Args[0])).Execute(); err != nil {
		os.Exit(1) // it has said why
	}
}

func named(name string) *cobra.Command {
	switch name {
	case "argocd-application-controller":
		return controller.NewCommand()
	case "argocd-repo-server":
		return reposerver.NewCommand()
	case "argocd-server":
		return server.NewCommand()
	default:
		return cli.NewCommand()
	}
}
