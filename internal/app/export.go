package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// ExportCompany returns all that was known of a company on asOf, or that is known: statements with their metrics,
// dividends filed by then, and the daily ratios of the listing that t names. Errors: Invalid, NotFound.
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
		filed      *sec.CompanyFacts // that the dividends of asOf are read from, if there are any
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
		if dividends, err = q.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: l.CompanyID}); err != nil {
			return errors.Wrap(err, "list dividends")
		}
		if asOf != nil {
			filed, err = readFiled(ctx, q, l.CompanyID)
		} else {
			report, err = readReport(ctx, q, l.CompanyID)
		}
		if err != nil {
			return err
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
	known := dividendsKnown(dividends, asOf, filed)
	var ratios []value.DailyRatios
	for _, d := range daily {
		ratios = append(ratios, d.DailyRatios)
	}
	out = value.NewExchange(statementsFromRows(statements), known, ratios)
	out.Import = report
	return out, nil
}

// readFiled reads the documents that a company's figures come from, nil when there are none.
func readFiled(ctx context.Context, q *db.Queries, companyID int64) (*sec.CompanyFacts, error) {
	company, err := q.GetCompany(ctx, companyID)
	if err != nil {
		return nil, errors.Wrap(err, "get company")
	}
	stored, err := q.ListDocuments(ctx, companyID)
	if err != nil || len(stored) == 0 {
		return nil, wrap(err, "list documents")
	}
	return readDocuments(ctx, q, own(company, stored))
}

// readReport returns what was read of a company's facts, nil when there are none.
func readReport(ctx context.Context, q *db.Queries, companyID int64) (*value.ImportReport, error) {
	facts, err := q.GetCompanyFacts(ctx, companyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return facts.Report, wrap(err, "get company facts")
}

// dividendsKnown returns a company's dividends as known on asOf, or today. The rows have the newest amounts; earlier ones
// are in the filed facts.
func dividendsKnown(rows []db.Dividend, asOf *time.Time, filed *sec.CompanyFacts) (out []value.Dividend) {
	manual := map[time.Time]bool{}
	for _, d := range rows {
		if asOf != nil && (d.Source != "manual" || d.PublishDate.After(*asOf)) {
			continue
		}
		out = append(out, dividendFromRow(d))
		if d.PeriodEnd != nil {
			manual[*d.PeriodEnd] = true
		}
	}
	if filed == nil {
		return out
	}
	for _, d := range filed.Dividends(*asOf) {
		if !manual[d.PeriodEnd] {
			out = append(out, d)
		}
	}
	return out
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
