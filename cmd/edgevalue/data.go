package main

import (
	"context"
	"log/slog"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/telemetry"
)

const about = `EdgeValue holds companies, their financial statements, dividends and prices, imports real
filings, and computes value metrics and daily ratios.

`

const devData = `
It also imports sample filings. With EDGAR_USER_AGENT, your name and email address, it goes on to all
companies that file with the SEC.`

func newData(cfg Config, log *slog.Logger, pool *pgxpool.Pool) (app.DataConfig, error) {
	client, err := newEDGAR(cfg, log, pool)
	return app.DataConfig{MaxUploads: cfg.MaxUploads, EDGAR: client, NextSync: cfg.SyncSchedule.Next, SyncDir: cfg.SyncDir}, err
}

// edgarRequests counts what EDGAR is asked, for the metrics.
var edgarRequests = telemetry.NewEDGARRequests()

// newEDGAR returns a client that keeps the pace of all processes together, nil if sync is off.
func newEDGAR(cfg Config, log *slog.Logger, pool *pgxpool.Pool) (*edgar.Client, error) {
	if cfg.EdgarUserAgent == "" {
		return nil, nil
	}
	client, err := edgar.New(edgar.Config{
		DataURL: cfg.EdgarDataURL, FilesURL: cfg.EdgarFilesURL, UserAgent: cfg.EdgarUserAgent,
		Wait: app.NewPace(pool, edgar.RequestsPerSecond), Observe: edgarRequests.Observe, Logger: log,
	})
	if err != nil {
		return nil, errors.Wrap(err, "set up EDGAR")
	}
	return client, nil
}

// syncStatus is for the metrics.
func (s *services) syncStatus(ctx context.Context) (telemetry.SyncStatus, error) {
	status, err := s.app.SyncStatus(ctx)
	return telemetry.SyncStatus(status), err
}

// importsAtOnce is how many imports one process runs at a time.
const importsAtOnce = 2

func (s *services) dataJobs() jobs.DataConfig {
	cfg := jobs.DataConfig{Imports: importsAtOnce, Companies: s.cfg.SyncConcurrency, Sync: s.app.EDGAR != nil}
	if cfg.Sync {
		cfg.SyncSchedule = s.cfg.SyncSchedule
	}
	return cfg
}

// importSamples enqueues the embedded files, unless the database has data.
func (s *services) importSamples(ctx context.Context) error {
	if some, err := s.app.HasData(ctx); err != nil || some {
		return err
	}
	in := []app.ImportRequest{
		{Kind: app.ImportCompanies, FileName: new("company_tickers.json.gz")},
		{Kind: app.ImportSECCompanyFacts, Ticker: new("AAPL"), FileName: new("companyfacts-CIK0000320193.json.gz")},
		{Kind: app.ImportSECCompanyFacts, Ticker: new("SNOW"), FileName: new("companyfacts-CIK0001640147.json.gz")},
		{Kind: app.ImportSECCompanyFacts, Ticker: new("MRVL"), FileName: new("companyfacts-CIK0001835632.json.gz")},
		{Kind: app.ImportSplits, FileName: new("splits.csv")},
		{Kind: app.ImportPrices, Ticker: new("AAPL"), FileName: new("prices-AAPL.csv")},
	}
	for i := range in {
		file, err := sample.FS.Open(*in[i].FileName)
		if err != nil {
			return errors.Wrap(err, "open sample")
		}
		defer func() { _ = file.Close() }()
		in[i].File = file
	}
	if _, err := s.app.StartImports(ctx, app.System, in...); err != nil {
		return errors.Wrap(err, "enqueue samples")
	}
	return nil
}

// sayWhatIsSynced says in a log line whether companies come by themselves.
func (s *services) sayWhatIsSynced(ctx context.Context) {
	if s.app.EDGAR == nil {
		s.log.InfoContext(ctx, "sync with EDGAR is off: set EDGAR_USER_AGENT, a name and an email address, to have all companies that file")
		return
	}
	s.log.InfoContext(ctx, "sync with EDGAR is on", "schedule", s.cfg.SyncSchedule.String(), "data", s.cfg.EdgarDataURL, "files", s.cfg.EdgarFilesURL)
}
