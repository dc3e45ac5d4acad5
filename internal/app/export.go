package app

import (
	"bytes"
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/gzip"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
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
	dividends, err := a.dividends(ctx, l.CompanyID, asOf)
	if err != nil {
		return out, err
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

// dividends answers a company's dividends as known on asOf, or today. The table has the newest amounts; earlier ones are
// in the document.
func (a *App) dividends(ctx context.Context, companyID int64, asOf *time.Time) (out []value.Dividend, err error) {
	rows, err := a.queries.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: companyID})
	if err != nil {
		return nil, errors.Wrap(err, "list dividends")
	}
	manual := map[time.Time]bool{}
	for _, d := range rows {
		if asOf == nil || d.Source == "manual" && !d.PublishDate.After(*asOf) {
			out = append(out, dividendFromRow(d))
		}
		if d.Source == "manual" && d.PeriodEnd != nil {
			manual[*d.PeriodEnd] = true
		}
	}
	if asOf == nil {
		return out, nil
	}
	current, err := a.queries.GetCompanyFacts(ctx, companyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	} else if err != nil {
		return nil, errors.Wrap(err, "get company facts")
	}
	doc, err := a.queries.GetDocument(ctx, current.DocumentID)
	if err != nil {
		return nil, errors.Wrap(err, "get document")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(doc.Content))
	if err != nil {
		return nil, errors.Wrap(err, "unpack document")
	}
	facts, err := sec.ParseCompanyFacts(unpacked)
	if err != nil {
		return nil, errors.Wrap(err, "read document")
	}
	for _, d := range facts.Dividends(*asOf) {
		if !manual[d.PeriodEnd] {
			out = append(out, d)
		}
	}
	return out, nil
}

func dividendFromRow(d db.Dividend) value.Dividend {
	var year, quarter int
	if d.FiscalYear != nil && d.FiscalQuarter != nil {
		year, quarter = int(*d.FiscalYear), int(*d.FiscalQuarter)
	}
	var end time.Time
	set(&end, d.PeriodEnd)
	return value.Dividend{
		FiscalYear: year, FiscalQuarter: quarter, PeriodEnd: end, AmountPerShare: d.AmountPerShare, Currency: d.Currency,
		PublishDate: d.PublishDate, Derived: d.Derived, ShareBasisDate: d.ShareBasisDate,
	}
}
