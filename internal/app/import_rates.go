package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// maxRates is about twice what all reference rates of the European Central Bank are.
const maxRates = 500_000

// rateBatch is how many rates go to the database at a time.
const rateBatch = 10_000

var rateHeader = header{required: []string{"date", "base", "quote", "rate"}}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// readRates reads rates in either form: one a line, or, as the European Central Bank gives them, one of each currency for
// the euro.
func (a *App) readRates(r io.Reader) (writer, error) {
	t, err := openTable(r)
	if err != nil {
		return nil, err
	}
	today := a.today()
	var rates []value.ExchangeRate
	add := func(day time.Time, base, quote, column string) {
		switch s := t.text(column); {
		case s == "", strings.EqualFold(s, "n/a"):
		default:
			rate := t.decimal(column, decimal.Zero)
			t.check(rate.IsPositive(), column, "is not a number above 0")
			rates = append(rates, value.ExchangeRate{Date: day, Base: base, Quote: quote, Rate: rate})
		}
	}
	line := func() {
		base, quote := t.text("base"), t.text("quote")
		t.check(currencyForm.MatchString(base), "base", currencyRule)
		t.check(currencyForm.MatchString(quote), "quote", currencyRule)
		t.check(base != quote, "quote", "is the same as base")
		add(t.date("date", today), base, quote, "rate")
	}
	if quotes := t.perEuro(); slices.Contains(quotes, "EUR") {
		return nil, t.bad(`column "EUR": the rates of such a file are those of one euro, which has none to itself`)
	} else if quotes != nil {
		line = func() {
			day := t.date("date", today)
			for _, quote := range quotes {
				add(day, "EUR", quote, quote)
			}
		}
	} else if err := t.use(rateHeader); err != nil {
		return nil, err
	}
	err = t.each(func() error {
		if len(rates) > maxRates {
			return t.bad(fmt.Sprintf("more than %d rates: divide the file", maxRates))
		}
		line()
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rates, func(a, b value.ExchangeRate) int {
		return cmp.Or(strings.Compare(a.Base, b.Base), strings.Compare(a.Quote, b.Quote), a.Date.Compare(b.Date))
	})
	for i := 1; i < len(rates); i++ {
		if a, b := rates[i-1], rates[i]; a.Date.Equal(b.Date) && a.Base == b.Base && a.Quote == b.Quote {
			return nil, &Error{Code: Invalid, Message: fmt.Sprintf("the rate of %s to %s of %s is given twice", a.Base, a.Quote, a.Date.Format(time.DateOnly))}
		}
	}
	return func(ctx context.Context, _ pgx.Tx, q *db.Queries) (counts, error) { return writeRates(ctx, q, rates) }, nil
}

// perEuro uses the columns of a file of the European Central Bank, and returns their names: a date and currencies.
// It returns nil for another file.
func (t *table) perEuro() (quotes []string) {
	for i, name := range t.names {
		code := strings.ToUpper(name)
		switch {
		case i == 0 && name != "date":
			return nil
		case i == 0:
			t.columns[name] = i
		case name == "": // each line ends with a comma
		case !currencyForm.MatchString(code) || slices.Contains(quotes, code):
			return nil
		default:
			t.columns[code] = i
			quotes = append(quotes, code)
		}
	}
	return quotes
}

// writeRates writes rates that are sorted. Those of a currency that is not known are skipped.
func writeRates(ctx context.Context, q *db.Queries, rates []value.ExchangeRate) (c counts, err error) {
	var codes []string
	for _, r := range rates {
		for _, code := range []string{r.Base, r.Quote} {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	unknown, err := q.ListUnknownCurrencies(ctx, codes)
	if err != nil {
		return c, errors.Wrap(err, "look up currencies")
	}
	known := slices.DeleteFunc(slices.Clone(rates), func(r value.ExchangeRate) bool {
		return slices.Contains(unknown, r.Base) || slices.Contains(unknown, r.Quote)
	})
	c.skipped = int64(len(rates) - len(known))
	if c.skipped > 0 {
		c.warning = fmt.Sprintf("rates that were skipped, of currencies that are not known (%s): %d", strings.Join(unknown[:min(len(unknown), 10)], ", "), c.skipped)
	}
	for batch := range slices.Chunk(known, rateBatch) {
		n := len(batch)
		p := db.UpsertExchangeRatesParams{
			Date: make([]time.Time, 0, n), Base: make([]string, 0, n), Quote: make([]string, 0, n), Rate: make([]decimal.Decimal, 0, n),
		}
		for _, r := range batch {
			p.Date, p.Base, p.Quote, p.Rate = append(p.Date, r.Date), append(p.Base, r.Base), append(p.Quote, r.Quote), append(p.Rate, r.Rate)
		}
		written, err := q.UpsertExchangeRates(ctx, p)
		if err != nil {
			return c, errors.Wrap(err, "write rates")
		}
		c.written += written
		c.unchanged += int64(n) - written
	}
	if c.written == 0 {
		return c, nil
	}
	return c, wrap(q.SetSizes(ctx), "set the sizes of companies")
}
