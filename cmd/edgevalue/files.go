package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
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
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

const importHelp = "Files may be gzip-compressed, or a zip of one file. The exit code is 1 if a file cannot be imported; no data of it is kept."

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import files, as the API does",
		Long:  "Import files as background jobs, as the API does, and wait for them.\n" + importHelp,
	}
	add := func(use, short, long, example string, kind app.ImportKind) {
		var ticker, exchange, otherCIK, adjusted, adjustedAsOf string
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
				if adjusted != "" {
					r.Adjusted = (*app.Adjustment)(&adjusted)
				}
				if adjustedAsOf != "" {
					day, err := parseDay("--adjusted-as-of", adjustedAsOf)
					if err != nil {
						return err
					}
					r.AdjustedAsOf = &day
				}
				return withServices(cmd.Context(), func(s *services) error { return s.importFiles(cmd, r, files) })
			},
		}
		switch kind {
		case app.ImportPrices:
			c.Flags().StringVar(&ticker, "ticker", "", "ticker of the listing that the prices belong to (default: a column of the file names it, or the name of the file)")
			c.Flags().StringVar(&adjusted, "adjusted", "",
				"what the prices are adjusted for: `splits`, up to the day of the newest row of the file (default: as traded)")
			c.Flags().StringVar(&adjustedAsOf, "adjusted-as-of", "",
				"`day` up to which the prices are adjusted for splits, mostly that on which the file was made; implies --adjusted splits")
		case app.ImportSECCompanyFacts:
			c.Flags().StringVar(&ticker, "ticker", "", "ticker of the company (default: found by its CIK)")
			c.Flags().StringVar(&exchange, "exchange", "", "exchange of that ticker")
			c.Flags().StringVar(&otherCIK, "other-cik", "",
				"what a CIK is that the company of the ticker is not known to have: `new`, or former (default: refused)")
		}
		cmd.AddCommand(c)
	}
	add("companies FILE...", "Import a list of companies (company_tickers.json, company_tickers_exchange.json or CSV)", `
Import a list of companies: one of the SEC's (company_tickers.json, or company_tickers_exchange.json with the exchanges), or
a CSV file. A company gets the name of the list, also if it was called otherwise before. A row without ticker is skipped and
counted. The first line of a CSV file names the columns, in any order; an empty field changes nothing.

  ticker           ticker of the listing; required
  name             name of the company; required
  cik              Central Index Key; rows with the same are listings of one company, a row without
                   is found by its ticker, or a company of its own
  exchange         where it is listed
  isin             its ISIN
  share_class      its class of shares
  currency         of its prices, ISO 4217 (default USD)
  ordinary_shares  how many ordinary shares one listed share stands for: 5 for a depositary share
                   (ADS) of five, 1/1500 for a class of which 1,500 make one
  country          of the company, ISO 3166, two letters`,
		"  edgevalue import companies company_tickers.json.gz\n  edgevalue import companies listings.csv", app.ImportCompanies)
	add("sec FILE...", "Import company facts from the SEC", `
Import company facts from the SEC: financial statements as filed, and dividends. What was read of each file, and what was
not and why, is printed.

A company can have several CIKs one after the other, as after a new holding company took it over. Its facts are those of
all its files, read as one. A file of another CIK than the company's is refused, unless --other-cik says what that is:
"new", one that the company has taken on (the one that it had becomes a former one), or "former", one that it had before.
With "new", files are given in the order of their CIKs.`,
		`  edgevalue import sec --ticker AAPL companyfacts-CIK0000320193.json.gz
  edgevalue import sec --ticker GOOGL --other-cik new CIK0001288776.json CIK0001652044.json`, app.ImportSECCompanyFacts)
	cmd.AddCommand(newImportBulk())
	add("prices FILE|DIR...", "Import daily prices (CSV)", `
Import daily prices, in the currencies of their listings. A file has the prices of one listing, or a column that
names the listing of each row; rows of tickers that no company has are skipped and counted. The one listing is
that of --ticker or, without it, that which the name of the file tells: AAPL.csv, prices-AAPL.csv, aapl.us.txt.
Of a ticker that was another listing's before, rows of days before the present one's first go to the other.
A file may have millions of rows, and 4 GiB unpacked. A day that is already stored is replaced.

Of a folder, and those in it, all files .csv, .txt and .gz are imported, one after the other (as in the folders
of Stooq). Tickers that the names of files tell and no company has are listed at the end.

The first line of a file names the columns, in any order, separated by commas, semicolons or tabs. Files of
Stooq (one listing or all), Yahoo, Alpha Vantage, Nasdaq, Tiingo, Investing.com and Quandl are read as they are.

  ticker       ticker of the listing. Or symbol, act_symbol. AAPL.US is AAPL; BRK-B, BRK/B and BRK.B are one
  date         trading day, YYYY-MM-DD, YYYYMMDD, MM/DD/YYYY, DD.MM.YYYY or Jan 4, 2024; required. Or timestamp
  close        closing price; required. Or close/last, or price, but never the "adj close" of some files,
               which is adjusted for dividends. A row whose close is no number above 0 is skipped and counted;
               a file without any other row is refused
  open         opening price
  high         highest price
  low          lowest price
  volume       number of shares traded, also as 45.67M. Or vol.
  ex_dividend  dividend per share that goes ex on this day (default 0). Or dividend_amount, divCash
  split_ratio  new shares per old share of a split effective on this day (default 1). Or split_coefficient,
               splitFactor

Commas in numbers group digits. They begin the decimals (1.234,5) in a file whose columns are separated by
semicolons or tabs, or whose days are DD.MM.YYYY, if a price near its beginning can mean nothing else.

Prices are as traded. Those of files that are adjusted for splits need --adjusted splits, or --adjusted-as-of
with the day up to which they are: the companies' splits up to then are undone. Prices are refused if, with
those stored before, they contradict the company's splits: "looks_split_adjusted" if a split takes effect and
the close does not follow, "jump_without_split" if the close jumps by the ratio of later splits and none takes
effect. Of a file with a column of tickers the listings that are refused are left out, and named; so are those with
a day of which two rows say different things. Import splits before prices: prices are not checked again when splits
come later.`,
		`  edgevalue import prices --ticker AAPL prices-AAPL.csv
  edgevalue import prices --adjusted-as-of 2025-01-02 AAPL.csv
  edgevalue import prices all-listings.csv.gz
  edgevalue import prices --adjusted splits data/daily/us`, app.ImportPrices)
	add("splits FILE...", "Import splits (CSV)", `
Import splits. The first line of the file names the columns, in any order; all are required.

  ticker          ticker of a listing
  effective_date  first trading day on the new basis, YYYY-MM-DD
  ratio           new shares per old share: 4 for a 4-for-1 split, 0.1 for a 1-for-10 reverse split`,
		"  edgevalue import splits splits.csv", app.ImportSplits)
	add("rates FILE...", "Import exchange rates (CSV)", `
Import exchange rates, by which daily ratios set a price in one currency against a statement in another: those
of the European Central Bank as they are (eurofxref-hist.zip, one column per currency), or a file whose first line
names the columns, in any order; all are required. A rate that is already stored is replaced.

  date   day, YYYY-MM-DD
  base   currency, ISO 4217
  quote  currency, ISO 4217
  rate   units of quote for one unit of base; empty or N/A for none`,
		"  edgevalue import rates eurofxref-hist.zip", app.ImportExchangeRates)
	return cmd
}

