package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/pg"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the database, or show its state",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "up",
			Short: "Apply all migrations, including River's, and create the first superuser",
			Long: `Apply all pending migrations, including River's. If FIRST_SUPERUSER_PASSWORD is set, create the first
superuser unless there is an account with that email. Several may run at once: one does the work.`,
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withPool(cmd.Context(), slog.LevelDebug, func(cfg Config, log *slog.Logger, pool *pgxpool.Pool) error {
					ctx := cmd.Context()
					if err := steadily(ctx, log, func() error { return pg.Migrate(ctx, pool, log) }); err != nil {
						return err
					}
					if cfg.FirstPassword == "" {
						return nil
					}
					s, err := newServices(cfg, log, databases{pool: pool, direct: pool}, noMail{})
					if err != nil {
						return err
					}
					return steadily(ctx, log, func() error { return s.firstSuperuser(ctx) })
				})
			},
		},
		&cobra.Command{
			Use:   "down",
			Short: "Roll back the newest migration",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withPool(cmd.Context(), slog.LevelDebug, func(_ Config, _ *slog.Logger, pool *pgxpool.Pool) error {
					m, err := pg.MigrateDown(cmd.Context(), pool)
					if err == nil {
						fmt.Fprintf(cmd.OutOrStdout(), "rolled back %s\n", m.Name)
					}
					return err
				})
			},
		},
		&cobra.Command{
			Use:   "status",
			Short: "List the migrations",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withPool(cmd.Context(), slog.LevelDebug, func(_ Config, _ *slog.Logger, pool *pgxpool.Pool) error {
					migrations, err := pg.MigrationStatus(cmd.Context(), pool)
					if err != nil {
						return err
					}
					w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
					for _, m := range migrations {
						state := "pending"
						if m.Applied {
							state = "applied"
						}
						fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", m.Source, m.Version, m.Name, state)
					}
					return w.Flush()
				})
			},
		},
		newMigrateDiff(),
		&cobra.Command{
			Use:     "create NAME",
			Short:   "Write an empty migration into schema/, for data",
			Example: "  edgevalue migrate create add_sector",
			Args:    cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				path, err := pg.CreateMigration("schema", args[0])
				if err == nil {
					fmt.Fprintln(cmd.OutOrStdout(), path)
				}
				return err
			},
		},
	)
	return cmd
}

func newMigrateDiff() *cobra.Command {
	var renames, drops []string
	cmd := &cobra.Command{
		Use:   "diff NAME",
		Short: "Write the migration that leads to the tables of schema/tables",
		Long: `Compare the tables that the migrations make with those that schema/tables declares, on the embedded server, and write the
migration between them into schema/: Up and Down, with what each statement locks, rewrites or deletes. Indexes and constraints
on tables that are there go into a file without a transaction, which may run again after it failed half way. The migration is
applied, taken back and applied again before it is written. When nothing differs, nothing is written.

It runs in the source tree, and needs Go. A column or table that is gone and one that is new may be the same, with its data:
on a terminal it asks, and elsewhere --rename or --drop says so. Migrations of data are written by hand, see create.`,
		Example: "  edgevalue migrate diff add_language\n  edgevalue migrate diff --rename user_account.full_name=name rename_name",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan := []string{"plan"}
			for _, r := range renames {
				plan = append(plan, "--rename", r)
			}
			for _, d := range drops {
				plan = append(plan, "--drop", d)
			}
			return runPlanner(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), append(plan, "--", args[0]))
		},
	}
	cmd.Flags().StringArrayVar(&renames, "rename", nil, "old_table=new_table or table.old_column=table.new_column: the data stays")
	cmd.Flags().StringArrayVar(&drops, "drop", nil, "a table or table.column that goes with its data, whatever is new")
	return cmd
}

// runPlanner builds and runs internal/schemadiff, which is no part of a release, with the migrations of the source tree.
func runPlanner(ctx context.Context, in io.Reader, out, log io.Writer, args []string) error {
	const source = "internal/schemadiff"
	if _, err := os.Stat(source); err != nil {
		return errors.New("migrate diff works on the source: run it at the root of the source tree")
	}
	compiler, err := exec.LookPath("go")
	if err != nil {
		return errors.New("migrate diff needs Go, which is not installed")
	}
	dir, err := os.MkdirTemp("", "schemadiff-")
	if err != nil {
		return errors.Wrap(err, "make a directory")
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "schemadiff")
	for _, command := range [][]string{{compiler, "build", "-o", program, "./" + source}, append([]string{program}, args...)} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, log
		err := cmd.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return errors.New("no migration was written")
		}
		if err != nil {
			return errors.Wrap(err, "run the planner")
		}
	}
	return nil
}
