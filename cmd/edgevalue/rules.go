package main

import (
	"cmp"
	"fmt"

	"github.com/go-faster/errors"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/app"
)

func newRules() *cobra.Command {
	var recompute bool
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Show by which version of the rules figures were made, or recompute them",
		Long: `Show how many companies' figures were made by this program's version of the rules, how many remain, and which could
not be recomputed and why. Workers recompute those that remain by themselves, at the start and every hour, from the
documents that were imported; what cannot be recomputed is tried three times and keeps its figures.

With --recompute, do so now, also with those that were given up. It can be interrupted, and goes on where it was. The exit
code is 1 if a company cannot be recomputed.`,
		Example: "  edgevalue rules\n  edgevalue rules --recompute",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServices(cmd.Context(), func(s *services) error {
				if recompute {
					if err := s.recompute(cmd); err != nil {
						return err
					}
				}
				failed, err := s.showRules(cmd)
				if err == nil && recompute && failed > 0 {
					err = errors.Errorf("companies that could not be recomputed: %d", failed)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&recompute, "recompute", false, "recompute the companies that remain, and those that were given up")
	return cmd
}

func (s *services) recompute(cmd *cobra.Command) error {
	r, err := s.app.GetRules(cmd.Context())
	if err != nil {
		return err
	}
	out := cmd.ErrOrStderr()
	bar := progressbar.NewOptions64(r.Remaining+r.Failed, progressbar.OptionSetWriter(out), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("companies"), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(isTerminal(out)))
	err = s.app.RecomputeAll(cmd.Context(), func(error) { _ = bar.Add(1) })
	return errors.Join(err, bar.Exit())
}

// showRules returns how many companies it shows that could not be recomputed.
func (s *services) showRules(cmd *cobra.Command) (failed int, err error) {
	r, err := s.app.GetRules(cmd.Context())
	if err != nil {
		return 0, err
	}
	unread, err := s.app.ListUnreadFacts(cmd.Context(), app.System)
	if err != nil {
		return 0, err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "rules version %d: recomputed: %d of %d, remaining: %d, failed: %d\n", r.Version, r.Recomputed, r.Companies, r.Remaining, r.Failed)
	for _, u := range unread {
		name := cmp.Or(u.Ticker, u.Name)
		fmt.Fprintf(out, "  %s: %s (attempts: %d)\n", name, u.Error, u.Attempts)
	}
	return len(unread), nil
}
