package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// ExportCompany answers all that was known of a company on asOf, or that is known: statements with their metrics,
// dividends filed by then, and the daily ratios of the listing that t names.
func (a *App) ExportCompany(ctx context.Context, t string, asOf *time.Time) (out value.Exchange, err error) {
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
	var dividends []value.Dividend
	filed, err := a.queries.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: l.CompanyID})
	if err != nil {
		return out, errors.Wrap(err, "list dividends")
	}
	for _, d := range filed {
		if asOf == nil || !d.PublishDate.After(*asOf) && !d.ShareBasisDate.After(*asOf) {
			dividends = append(dividends, dividendFromRow(d))
		}
	}
	to := farDay
	set(&to, asOf)
	prices, err := a.queries.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: firstDay, ToDay: to})
	if err != nil {
		return out, errors.Wrap(err, "list prices")
	}
	var ratios []value.DailyRatios
	if len(prices) > 0 {
		daily, err := a.dailyRatios(ctx, l, prices)
		if err != nil {
			return out, err
		}
		for _, d := range daily {
			ratios = append(ratios, d.DailyRatios)
		}
	}
	return value.NewExchange(statementsFromRows(rows), dividends, ratios), nil
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
