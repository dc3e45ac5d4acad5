package app

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// Bounds of a CSV file, so that no file takes more memory than its use.
const (
	maxLine = 64 << 10 // bytes of one, with those that its quoted fields contain
	maxRows = 100_000
)

var errLongLine = errors.New("a line is too long")

// A lineReader fails when too much is read of one line.
type lineReader struct {
	r    io.Reader
	left int
}

func (l *lineReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongLine
	}
	n, err := l.r.Read(b)
	l.left -= n
	return n, err
}

// A table reads a CSV file with a header line.
type table struct {
	in      *lineReader
	r       *csv.Reader
	columns map[string]int
	record  []string
	line    int
	err     *Error // the first bad value of the line
}

func newTable(r io.Reader, required, optional []string) (*table, error) {
	in := &lineReader{r: r, left: 0}
	t := &table{in: in, r: csv.NewReader(in), columns: map[string]int{}}
	t.r.ReuseRecord = true
	t.r.LazyQuotes = false
	if err := t.read(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, invalidFile("is empty")
		}
		return nil, err
	}
	for i, name := range t.record {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			return nil, t.bad(fmt.Sprintf("unknown column %.50q", name))
		}
		if _, twice := t.columns[name]; twice {
			return nil, t.bad(fmt.Sprintf("column %q appears twice", name))
		}
		t.columns[name] = i
	}
	for _, name := range required {
		if _, ok := t.columns[name]; !ok {
			return nil, t.bad(fmt.Sprintf("column %q is missing", name))
		}
	}
	return t, nil
}

func (t *table) bad(what string) *Error {
	return &Error{Code: Invalid, Message: fmt.Sprintf("line %d: %s", t.line, what)}
}

// csvMistakes are all that the reader finds.
var csvMistakes = map[error]string{
	csv.ErrFieldCount: "has not as many columns as the first line",
	csv.ErrBareQuote:  "a quote is within a field that does not begin with one",
	csv.ErrQuote:      "a quoted field does not end, or goes on after its last quote",
}

// read reads the next line; its error is io.EOF after the last.
func (t *table) read() error {
	t.err = nil
	t.in.left = maxLine
	record, err := t.r.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errLongLine):
		t.line++
		return t.bad(fmt.Sprintf("has more than %d bytes", maxLine))
	case errors.As(err, &syntax):
		t.line = syntax.Line
		return t.bad(csvMistakes[syntax.Err])
	case err != nil:
		return err
	}
	t.record = record
	t.line, _ = t.r.FieldPos(0)
	return nil
}

func (t *table) text(column string) string {
	if i, ok := t.columns[column]; ok {
		return strings.TrimSpace(t.record[i])
	}
	return ""
}

func (t *table) check(ok bool, column, what string) {
	if !ok && t.err == nil {
		t.err = t.bad(fmt.Sprintf("%s %.50q %s", column, t.text(column), what))
	}
}

func (t *table) date(column string, last time.Time) time.Time {
	day, err := time.Parse(time.DateOnly, t.text(column))
	t.check(err == nil && !day.Before(firstDay) && !day.After(last), column,
		"is not a date between 1900-01-01 and "+last.Format(time.DateOnly))
	return day
}

// decimal reads a number that must not be negative; an empty text is fallback.
func (t *table) decimal(column string, fallback decimal.Decimal) decimal.Decimal {
	s := t.text(column)
	if s == "" {
		return fallback
	}
	d, err := decimal.NewFromString(s)
	if err != nil || !plain(d) || d.IsNegative() {
		t.check(false, column, "is not a number of 0 or more")
		return fallback // d may be too long to be written out
	}
	return d
}

// number reads an optional number as its text.
func (t *table) number(column string) string {
	if t.text(column) == "" {
		return ""
	}
	return t.decimal(column, decimal.Zero).String()
}

// count reads an optional whole number as its text.
func (t *table) count(column string) string {
	s := t.text(column)
	if s == "" {
		return ""
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(s, ".0"), 10, 64)
	t.check(err == nil && n >= 0, column, "is not a whole number of 0 or more")
	return strconv.FormatInt(n, 10)
}

