package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// Export is what is known of a company.
type Export struct {
	Statements []StatementMetrics
	Dividends  []value.Dividend
	Ratios     []DailyRatios
}

// ExportCompany answers all that was known of a company on asOf, or that is known: statements with their metrics,
// dividends filed by then, and the daily ratios of the listing that t names.
func (a *App) ExportCompany(ctx context.Context, t string, asOf *time.Time) (out Export, err error) {
	var v validator
	v.date("as_of", asOf, a.today())
	if err := v.err(); err != nil {
		return out, err
	}
	l, err := a.listing(ctx, t)
	if err != nil {
		return out, err
	}
	rows, err := a.queries.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{CompanyID: l.CompanyID, AsOf: asOf})
	if err != nil {
		return out, errors.Wrap(err, "list statements")
	}
	page := make([]Statement, len(rows))
	for i, r := range rows {
		page[i] = Statement{r, l.Ticker}
	}
	out.Statements = withMetrics(page, map[int64][]value.Statement{l.CompanyID: statementsFromRows(rows)})
	dividends, err := a.queries.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: l.CompanyID})
	if err != nil {
		return out, errors.Wrap(err, "list dividends")
	}
	for _, d := range dividends {
		if asOf == nil || !d.PublishDate.After(*asOf) && !d.ShareBasisDate.After(*asOf) {
			out.Dividends = append(out.Dividends, dividendFromRow(d))
		}
	}
	to := farDay
	set(&to, asOf)
	prices, err := a.queries.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: firstDay, ToDay: to})
	if err != nil {
		return out, errors.Wrap(err, "list prices")
	}
	if len(prices) > 0 {
		out.Ratios, err = a.dailyRatios(ctx, l, prices)
	}
	return out, err
}

func dividendFromRow(d db.Dividend) value.Dividend {
	out := value.Dividend{
		AmountPerShare: d.AmountPerShare, Currency: d.Currency, PublishDate: d.PublishDate, Derived: d.Derived,
		ShareBasisDate: d.ShareBasisDate,
	}
	if d.FiscalYear != nil && d.FiscalQuarter != nil {
		out.FiscalYear, out.FiscalQuarter = int(*d.FiscalYear), int(*d.FiscalQuarter)
	}
	set(&out.PeriodEnd, d.PeriodEnd)
	return out
}
