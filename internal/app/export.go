package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// ExportCompany returns all that was known of a company on asOf, or that is known: statements with their metrics,
// dividends as filed, and the daily ratios of the listing that t names. Errors: Invalid, NotFound.
func (a *App) ExportCompany(ctx context.Context, t string, asOf *time.Time) (out value.Exchange, err error) {
	var v validator
	v.date("as_of", asOf, a.today())
	if err := v.err(); err != nil {
		return out, err
	}
	to := farDay
	set(&to, asOf)
	var (
		statements []db.FinancialStatement
		dividends  []db.Dividend
		daily      []DailyRatios
		report     *value.ImportReport
	)
	err = a.read(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		statements, err = q.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{CompanyID: l.CompanyID, AsOf: asOf})
		if err != nil {
			return errors.Wrap(err, "list statements")
		}
		if dividends, err = q.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: l.CompanyID, AsOf: asOf}); err != nil {
			return errors.Wrap(err, "list dividends")
		}
		if asOf == nil {
			if report, err = readReport(ctx, q, l.CompanyID); err != nil {
				return err
			}
		}
		prices, err := q.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: firstDay, ToDay: to})
		if err != nil {
			return errors.Wrap(err, "list prices")
		}
		daily, err = a.dailyRatios(ctx, q, l, prices, DayOptions{PointInTime: PointInTime{AsOf: asOf, Basis: value.Filed}, Metrics: nil, GrahamSize: 0}, nil)
		return err
	})
	if err != nil {
		return out, err
	}
	known := make([]value.Dividend, len(dividends))
	for i, d := range dividends {
		known[i] = dividendFromRow(d)
	}
	var ratios []value.DailyRatios
	for _, d := range daily {
		ratios = append(ratios, d.DailyRatios)
	}
	out = value.NewExchange(statementsFromRows(statements), known, ratios)
	out.Import = report
	return out, nil
}

// readReport returns what was read of a company's facts, nil when there are none.
func readReport(ctx context.Context, q *db.Queries, companyID int64) (*value.ImportReport, error) {
	facts, err := q.GetCompanyFacts(ctx, companyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return facts.Report, wrap(err, "get company facts")
}

func dividendFromRow(d db.Dividend) value.Dividend {
	var year int32
	var end time.Time
	set(&year, d.FiscalYear)
	set(&end, d.PeriodEnd)
	var quarter *int
	if d.FiscalQuarter != nil {
		quarter = new(int(*d.FiscalQuarter))
	}
	return value.Dividend{
		FiscalYear: int(year), FiscalQuarter: quarter, PeriodEnd: end, AmountPerShare: d.AmountPerShare, Currency: d.Currency,
		PublishDate: d.PublishDate, Derived: d.Derived, ShareBasisDate: d.ShareBasisDate,
	}
}
