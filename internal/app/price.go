package app

import (
	"context"
	"time"

	"github.com/edgevalue/edgevalue/gen/db"
)

// days checks the range of a list by day and applies the page token to its beginning.
func (a *App) days(from, to *time.Time, p Page) (first, last time.Time, err error) {
	var v validator
	v.days(from, to)
	first, last = firstDay, farDay
	set(&first, from)
	set(&last, to)
	after := first.AddDate(0, 0, -1)
	v.page(p, &after)
	if !after.Before(first) {
		first = after.AddDate(0, 0, 1)
	}
	return first, last, v.err()
}

// days checks the range of a list by day.
func (v *validator) days(from, to *time.Time) {
	v.date("from", from, farDay)
	v.date("to", to, farDay)
	v.check(from == nil || to == nil || !to.Before(*from), "to", "must not be before from", "from")
}

func getListing(ctx context.Context, q *db.Queries, t string) (db.Listing, error) {
	l, err := q.GetListing(ctx, ticker(t))
	return l, found(err, "company")
}

// A Price is that of a trading day, in the currency of its listing.
type Price struct {
	db.Price
	Currency string
}

// ListPrices returns a page of a listing's prices, the oldest first. Errors: Invalid, NotFound.
func (a *App) ListPrices(ctx context.Context, t string, from, to *time.Time, p Page) ([]Price, string, error) {
	first, last, err := a.days(from, to, p)
	if err != nil {
		return nil, "", err
	}
	l, err := getListing(ctx, a.queries, t)
	if err != nil {
		return nil, "", err
	}
	rows, next, err := pricePage(ctx, a.queries, l, first, last, p)
	out := make([]Price, len(rows))
	for i, r := range rows {
		out[i] = Price{r, l.Currency}
	}
	return out, next, err
}

func pricePage(ctx context.Context, q *db.Queries, l db.Listing, first, last time.Time, p Page) ([]db.Price, string, error) {
	rows, err := q.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: first, ToDay: last, PageSize: new(p.limit())})
	return cut(p, rows, err, func(r db.Price) []any { return []any{r.Date} })
}
