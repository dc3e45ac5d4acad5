package app

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// priceHeader has the names that Yahoo, Alpha Vantage, Nasdaq, Stooq and Investing.com use. Closes that are adjusted for
// dividends, too, were never traded.
var priceHeader = header{
	required: []string{"date", "close"},
	optional: []string{"open", "high", "low", "volume", "ex_dividend", "split_ratio"},
	other: map[string][]string{
		"date": {"timestamp"}, "close": {"close/last", "price"}, "ex_dividend": {"dividend_amount"}, "split_ratio": {"split_coefficient"},
	},
	ignored: []string{"adj close", "adj_close", "adjusted_close", "adjusted close", "vol.", "change %"},
}

// A priceRow is one line of a price file; nil stands for what it does not say.
type priceRow struct {
	date                   time.Time
	open, high, low        *decimal.Decimal
	close                  decimal.Decimal
	volume                 *decimal.Decimal
	exDividend, splitRatio decimal.Decimal
}

// unadjusted undoes the adjustment for splits, of which the ratio is the product.
func (r priceRow) unadjusted(ratio *big.Rat) priceRow {
	times := func(d *decimal.Decimal) *decimal.Decimal {
		if d == nil {
			return nil
		}
		return new(value.Scale(*d, ratio))
	}
	r.open, r.high, r.low, r.close, r.exDividend = times(r.open), times(r.high), times(r.low), value.Scale(r.close, ratio), value.Scale(r.exDividend, ratio)
	if r.volume != nil {
		r.volume = new(decimal.NewFromBigRat(new(big.Rat).Quo(r.volume.Rat(), ratio), 0))
	}
	return r
}

