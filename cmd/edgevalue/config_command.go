package main

import (
	"os"

	"github.com/spf13/cobra"
)

func newConfigCommand() *cobra.Command {
	var dev bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the configuration, with secrets masked",
		Long: `Show the configuration from the environment, with secrets masked, or list all errors in it. Each secret
can also come from a file, whose path is in the variable NAME_FILE.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := forTool
			if dev {
				p = forDev
			}
			cfg, err := loadConfig(os.Environ(), ".", p)
			if err != nil {
				return err
			}
			return cfg.Print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&dev, "dev", false, "as dev reads it")
	return cmd
}
