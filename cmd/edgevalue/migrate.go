package main

import (
	"fmt"
	"log/slog"
	"text/tabwriter"

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
					s, err := newServices(cfg, log, pool, noMail{})
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
		&cobra.Command{
			Use:     "create NAME",
			Short:   "Write an empty migration into schema/",
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
