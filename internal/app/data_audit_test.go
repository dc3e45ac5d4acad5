package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/value"
)

func init() {
	unaudited["reads companies' data, is done by jobs, or leaves the event of a sync"] = `ListCompanies GetCompany ListCompanyStatements ListStatements GetStatement ListStatementVersions
	ListCompanyRestatements ListRestatements ListCompanyMetrics Diff EachProof OccupyExplanations Explain ExplainRatio ExplainStatement FindStatement
	ListMetrics ListCompanyDividends ListDividends GetDividend ListCompanySplits ListPrices ListCompanyDailyRatios
	ListDailyRatios ValueCompany ListExchangeRates ListImports GetImport ListSyncs GetSync UnfinishedSync SyncStatus HasData ExportCompany
	GetRules ListUnreadFacts
	RunImport RunSync RunSyncCompany ScheduleSync RecomputeJob RecomputeCompanyJob RecomputeAll TakeTurn
	ImportBulkFile`
}

// companyWriters are the use cases that change companies and their data by hand, in an order in which each can be carried out.
func companyWriters(t *testing.T, a *app.App, _ db.UserAccount) []writer {
	t.Helper()
	client, err := edgar.New(edgar.Config{UserAgent: "Test test@example.com"}) // which is never asked
	require.NoError(t, err)
	a.EDGAR = client
	statement := value.Statement{
		Period: value.Annual, FiscalYear: 2001, EndDate: day(2001, 9, 29), PublishDate: day(2001, 12, 1), Currency: "USD",
	}
	var (
		entered app.Dividend
		filed   app.Statement
		im      db.Import
		run     app.Sync
	)
	type events = []string
	return []writer{
		{"CreateCompany", events{"company.created"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.CreateCompany(ctx, who, apple)
			return err
		}},
		{"UpdateCompany", events{"company.changed"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.UpdateCompany(ctx, who, "AAPL", func(in *app.CompanyInput) { in.Name = "Apple Inc." })
			return err
		}},
		{"CreateDividend", events{"dividend.created"}, func(ctx context.Context, who app.Actor) (err error) {
			entered, err = a.CreateDividend(ctx, who, "AAPL", dividend(nil))
			return err
		}},
		{"ReplaceDividend", events{"dividend.replaced"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.ReplaceDividend(ctx, who, entered.ID, dividend(nil))
			return err
		}},
		{"DeleteDividend", events{"dividend.deleted"}, func(ctx context.Context, who app.Actor) error {
			return a.DeleteDividend(ctx, who, entered.ID)
		}},
		{"CreateStatement", events{"statement.created"}, func(ctx context.Context, who app.Actor) (err error) {
			filed, err = a.CreateStatement(ctx, who, "AAPL", statement)
			return err
		}},
		{"ReplaceStatement", events{"statement.replaced"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.ReplaceStatement(ctx, who, filed.ID, statement)
			return err
		}},
		{"DeleteStatement", events{"statement.deleted"}, func(ctx context.Context, who app.Actor) error {
			return a.DeleteStatement(ctx, who, filed.ID)
		}},
		{"CreateSplit", events{"split.created"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.CreateSplit(ctx, who, "AAPL", db.CreateSplitParams{EffectiveDate: day(2014, 6, 9), Ratio: decimal.New(7, 0)})
			return err
		}},
		{"StartImport", events{"import.started"}, func(ctx context.Context, who app.Actor) (err error) {
			im, err = a.StartImport(ctx, who, app.ImportRequest{Kind: app.ImportSplits, File: strings.NewReader("ticker,effective_date,ratio\n")})
			return err
		}},
		{"StartImports", events{"import.started", "import.started"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.StartImports(ctx, who,
				app.ImportRequest{Kind: app.ImportSplits, File: strings.NewReader("x")}, app.ImportRequest{Kind: app.ImportSplits, File: strings.NewReader("y")})
			return err
		}},
		{"CancelImport", events{"import.cancelled"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.CancelImport(ctx, who, im.ID)
			return err
		}},
		{"StartSync", events{"sync.started"}, func(ctx context.Context, who app.Actor) (err error) {
			run, err = a.StartSync(ctx, who, []string{"AAPL"})
			return err
		}},
		{"CancelSync", events{"sync.cancelled"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.CancelSync(ctx, who, run.ID)
			return err
		}},
		{"DeleteCompany", events{"company.deleted"}, func(ctx context.Context, who app.Actor) error {
			return a.DeleteCompany(ctx, who, "AAPL")
		}},
	}
}
