package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/value"
)

const importHelp = "Files may be gzip-compressed. The exit code is 1 if a file cannot be imported; no data of it is kept."

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import files, as the API does",
		Long:  "Import files as background jobs, as the API does, and wait for them.\n" + importHelp,
	}
	add := func(use, short, long, example string, kind app.ImportKind) {
		var ticker, exchange, otherCIK string
		c := &cobra.Command{
			Use: use, Short: short, Long: strings.TrimSpace(long) + "\n\n" + importHelp, Example: example, Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, files []string) error {
				r := app.ImportRequest{Kind: kind}
				if ticker != "" {
					r.Ticker = &ticker
				}
				if exchange != "" {
					r.Exchange = &exchange
				}
				if otherCIK != "" {
					r.OtherCIK = (*app.OtherCIK)(&otherCIK)
				}
				return withServices(cmd.Context(), func(s *services) error { return s.importFiles(cmd, r, files) })
			},
		}
		switch kind {
		case app.ImportPrices:
			c.Flags().StringVar(&ticker, "ticker", "", "ticker of the listing that the prices belong to")
			_ = c.MarkFlagRequired("ticker")
		case app.ImportSECCompanyFacts:
			c.Flags().StringVar(&ticker, "ticker", "", "ticker of the company (default: found by its CIK)")
			c.Flags().StringVar(&exchange, "exchange", "", "exchange of that ticker")
			c.Flags().StringVar(&otherCIK, "other-cik", "",
				"what a CIK is that the company of the ticker is not known to have: `new`, or former (default: refused)")
		}
		cmd.AddCommand(c)
	}
	add("companies FILE...", "Import the SEC's list of companies (company_tickers.json)",
		"Import the SEC's list of companies: each gets its CIK, name and tickers.",
		"  edgevalue import companies company_tickers.json.gz", app.ImportCompanies)
	add("sec FILE...", "Import company facts from the SEC", `
Import company facts from the SEC: financial statements as filed, and dividends. What was read of each file, and what was
not and why, is printed.

A company can have several CIKs one after the other, as after a new holding company took it over. Its facts are those of
all its files, read as one. A file of another CIK than the company's is refused, unless --other-cik says what that is:
"new", one that the company has taken on (the one that it had becomes a former one), or "former", one that it had before.
With "new", files are given in the order of their CIKs.`,
		`  edgevalue import sec --ticker AAPL companyfacts-CIK0000320193.json.gz
  edgevalue import sec --ticker GOOGL --other-cik new CIK0001288776.json CIK0001652044.json`, app.ImportSECCompanyFacts)
	add("prices --ticker TICKER FILE...", "Import daily prices (CSV)", `
Import a listing's daily prices, as traded: not adjusted for splits or dividends. The first line of the
file names the columns, in any order; a day that is already stored is replaced.

  date         trading day, YYYY-MM-DD; required
  close        closing price; required
  open         opening price
  high         highest price
  low          lowest price
  volume       number of shares traded
  ex_dividend  dividend per share that goes ex on this day (default 0)
  split_ratio  new shares per old share of a split effective on this day (default 1)`,
		"  edgevalue import prices --ticker AAPL prices-AAPL.csv", app.ImportPrices)
	add("splits FILE...", "Import splits (CSV)", `
Import splits. The first line of the file names the columns, in any order; all are required.

  ticker          ticker of a listing
  effective_date  first trading day on the new basis, YYYY-MM-DD
  ratio           new shares per old share: 4 for a 4-for-1 split, 0.1 for a 1-for-10 reverse split`,
		"  edgevalue import splits splits.csv", app.ImportSplits)
	return cmd
}

// importFiles enqueues each file, and runs imports itself, so that it needs no worker.
func (s *services) importFiles(cmd *cobra.Command, r app.ImportRequest, files []string) (err error) {
	if err := pg.NeedConns(s.pool, jobs.MinConns(1)); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	working := make(chan error, 1)
	go func() {
		defer stop()
		working <- jobs.Run(ctx, s.app, jobs.Config{Imports: 1, Grace: s.cfg.ShutdownTimeout, Logger: s.log})
	}()
	defer func() {
		stop()
		err = errors.Join(err, <-working)
	}()
	failed := 0
	for _, name := range files {
		im, err := s.importFile(ctx, cmd.ErrOrStderr(), r, name)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			failed++
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", name, err)
		case im.State == app.ImportUnchanged:
			fmt.Fprintf(cmd.OutOrStdout(), "%s: unchanged since it was imported before\n", name)
			printReport(cmd.OutOrStdout(), im)
		default:
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d written, %d unchanged, %d skipped in %s\n", name,
				im.Written, im.Unchanged, im.Skipped, im.FinishedAt.Sub(*im.StartedAt).Round(time.Millisecond))
			printReport(cmd.OutOrStdout(), im)
		}
	}
	if failed > 0 {
		return errors.Errorf("%d of %d files could not be imported", failed, len(files))
	}
	return nil
}

