package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/go-faster/errors"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pg"
)

func newSync() *cobra.Command {
	return &cobra.Command{
		Use:   "sync [TICKER...]",
		Short: "Bring companies and their filings from EDGAR",
		Long: `Bring companies and the facts of their filings from EDGAR, as a background job, and wait for it. EDGAR_USER_AGENT must say who
asks, as the SEC demands: a name and an email address.

Without tickers, all companies that file with the SEC: the first time by EDGAR's bulk files, of together about 3 GB, later
those that have filed since. "edgevalue worker" and "dev" do that by themselves, every night. With tickers, or CIKs such as
CIK0000320193, these companies at once. What was interrupted goes on where it was.

A company whose facts cannot be read is listed at the end, and keeps what it had. The exit code is 1 if there are such.`,
		Example: "  edgevalue sync\n  edgevalue sync AAPL MSFT BRK.B",
		RunE: func(cmd *cobra.Command, tickers []string) error {
			return withServices(cmd.Context(), func(s *services) error {
				if s.app.EDGAR == nil {
					return explained(errors.New("sync is off"), `Set EDGAR_USER_AGENT to your name and email address, as in EDGAR_USER_AGENT="Name name@example.com": the SEC demands it.`)
				}
				return s.workOn(cmd.Context(), true, func(ctx context.Context) error {
					id, err := s.startSync(ctx, tickers)
					if err != nil {
						return err
					}
					return s.watchSync(ctx, cmd, id)
				})
			})
		},
	}
}

// startSync returns the sync that was started, or the one of all companies that runs.
func (s *services) startSync(ctx context.Context, tickers []string) (int64, error) {
	sync, err := s.app.StartSync(ctx, app.System, tickers)
	var reason *app.Error
	if !errors.As(err, &reason) || reason.Type != "sync-running" {
		return sync.ID, err
	}
	running, err := s.app.UnfinishedSync(ctx)
	return running.ID, err
}

func newImportBulk() *cobra.Command {
	return &cobra.Command{
		Use:   "sec-bulk FILE...",
		Short: "Import companies' facts or submissions from EDGAR's bulk files (companyfacts.zip, submissions.zip)",
		Long: `Import EDGAR's bulk files: the facts of all companies (companyfacts.zip), or what it says of them and when their filings were
accepted (submissions.zip). Each company is a background job, and this waits for all. Facts that were read before are not
read again, and an import that was interrupted goes on where it was when the same file is given again.

An entry that cannot be read is listed at the end, and the others go on. The exit code is 1 if there are such.`,
		Example: "  edgevalue import sec-bulk companyfacts.zip submissions.zip",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return withServices(cmd.Context(), func(s *services) error {
				return s.workOn(cmd.Context(), false, func(ctx context.Context) error {
					var failed error
					for _, name := range files {
						id, err := s.app.ImportBulkFile(ctx, name, s.showBulk(cmd.ErrOrStderr(), filepath.Base(name)))
						if err == nil {
							err = s.watchSync(ctx, cmd, id)
						}
						if ctx.Err() != nil {
							return err
						}
						if err != nil {
							failed = errors.Join(failed, errors.Wrap(err, name))
						}
					}
					return failed
				})
			})
		},
	}
}

// workOn runs jobs of syncs, and of imports that they wait for, itself while f runs, so that it needs no worker.
func (s *services) workOn(ctx context.Context, steps bool, f func(context.Context) error) (err error) {
	companies := s.cfg.SyncConcurrency
	if err := pg.NeedConns(s.pool, jobs.MinConns+companies+2); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	working := make(chan error, 1)
	go func() {
		defer stop()
		working <- jobs.Run(ctx, s.app, jobs.Config{
			Grace: s.cfg.ShutdownTimeout, Logger: s.log, DataConfig: jobs.DataConfig{Imports: 1, Companies: companies, Sync: steps},
		})
	}()
	defer func() {
		stop()
		err = errors.Join(err, <-working)
	}()
	return f(ctx)
}

// A syncBar shows what a sync is at.
type syncBar struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	stage string
}

func (b *syncBar) show(stage string, done, total int64, bytes bool) {
	if !isTerminal(b.out) {
		return
	}
	if b.bar == nil || b.stage != stage {
		if b.bar != nil {
			_ = b.bar.Clear()
		}
		b.stage = stage
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.out), progressbar.OptionShowBytes(bytes),
			progressbar.OptionSetDescription(stage), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	b.bar.ChangeMax64(total)
	_ = b.bar.Set64(done)
}

func (b *syncBar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}

// showBulk returns a function that shows how much of a bulk file has been taken in.
func (s *services) showBulk(out io.Writer, name string) func(read, entries int64) {
	bar := &syncBar{out: out}
	return func(read, entries int64) { bar.show(name, read, entries, false) }
}

// watchSync waits for the end of a sync, and says what came of it. The error says how many companies failed.
func (s *services) watchSync(ctx context.Context, cmd *cobra.Command, id int64) error {
	bar := &syncBar{out: cmd.ErrOrStderr()}
	defer bar.clear()
	for {
		sync, err := s.app.GetSync(ctx, app.System, id)
		switch {
		case ctx.Err() != nil:
			return errors.Errorf("interrupted; sync %d goes on when a worker runs, or with the same command", id)
		case err != nil:
			return err
		case sync.FinishedAt != nil:
			bar.clear()
			return reportSync(cmd.OutOrStdout(), cmd.ErrOrStderr(), sync)
		case sync.Size != nil && sync.Stage != "ending":
			bar.show(sync.Stage, sync.Received, *sync.Size, sync.Stage == "facts_download" || sync.Stage == "submissions_download")
		default:
			bar.show(sync.Stage, int64(sync.Updated+sync.Unchanged+sync.Failed), int64(sync.Total), false)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func reportSync(out, errOut io.Writer, sync app.Sync) error {
	for _, w := range sync.Warnings {
		fmt.Fprintf(errOut, "warning: %s\n", w)
	}
	for _, f := range sync.Failures {
		fmt.Fprintf(errOut, "%s: %s\n", f.Name, f.Message)
	}
	if more := int(sync.Failed) - len(sync.Failures); more > 0 {
		fmt.Fprintf(errOut, "and %d more\n", more)
	}
	fmt.Fprintf(out, "companies: %d updated, %d unchanged, %d failed, in %s\n", sync.Updated, sync.Unchanged, sync.Failed,
		sync.FinishedAt.Sub(sync.CreatedAt).Round(time.Millisecond))
	switch {
	case sync.State == app.SyncFailed:
		return errors.Errorf("sync %d failed: %s", sync.ID, *sync.Error)
	case sync.State == app.SyncCancelled:
		return errors.Errorf("sync %d was cancelled", sync.ID)
	case sync.Failed > 0:
		return errors.Errorf("%d of %d companies failed", sync.Failed, sync.Total)
	}
	return nil
}