func parseDay(flag, text string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, errors.Errorf("%s %q is not a date such as 2009-12-31", flag, text)
	}
	return day, nil
}

// importFiles enqueues each file, and runs imports itself, so that it needs no worker.
func (s *services) importFiles(cmd *cobra.Command, r app.ImportRequest, names []string) (err error) {
	files, inFolder, err := expand(r, names)
	if err != nil {
		return err
	}
	if err := pg.NeedConns(s.pool, jobs.MinConns); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	working := make(chan error, 1)
	go func() {
		defer stop()
		working <- jobs.Run(ctx, s.app, jobs.Config{Grace: s.cfg.ShutdownTimeout, Logger: s.log, DataConfig: jobs.DataConfig{Imports: 1}})
	}()
	defer func() {
		stop()
		err = errors.Join(err, <-working)
	}()
	failed := 0
	var unknown []string
	for _, name := range files {
		r, named, err := forFile(r, name, inFolder[name])
		var im db.Import
		if err == nil {
			im, err = s.importFile(ctx, cmd.ErrOrStderr(), r, name)
		}
		reason, ok := errors.Into[*app.Error](err)
		nobody := named && ok && reason.Code == app.NotFound
		switch {
		case ctx.Err() != nil:
			return err
		case nobody && inFolder[name]:
			unknown = append(unknown, *r.Ticker)
		case nobody:
			failed++
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: no company has the ticker %s, which the name of the file tells: give --ticker\n", name, *r.Ticker)
		case err != nil:
			failed++
			if e := (*fs.PathError)(nil); errors.As(err, &e) {
				err = e.Err // the name is said
			}
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
	if len(unknown) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "tickers that no company has: %d (%s)\n", len(unknown), strings.Join(unknown, ", "))
	}
	if failed > 0 {
		return errors.Errorf("%d of %d files could not be imported", failed, len(files))
	}
	return nil
}