// printReport prints what was read of a file, and what there is to warn of.
func printReport(out io.Writer, im db.Import) {
	if im.Report != nil {
		for _, line := range app.Describe(*im.Report) {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	if im.Warning != nil {
		fmt.Fprintf(out, "  warning: %s\n", *im.Warning)
	}
}

func (s *services) importFile(ctx context.Context, out io.Writer, r app.ImportRequest, name string) (db.Import, error) {
	f, err := os.Open(name)
	if err != nil {
		return db.Import{}, err
	}
	defer func() { _ = f.Close() }()
	r.FileName, r.File = new(filepath.Base(name)), f
	im, err := s.app.StartImport(ctx, app.System, r)
	if err != nil {
		return im, err
	}
	bar := progressbar.NewOptions64(*im.Total, progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(filepath.Base(name)), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(out)))
	for {
		if im, err = s.app.GetImport(ctx, app.System, im.ID); err != nil {
			return im, err
		}
		_ = bar.Set64(im.Done)
		switch im.State {
		case app.ImportSucceeded, app.ImportUnchanged:
			return im, bar.Finish()
		case app.ImportFailed:
			_ = bar.Clear()
			return im, errors.New(*im.Error)
		case app.ImportCancelled:
			_ = bar.Clear()
			return im, errors.New("the import was cancelled")
		}
		select {
		case <-ctx.Done():
			return im, errors.Errorf("interrupted; import %d of %s continues when a worker runs", im.ID, name)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func newExport() *cobra.Command {
	var asOf, out string
	cmd := &cobra.Command{
		Use:   "export [--as-of DATE] --out DIR TICKER...",
		Short: "Write companies' statements, metrics, dividends and daily ratios as JSON",
		Long: `Write one file TICKER.json per company: every statement with its trailing twelve months and value metrics,
the dividends, and the daily ratios of the listing. With --as-of, only what was known on that day. The exit
code is 1 if a ticker is unknown; the others are still written.`,
		Example: "  edgevalue export --out export AAPL SNOW\n  edgevalue export --as-of 2009-12-31 --out export AAPL",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, tickers []string) error {
			var day *time.Time
			if asOf != "" {
				d, err := time.Parse(time.DateOnly, asOf)
				if err != nil {
					return errors.Errorf("--as-of %q is not a date such as 2009-12-31", asOf)
				}
				day = &d
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return errors.Wrap(err, "create folder")
			}
			return withServices(cmd.Context(), func(s *services) error {
				unknown := 0
				for _, t := range tickers {
					path, e, err := s.export(cmd.Context(), out, strings.ToUpper(t), day)
					var reason *app.Error
					switch {
					case errors.As(err, &reason) && reason.Code == app.NotFound:
						unknown++
						fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", t, err)
					case err != nil:
						return errors.Wrap(err, t)
					default:
						fmt.Fprintf(cmd.OutOrStdout(), "%s: %d statements, %d dividends, %d days\n", path,
							len(e.Statements), len(e.Dividends), len(e.DailyRatios))
					}
				}
				if unknown > 0 {
					return errors.Errorf("unknown tickers: %d of %d", unknown, len(tickers))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "day, YYYY-MM-DD (default: all that is known)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to, created if missing")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// export writes a company's file, and returns its path and content.
func (s *services) export(ctx context.Context, dir, ticker string, asOf *time.Time) (string, value.Exchange, error) {
	e, err := s.app.ExportCompany(ctx, ticker, asOf)
	if err != nil {
		return "", e, err
	}
	path := filepath.Join(dir, ticker+".json")
	return path, e, writeWhole(path, func(f *os.File) error {
		if err := errors.Join(f.Chmod(0o644), e.Encode(f)); err != nil {
			return errors.Wrap(err, "write file")
		}
		return nil
	})
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return errors.Wrap(err, "create file")
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Wrap(err, "rename file")
	}
	return nil
}
