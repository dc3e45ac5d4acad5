// Command newproject makes a project of its own from this repository, compares one with it, and brings one what has been
// added since.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func main() {
	// A second signal ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "newproject:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	config, outputDir, revision, template string
}

// generator returns one of the template that the options name.
func (o options) generator(cmd *cobra.Command) (generator, error) {
	r, err := openRepository(cmd.Context(), o.template)
	return generator{template: r, log: cmd.ErrOrStderr(), filesOnly: false}, err
}

func newRoot() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:   "newproject",
		Short: "Make a project of its own from this repository",
		Long: `Make a project of its own from the tracked files of this repository at a revision, with the names of a config in
place of its own. A config is a project.yaml; without one, the names are asked for. See docs/new-project.md.`,
		Example: `  go run ./cmd/newproject
  go run ./cmd/newproject --config my.yaml --output-dir ../my-service
  go run ./cmd/newproject compare --config ../my-service/project.yaml
  go run ./cmd/newproject update --config ../my-service/project.yaml`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := o.generator(cmd)
			if err != nil {
				return err
			}
			var p project
			switch {
			case o.config != "":
				p, err = readProject(o.config)
			case term.IsTerminal(int(os.Stdin.Fd())):
				if o.outputDir != "" {
					err = vacant(o.outputDir)
				}
				if err == nil {
					p, err = askProject(cmd.InOrStdin(), cmd.OutOrStdout())
				}
			default:
				err = errors.New("name a --config: there is no terminal to ask for the names on")
			}
			if err != nil {
				return err
			}
			if o.outputDir == "" {
				o.outputDir = filepath.Join("..", p.vars["slug"])
			}
			if err := g.generate(cmd.Context(), p, o.revision, o.outputDir); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is in %s: \"make run\" there starts it, and README.md says more.\n", p.vars["name"], o.outputDir)
			return nil
		},
	}
	root.PersistentFlags().StringVar(&o.config, "config", "", "`file` with the variables of the project")
	root.PersistentFlags().StringVar(&o.outputDir, "output-dir", "", "`folder` to write to, which must not exist (default: one beside this, with the project's name)")
	root.PersistentFlags().StringVar(&o.revision, "revision", "HEAD", "`revision` of the template to use")
	root.PersistentFlags().StringVar(&o.template, "template", ".", "`folder` of the template's repository")
	root.AddCommand(newCompare(&o), newUpdate(&o))
	return root
}