// thousands are the forms of numbers in which commas only group digits.
var thousands = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]*)?$`)

// amount is the text of a number without dollar sign and thousands commas, empty if it says that there is none.
func (t *table) amount(column string) string {
	s := strings.TrimPrefix(t.text(column), "$")
	switch {
	case thousands.MatchString(s):
		return strings.ReplaceAll(s, ",", "")
	case strings.EqualFold(s, "null"), strings.EqualFold(s, "n/a"):
		return ""
	}
	return s
}

// price reads an optional number of 0 or more.
func (t *table) price(column string) *decimal.Decimal {
	s := t.amount(column)
	if s == "" {
		return nil
	}
	d, err := decimal.NewFromString(s)
	ok := err == nil && plain(d) && !d.IsNegative()
	t.check(ok, column, "is not a number of 0 or more")
	if !ok {
		return nil // d may be too long to be written out
	}
	return &d
}

// count reads an optional whole number.
func (t *table) count(column string) *decimal.Decimal {
	s := t.amount(column)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(s, ".0"), 10, 64)
	t.check(err == nil && n >= 0, column, "is not a whole number of 0 or more")
	return new(decimal.NewFromInt(n))
}

// priceDay reads a day in one of the forms of price files.
func (t *table) priceDay(last time.Time) time.Time {
	for _, layout := range []string{"1/2/2006", "20060102"} {
		if day, err := time.Parse(layout, t.text("date")); err == nil {
			t.check(!day.Before(firstDay) && !day.After(last), "date", "is not between 1900-01-01 and "+last.Format(time.DateOnly))
			return day
		}
	}
	return t.date("date", last)
}

// closes tells whether the line has a close above zero. Files have lines for days without trading.
func (t *table) closes() bool {
	d, err := decimal.NewFromString(t.amount("close"))
	return err == nil && d.IsPositive()
}

func (a *App) readPrices(r io.Reader, im db.Import) (writer, error) {
	t, err := newTable(r, priceHeader)
	if err != nil {
		return nil, err
	}
	var rows []priceRow
	skipped := int64(0)
	seen := map[time.Time]int{}
	today := a.today()
	orElse := func(d *decimal.Decimal, n int64) decimal.Decimal {
		if d == nil {
			return decimal.NewFromInt(n)
		}
		return *d
	}
	var unread *Error // the first row that is skipped
	err = t.each(func() error {
		if !t.closes() {
			if skipped++; unread == nil {
				unread = t.bad(fmt.Sprintf("close %.50q is no number above 0, nor is that of any other line", t.text("close")))
			}
			return nil
		}
		row := priceRow{
			date: t.priceDay(today), open: t.price("open"), high: t.price("high"), low: t.price("low"), close: orElse(t.price("close"), 0),
			volume: t.count("volume"), exDividend: orElse(t.price("ex_dividend"), 0), splitRatio: orElse(t.price("split_ratio"), 1),
		}
		t.check(row.splitRatio.IsPositive(), "split_ratio", "must be more than 0")
		if first, twice := seen[row.date]; twice && t.err == nil {
			t.err = t.bad(fmt.Sprintf("date %s stands on line %d already", row.date.Format(time.DateOnly), first))
		}
		seen[row.date] = t.line
		rows = append(rows, row)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case unread != nil && len(rows) == 0:
		return nil, unread
	case len(rows) == 0:
		return nil, t.bad("no line follows")
	}
	return func(ctx context.Context, _ pgx.Tx, q *db.Queries) (c counts, err error) {
		if _, err := lockCompany(ctx, q, *im.Ticker); err != nil {
			return c, err
		}
		l, err := q.GetListing(ctx, *im.Ticker)
		if err != nil {
			return c, found(err, "company "+*im.Ticker)
		}
		if err := writePriceSplits(ctx, q, l.CompanyID, rows); err != nil {
			return c, err
		}
		traded, err := asTraded(ctx, q, l, rows, im.AdjustedAsOf)
		if err != nil {
			return c, err
		}
		for batch := range slices.Chunk(traded, priceBatch) {
			n, err := q.UpsertPrices(ctx, upsertPrices(l.ID, batch))
			if err != nil {
				return c, errors.Wrap(err, "write prices")
			}
			c.written += n
			c.unchanged += int64(len(batch)) - n
		}
		if c.skipped = skipped; skipped > 0 {
			c.warning = fmt.Sprintf("rows that were skipped, as their close is no number above 0: %d", skipped)
		}
		if err := dateFoundSplits(ctx, q, l.CompanyID); err != nil {
			return c, err
		}
		return c, checkPrices(ctx, q, l)
	}, nil
}

// writePriceSplits writes the splits that a price file tells of, unless they were imported otherwise.
func writePriceSplits(ctx context.Context, q *db.Queries, companyID int64, rows []priceRow) error {
	p := db.ImportPriceSplitsParams{CompanyID: companyID, EffectiveDate: nil, Ratio: nil}
	for _, r := range rows {
		if !r.splitRatio.Equal(decimal.NewFromInt(1)) {
			p.EffectiveDate, p.Ratio = append(p.EffectiveDate, r.date), append(p.Ratio, r.splitRatio)
		}
	}
	if len(p.Ratio) == 0 {
		return nil
	}
	return wrap(q.ImportPriceSplits(ctx, p), "write splits")
}

// asTraded undoes the company's splits up to a day in the rows of a file that is declared as adjusted for them. It refuses
// rows of which it is not known whether a split had taken effect.
func asTraded(ctx context.Context, q *db.Queries, l db.Listing, rows []priceRow, adjustedAsOf *time.Time) ([]priceRow, error) {
	if adjustedAsOf == nil {
		return rows, nil
	}
	all, err := listSplits(ctx, q, []int64{l.CompanyID}, nil)
	splits := all[l.CompanyID]
	if err != nil || len(splits) == 0 {
		return rows, err
	}
	rows = slices.Clone(rows)
	for i, row := range rows {
		for _, s := range splits {
			if s.IsOpenBetween(row.date, *adjustedAsOf) {
				return nil, &Error{Code: Invalid, Message: fmt.Sprintf("%s on %s: the filings show a split of the ratio %s that took effect after %s and by %s. Import its day first",
					value.SplitDateUnknown, row.date.Format(time.DateOnly), s.Ratio.RatString(),
					s.Found.EffectiveAfter.Format(time.DateOnly), s.Found.EffectiveBy.Format(time.DateOnly))}
			}
		}
		rows[i] = row.unadjusted(value.SplitRatio(row.date, *adjustedAsOf, splits))
	}
	return rows, nil
}

// checkPrices refuses prices of a listing that contradict the company's splits.
func checkPrices(ctx context.Context, q *db.Queries, l db.Listing) error {
	all, err := listSplits(ctx, q, []int64{l.CompanyID}, nil)
	splits := all[l.CompanyID]
	if err != nil || len(splits) == 0 {
		return err
	}
	stored, err := q.ListCloses(ctx, l.ID)
	if err != nil {
		return errors.Wrap(err, "list prices")
	}
	series := make([]value.Price, len(stored))
	for i, s := range stored {
		series[i] = value.Price{Date: s.Date, Close: s.Close}
	}
	if fault := value.CheckPrices(series, splits); fault != nil {
		return faultError(fault)
	}
	return nil
}

func faultError(f *value.PriceFault) error {
	what := "a split of the ratio %s takes effect, and the close does not follow"
	if f.Reason == value.JumpWithoutSplit {
		what = "the close jumps by the ratio %s of later splits, and none takes effect"
	}
	return &Error{Code: Invalid, Message: fmt.Sprintf("%s on %s: "+what+". Prices are as traded, or declared as adjusted for splits up to a day (adjusted_as_of)",
		f.Reason, f.Date.Format(time.DateOnly), f.Ratio)}
}

// priceBatch is how many prices go to the database at a time.
const priceBatch = 5000

func upsertPrices(listingID int64, rows []priceRow) db.UpsertPricesParams {
	n := len(rows)
	p := db.UpsertPricesParams{
		ListingID: listingID, Date: make([]time.Time, 0, n),
		Open: make([]string, 0, n), High: make([]string, 0, n), Low: make([]string, 0, n),
		Close: make([]decimal.Decimal, 0, n), Volume: make([]string, 0, n),
		ExDividend: make([]decimal.Decimal, 0, n), SplitRatio: make([]decimal.Decimal, 0, n),
	}
	text := func(d *decimal.Decimal) string {
		if d == nil {
			return ""
		}
		return d.String()
	}
	for _, r := range rows {
		p.Date = append(p.Date, r.date)
		p.Open, p.High, p.Low = append(p.Open, text(r.open)), append(p.High, text(r.high)), append(p.Low, text(r.low))
		p.Close = append(p.Close, r.close)
		p.Volume = append(p.Volume, text(r.volume))
		p.ExDividend, p.SplitRatio = append(p.ExDividend, r.exDividend), append(p.SplitRatio, r.splitRatio)
	}
	return p
}