// each calls f for every line until one fails.
func (t *table) each(f func() error) error {
	for n := 0; ; n++ {
		switch err := t.read(); {
		case n == maxRows && err == nil:
			return t.bad(fmt.Sprintf("more than %d lines: divide the file", maxRows))
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(); err != nil {
			return err
		}
		if t.err != nil {
			return t.err
		}
	}
}

// priceBatch is how many prices go to the database at a time.
const priceBatch = 5000

func newPriceBatch() db.UpsertPricesParams {
	return db.UpsertPricesParams{
		ListingID: 0, // known when it is written
		Date:      make([]time.Time, 0, priceBatch),
		Open:      make([]string, 0, priceBatch), High: make([]string, 0, priceBatch), Low: make([]string, 0, priceBatch),
		Close: make([]decimal.Decimal, 0, priceBatch), Volume: make([]string, 0, priceBatch),
		ExDividend: make([]decimal.Decimal, 0, priceBatch), SplitRatio: make([]decimal.Decimal, 0, priceBatch),
	}
}

func (a *App) readPrices(r io.Reader, im db.Import) (writer, error) {
	t, err := newTable(r, []string{"date", "close"}, []string{"open", "high", "low", "volume", "ex_dividend", "split_ratio"})
	if err != nil {
		return nil, err
	}
	var batches []db.UpsertPricesParams
	seen := map[time.Time]int{}
	today := a.today()
	err = t.each(func() error {
		day := t.date("date", today)
		t.check(t.text("close") != "", "close", "is missing")
		if first, twice := seen[day]; twice && t.err == nil {
			t.err = t.bad(fmt.Sprintf("date %s stands on line %d already", day.Format(time.DateOnly), first))
		}
		seen[day] = t.line
		if len(batches) == 0 || len(batches[len(batches)-1].Date) == priceBatch {
			batches = append(batches, newPriceBatch())
		}
		b := &batches[len(batches)-1]
		b.Date = append(b.Date, day)
		b.Open = append(b.Open, t.number("open"))
		b.High = append(b.High, t.number("high"))
		b.Low = append(b.Low, t.number("low"))
		b.Close = append(b.Close, t.decimal("close", decimal.Zero))
		b.Volume = append(b.Volume, t.count("volume"))
		b.ExDividend = append(b.ExDividend, t.decimal("ex_dividend", decimal.Zero))
		ratio := t.decimal("split_ratio", decimal.NewFromInt(1))
		t.check(ratio.IsPositive(), "split_ratio", "must be more than 0")
		b.SplitRatio = append(b.SplitRatio, ratio)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ pgx.Tx, q *db.Queries) (c counts, err error) {
		if _, err := lockCompany(ctx, q, *im.Ticker); err != nil {
			return c, err
		}
		l, err := q.GetListing(ctx, *im.Ticker)
		if err != nil {
			return c, found(err, "company "+*im.Ticker)
		}
		for _, b := range batches {
			b.ListingID = l.ID
			n, err := q.UpsertPrices(ctx, b)
			if err != nil {
				return c, errors.Wrap(err, "write prices")
			}
			c.written += n
			c.unchanged += int64(len(b.Date)) - n
		}
		return c, nil
	}, nil
}

func (a *App) readSplits(r io.Reader) (writer, error) {
	t, err := newTable(r, []string{"ticker", "effective_date", "ratio"}, nil)
	if err != nil {
		return nil, err
	}
	var p db.ImportSplitsParams
	type key struct {
		ticker string
		day    time.Time
	}
	seen := map[key]int{}
	last := a.today().AddDate(2, 0, 0)
	err = t.each(func() error {
		k := key{ticker(t.text("ticker")), t.date("effective_date", last)}
		t.check(sec.IsTicker(k.ticker), "ticker", "is not a ticker")
		ratio := t.decimal("ratio", decimal.Zero)
		t.check(ratio.IsPositive(), "ratio", "must be more than 0")
		if first, twice := seen[k]; twice && t.err == nil {
			t.err = t.bad(fmt.Sprintf("this split stands on line %d already", first))
		}
		seen[k] = t.line
		p.Tickers = append(p.Tickers, k.ticker)
		p.EffectiveDate = append(p.EffectiveDate, k.day)
		p.Ratio = append(p.Ratio, ratio)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ pgx.Tx, q *db.Queries) (c counts, err error) {
		for locked := []int64(nil); ; { // again, as tickers can go to other companies while this waits
			ids, err := q.LockCompaniesByTicker(ctx, p.Tickers)
			if err != nil {
				return c, errors.Wrap(err, "lock companies")
			}
			if slices.Equal(ids, locked) {
				break
			}
			locked = ids
		}
		unknown, err := q.ListUnknownTickers(ctx, p.Tickers)
		if err != nil {
			return c, errors.Wrap(err, "list unknown tickers")
		}
		if len(unknown) > 0 {
			unknown = slices.Compact(unknown)
			return c, &Error{Code: NotFound, Message: fmt.Sprintf("no company has the ticker %s", strings.Join(unknown[:min(len(unknown), 10)], ", "))}
		}
		n, err := q.ImportSplits(ctx, p)
		return counts{written: n, unchanged: int64(len(p.Tickers)) - n}, wrap(err, "write splits")
	}, nil
}
