package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// ListExchangeRates returns a page of the exchange rates, by base, quote and day. Errors: Invalid.
func (a *App) ListExchangeRates(ctx context.Context, base, quote *string, from, to *time.Time, p Page) ([]db.ExchangeRate, string, error) {
	params := db.ListExchangeRatesParams{
		Base: "", Quote: "", FromDay: firstDay, ToDay: farDay, AfterBase: "", AfterQuote: "", AfterDate: firstDay.AddDate(0, 0, -1),
		PageSize: p.limit(),
	}
	set(&params.FromDay, from)
	set(&params.ToDay, to)
	var v validator
	v.between(from, to)
	for _, only := range []struct {
		field string
		code  *string
		param *string
	}{{"base", base, &params.Base}, {"quote", quote, &params.Quote}} {
		if only.code != nil {
			if err := v.currency(ctx, a, a.queries, only.field, *only.code); err != nil {
				return nil, "", err
			}
			*only.param = *only.code
		}
	}
	if params.AfterBase = params.Base; base != nil { // the list begins with the first that is asked for
		params.AfterQuote = params.Quote
	}
	v.page(p, &params.AfterBase, &params.AfterQuote, &params.AfterDate)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	var rows []db.ExchangeRate
	err := a.one(ctx, func(q *db.Queries) (err error) {
		rows, err = q.ListExchangeRates(ctx, params)
		return err
	})
	return cut(p, rows, err, func(r db.ExchangeRate) []any { return []any{r.Base, r.Quote, r.Date} })
}

// exchangeRates returns those by which prices in some currencies can be set against statements in others, on the days
// from first to last.
func exchangeRates(ctx context.Context, q *db.Queries, first, last time.Time, currencies map[string]bool) (value.ExchangeRates, error) {
	if len(currencies) < 2 {
		return nil, nil
	}
	codes := []string{"EUR", "USD"}
	for code := range currencies {
		codes = append(codes, code)
	}
	rows, err := q.ListExchangeRatesOfDays(ctx, db.ListExchangeRatesOfDaysParams{
		Currencies: codes, FromDay: first.AddDate(0, 0, -value.RateDays), ToDay: last,
	})
	if err != nil {
		return nil, errors.Wrap(err, "list exchange rates")
	}
	rates := make([]value.ExchangeRate, len(rows))
	for i, r := range rows {
		rates[i] = value.ExchangeRate{Date: r.Date, Base: r.Base, Quote: r.Quote, Rate: r.Rate}
	}
	return value.NewExchangeRates(rates), nil
}
