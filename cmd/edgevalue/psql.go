package main

import (
	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
)

func newPsql() *cobra.Command {
	return &cobra.Command{
		Use:   "psql [-- argument ...]",
		Short: "Open psql in the database",
		Long: `Open psql, which must be on this machine, in the database of the configuration or of a running "edgevalue dev" in
this folder. What comes after -- is for psql.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), func(c *client) error {
				psql, err := c.command(cmd.Context(), c.conn.Database, "psql", args...)
				if err != nil {
					return err
				}
				psql.Stdin, psql.Stdout, psql.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
				psql.Cancel = func() error { return nil } // Ctrl-C cancels a query, and psql sees it too
				if err := psql.Run(); err != nil {
					return errors.Wrap(err, "psql")
				}
				return nil
			})
		},
	}
}
