package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// days checks the range of a list by day that ends with asOf, and applies the page token to its beginning.
func (v *validator) days(from, to, asOf *time.Time, today time.Time, p Page) (first, last time.Time) {
	v.between(from, to)
	v.date("as_of", asOf, today)
	first, last = firstDay, farDay
	set(&first, from)
	set(&last, to)
	if asOf != nil {
		last = earliest(last, *asOf)
	}
	after := first.AddDate(0, 0, -1)
	v.page(p, &after)
	if !after.Before(first) {
		first = after.AddDate(0, 0, 1)
	}
	return first, last
}

// between checks the range of a list by day.
func (v *validator) between(from, to *time.Time) {
	v.date("from", from, farDay)
	v.date("to", to, farDay)
	v.check(from == nil || to == nil || !to.Before(*from), "to", "must not be before from", "from")
}

// getListing returns the listing that a ticker names, or the primary one of the company that a CIK names. That of a company
// which is not listed has no id, and so no prices.
func getListing(ctx context.Context, q *db.Queries, t string) (db.Listing, error) {
	l, err := q.GetListing(ctx, ticker(t))
	cik, ok := sec.CIKFromName(ticker(t))
	if !ok || !errors.Is(err, pgx.ErrNoRows) {
		return l, found(err, "company")
	}
	c, err := q.GetCompanyByCIK(ctx, cik)
	if err != nil {
		return l, found(err, "company")
	}
	l, err = q.GetPrimaryListing(ctx, c.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		//exhaustruct:ignore it is none
		return db.Listing{CompanyID: c.ID, Ticker: sec.CIKName(cik), Currency: defaultCurrency}, nil
	}
	return l, wrap(err, "get listing")
}

// A Price is that of a trading day, in the currency of its listing.
type Price struct {
	db.Price
	Currency      string
	AdjustedClose *decimal.Decimal // nil if a split had taken effect on the day or not, and nobody knows
	AdjustedTo    *time.Time       // the day on whose share basis that is, nil for the close as traded
}

// ListPrices returns a page of a listing's prices until a day, the oldest first. Errors: Invalid, NotFound.
func (a *App) ListPrices(ctx context.Context, t string, from, to *time.Time, at PointInTime, p Page) (out []Price, next string, err error) {
	var v validator
	first, last := v.days(from, to, at.AsOf, a.today(), p)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		var rows []db.Price
		if rows, next, err = pricePage(ctx, q, l, first, last, p); err != nil {
			return err
		}
		basis, err := a.shareBasis(ctx, q, at, []int64{l.CompanyID})
		if err != nil {
			return err
		}
		out = make([]Price, len(rows))
		for i, r := range rows {
			out[i] = Price{Price: r, Currency: l.Currency, AdjustedClose: nil, AdjustedTo: basis.on}
			if ratio := basis.since(l.CompanyID, r.Date); ratio != nil {
				out[i].AdjustedClose = new(value.AdjustAmount(r.Close, ratio))
			}
		}
		return nil
	})
	return out, next, err
}

func pricePage(ctx context.Context, q *db.Queries, l db.Listing, first, last time.Time, p Page) ([]db.Price, string, error) {
	rows, err := q.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: first, ToDay: last, PageSize: new(p.limit())})
	return cut(p, rows, err, func(r db.Price) []any { return []any{r.Date} })
}
