// Command edgevalue is all of EdgeValue: the API and its pages, the job workers, and the tools of an operator.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/web"
)

// Both are set by the linker, the second to FRONTEND_ENV.
var (
	version     string
	frontendEnv = string(web.Production)
)

func main() {
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "edgevalue:", err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "edgevalue",
		Short: "A self-hosted data service for value investors",
		Long: `"edgevalue dev" runs everything in one process, with a database of its own. It is configured by
environment variables, which "edgevalue config" shows.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       buildVersion(),
	}
	root.AddCommand(newDev(), newServe(), newWorker(), newMigrate(), newBackup(), newRestore(), newPsql(), newUser(), newConfigCommand(),
		newHealthcheck(), newSocketProxy(), &cobra.Command{
			Use:   "version",
			Short: "Print the version",
			Args:  cobra.NoArgs,
			Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), buildVersion()) },
		})
	// newproject:companies
	root.Long = about + root.Long
	root.AddCommand(newImport(), newSync(), newExport(), newExplain(), newDiff(), newListing(), newRules())
	// newproject:end
	return root
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "dev"
}

// explained adds what to do about an error that an operator can fix.
func explained(err error, advice string) error {
	return errors.Errorf("%w\n%s", err, advice)
}