// expand puts the files of folders, sorted, in the place of these. Only prices are read from folders.
func expand(r app.ImportRequest, names []string) (files []string, inFolder map[string]bool, err error) {
	inFolder = map[string]bool{}
	for _, name := range names {
		if info, err := os.Stat(name); r.Kind != app.ImportPrices || err != nil || !info.IsDir() {
			files = append(files, name) // whose error comes when it is read
			continue
		}
		if r.Ticker != nil {
			return nil, nil, errors.Errorf("%s is a folder: the names or columns of its files tell the tickers, and not --ticker", name)
		}
		before := len(files)
		err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
				return err
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".csv", ".txt", ".gz":
				files, inFolder[path] = append(files, path), true
			}
			return nil
		})
		if err != nil {
			return nil, nil, errors.Wrap(err, "read folder")
		}
		if len(files) == before {
			return nil, nil, errors.Errorf("%s has no file .csv, .txt or .gz", name)
		}
	}
	return files, inFolder, nil
}

// forFile returns the request of a file, and whether its ticker is that which its name tells: prices without a column of
// tickers are about that listing and, in a folder, also those with a column that begins with it.
func forFile(r app.ImportRequest, name string, inFolder bool) (of app.ImportRequest, named bool, err error) {
	if r.Kind != app.ImportPrices || r.Ticker != nil {
		return r, false, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return r, false, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return r, false, err // a pipe can be read only once
	}
	first, column, err := app.PriceFileTicker(f)
	if err != nil {
		return r, false, err
	}
	t := app.PriceFileNameTicker(filepath.Base(name))
	switch {
	case column && (!inFolder || sec.TickerKey(first) != sec.TickerKey(t)):
		return r, false, nil
	case t == "":
		return r, false, errors.New("neither a column nor the name of the file tells the ticker: give --ticker")
	}
	r.Ticker = &t
	return r, true, nil
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
	var asOf, basis, out string
	cmd := &cobra.Command{
		Use:   "export [--as-of DATE] [--share-basis BASIS] --out DIR TICKER...",
		Short: "Write companies' statements, metrics, dividends and daily ratios as JSON",
		Long: `Write one file TICKER.json per company: every statement as filed with its trailing twelve months, its metrics and how
each figure follows from filed facts; the dividends, splits and restatements; and the daily ratios and metrics of the
listing. Metrics per share and what stands under "adjusted" are on the share basis of today or, with --as-of, of that day;
with --share-basis filed, as each filing has it. With --as-of, only what was known on that day. The exit code is 1 if a
ticker is unknown; the others are still written.`,
		Example: "  edgevalue export --out export AAPL SNOW\n  edgevalue export --as-of 2009-12-31 --out export AAPL",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, tickers []string) error {
			at, err := pointInTime(asOf, basis)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return errors.Wrap(err, "create folder")
			}
			return withServices(cmd.Context(), func(s *services) error {
				unknown := 0
				for _, t := range tickers {
					path, e, err := s.export(cmd.Context(), out, t, at)
					var reason *app.Error
					switch {
					case errors.As(err, &reason) && reason.Code == app.NotFound:
						unknown++
						fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", t, err)
					case err != nil:
						return errors.Wrap(err, t)
					default:
						fmt.Fprintf(cmd.OutOrStdout(), "%s: statements: %d, dividends: %d, days: %d\n", path,
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
	cmd.Flags().StringVar(&basis, "share-basis", string(value.AsOf), "share basis of metrics and adjusted figures: as_of or filed")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to, created if missing")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// pointInTime reads the flags --as-of and --share-basis.
func pointInTime(asOf, basis string) (app.PointInTime, error) {
	at := app.PointInTime{AsOf: nil, Basis: value.ShareBasis(basis)}
	if at.Basis != value.AsOf && at.Basis != value.Filed {
		return at, errors.Errorf("--share-basis %q is neither as_of nor filed", basis)
	}
	if asOf == "" {
		return at, nil
	}
	day, err := parseDay("--as-of", asOf)
	at.AsOf = &day
	return at, err
}

// export writes a company's file, and returns its path and content.
func (s *services) export(ctx context.Context, dir, ticker string, at app.PointInTime) (string, value.Exchange, error) {
	e, err := s.app.ExportCompany(ctx, ticker, at)
	if err != nil {
		return "", e, err
	}
	path := filepath.Join(dir, sec.NormalTicker(ticker)+".json") // without a slash
	return path, e, writeWhole(path, func(f *os.File) error {
		if err := errors.Join(f.Chmod(0o644), e.Encode(f)); err != nil {
			return errors.Wrap(err, "write file")
		}
		return nil
	})
}
