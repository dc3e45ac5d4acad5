// Command schemadiff compares the tables as schema/tables declares them with those that the migrations make: it writes
// the migration that is missing, and checks that none is. `edgevalue migrate diff`, `make migration` and `make check` run
// it in the source tree. The planner, github.com/stripe/pg-schema-diff, is linked here alone.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "schemadiff",
		Short:         "Compare the declared tables with the migrations",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newPlan(), newCheck(), newRecord())
	return root
}

func newPlan() *cobra.Command {
	var d decider
	cmd := &cobra.Command{
		Use:   "plan NAME",
		Short: "Write the migration that leads to the declared tables",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
				d.ask = asker(in, cmd.ErrOrStderr())
			}
			return inWorkshop(cmd.Context(), func(w *workshop) error {
				paths, err := w.plan(cmd.Context(), ".", args[0], d)
				if err != nil {
					return err
				}
				if len(paths) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "The migrations make the declared tables: nothing to write.")
				}
				for _, path := range paths {
					fmt.Fprintln(cmd.OutOrStdout(), path)
				}
				return warn(cmd.ErrOrStderr(), paths)
			})
		},
	}
	cmd.Flags().StringArrayVar(&d.renames, "rename", nil, "old_table=new_table or table.old_column=table.new_column: the data stays")
	cmd.Flags().StringArrayVar(&d.drops, "drop", nil, "a table or table.column that goes with its data, whatever is new")
	return cmd
}

// asker asks on a terminal; no answer is a no.
func asker(in io.Reader, out io.Writer) func(string) (bool, error) {
	lines := bufio.NewReader(in)
	return func(question string) (bool, error) {
		fmt.Fprint(out, question, " [y/N] ")
		answer, err := lines.ReadString('\n')
		if err != nil {
			return false, wrap(err, "read the answer")
		}
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", nil
	}
}

// warn repeats what loses data.
func warn(out io.Writer, paths []string) error {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return wrap(err, "read the migration")
		}
		up, _, _ := strings.Cut(string(text), downMark)
		for part := range strings.SplitSeq(up, ";\n") {
			if strings.Contains(part, "-- Deletes data:") {
				fmt.Fprintf(out, "%s loses data:%s;\n", path, part[strings.LastIndex(part, "\n"):])
			}
		}
	}
	return nil
}

// inWorkshop calls f with a server that ends with f.
func inWorkshop(ctx context.Context, f func(*workshop) error) error {
	if _, err := os.Stat(filepath.Join("schema", "tables")); err != nil {
		return errors.New("there is no schema/tables here: run this at the root of the source tree")
	}
	dsn := os.Getenv(pgtest.Variable)
	if dsn == "" {
		url, stop, err := pgtest.Serve()
		if err != nil {
			return errors.Wrap(err, "no PostgreSQL to plan on")
		}
		defer stop()
		dsn = url
	}
	w, err := newWorkshop(ctx, dsn)
	if err != nil {
		return errors.Wrap(err, "no PostgreSQL to plan on")
	}
	defer w.close()
	return f(w)
}
