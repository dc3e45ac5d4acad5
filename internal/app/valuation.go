package app

import (
	"context"
	"fmt"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// ValuationRates are those of the caller, who may suppose no growth.
type ValuationRates struct {
	DiscountRate, TerminalGrowth decimal.Decimal
	Growth                       *decimal.Decimal
	Years                        int
}

func (r ValuationRates) exact() metric.Rates {
	rates := metric.Rates{Discount: r.DiscountRate.Rat(), TerminalGrowth: r.TerminalGrowth.Rat(), Growth: nil, Years: r.Years}
	if r.Growth != nil {
		rates.Growth = r.Growth.Rat()
	}
	return rates
}

// A Valuation is what a company's business is worth at rates of the caller's, as known on the newest trading day of a listing.
type Valuation struct {
	Ticker           string
	Date             *time.Time // nil if the listing has no price, and what follows
	Close            *decimal.Decimal
	PriceCurrency    string
	StatementEndDate *time.Time
	Currency         *string
	Marks            []value.Mark
	Parts            []metric.Part
	Cells            []metric.Cell
}

// The bounds of rates, beyond which no business is valued.
var (
	lowestGrowth  = decimal.RequireFromString("-0.9")
	highestRate   = decimal.NewFromInt(1)
	highestGrowth = decimal.NewFromInt(10) //nolint:mnd // as of implied growth
)

func (v *validator) rates(r ValuationRates) {
	between := func(field string, rate, low, high decimal.Decimal) {
		if v.check(plain(rate), field, "has too many digits") {
			v.check(rate.GreaterThanOrEqual(low) && rate.LessThanOrEqual(high), field, fmt.Sprintf("must be a number from %s to %s", low, high))
		}
	}
	between("discount_rate", r.DiscountRate, decimal.Zero, highestRate)
	between("terminal_growth", r.TerminalGrowth, lowestGrowth, highestRate)
	if r.Growth != nil {
		between("growth", *r.Growth, lowestGrowth, highestGrowth)
	}
}

// ValueCompany values the company of a listing by one of metric.ByEVN and metric.ByMarketCap and one of metric.ByFreeCashFlow and
// metric.ByOwnerEarnings, on the newest trading day until asOf or today. Errors: Invalid, NotFound.
func (a *App) ValueCompany(
	ctx context.Context, t string, rates ValuationRates, by, cashFlow string, asOf *time.Time,
) (out Valuation, err error) {
	var v validator
	v.rates(rates)
	v.date("as_of", asOf, a.today())
	if err := v.err(); err != nil {
		return out, err
	}
	until := a.today()
	set(&until, asOf)
	business := metric.NoBusiness()
	err = a.read(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		out.Ticker, out.PriceCurrency, out.Marks = l.Ticker, l.Currency, value.Marks()
		p, err := q.GetNewestPrice(ctx, db.GetNewestPriceParams{ListingID: l.ID, Until: until})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return errors.Wrap(err, "get newest price")
		}
		f, err := listFilings(ctx, q, []db.Listing{l}, p.Date, p.Date, 0, asOf)
		if err != nil {
			return err
		}
		k := f[l.CompanyID].of(l)
		k.goTo(p.Date)
		m := k.marketValue(p.Close)
		r := m.Ratios(k.latest, k.ttm)
		out.Date, out.Close, out.StatementEndDate, out.Currency, out.Marks = &p.Date, &p.Close, r.StatementEndDate, r.Currency, r.Marks
		company, day := k.metricDay(m, &r)
		business = company.BusinessOn(day, by, cashFlow)
		return nil
	})
	out.Parts, out.Cells = business.Valuate(rates.exact()), business.Sensitivity(rates.exact())
	return out, err
}
