package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
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
	maxRows = 100_000  // of a file whose rows are kept in memory

	sampleSize = 64 << 10 // bytes at the beginning that tell in which form a file is
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

// A table reads a CSV file with a header line. Its fields are separated by commas, semicolons or tabs: by what the header
// line has most of.
type table struct {
	in      *lineReader
	r       *csv.Reader
	sample  []byte   // the beginning of the file
	names   []string // in the header line, in lower case
	columns map[string]int
	record  []string
	line    int
	most    int    // how many lines may follow
	err     *Error // the first bad value of the line
}

// A header says which columns a file has.
type header struct {
	required, optional []string
	other              map[string][]string // names that stand for one of these when neither it nor one before is there
	ignored            []string
	known              string // what to tell of an unknown column, instead of the names above
}

func (h header) String() string {
	names := func(columns []string) string {
		all := make([]string, len(columns))
		for i, c := range columns {
			all[i] = strings.Join(append([]string{c}, h.other[c]...), " or ")
		}
		return strings.Join(all, ", ")
	}
	wanted := names(h.required)
	if len(h.optional) > 0 {
		wanted += "; and there may be " + names(h.optional)
	}
	return wanted
}

// openTable reads the header line of a file. Its columns can be used once one of the headers is.
func openTable(r io.Reader) (*table, error) {
	start := bufio.NewReaderSize(r, sampleSize)
	sample, _ := start.Peek(sampleSize) // an error comes again
	in := &lineReader{r: start, left: 0}
	t := &table{in: in, r: csv.NewReader(in), sample: bytes.Clone(sample), columns: map[string]int{}, most: maxRows}
	t.r.ReuseRecord = true
	t.r.LazyQuotes = false
	t.r.Comma = separator(sample)
	if err := t.read(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, invalidFile("is empty")
		}
		return nil, err
	}
	for _, name := range t.record {
		t.names = append(t.names, strings.ToLower(strings.TrimSpace(name)))
	}
	return t, nil
}

// separator returns what separates the columns of a file that begins so.
func separator(sample []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(sample, "\r\n"), []byte("\n"))
	count := map[byte]int{}
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		}
		if !quoted {
			count[b]++
		}
	}
	best := ','
	for _, sep := range ";\t" {
		if count[byte(sep)] > count[byte(best)] {
			best = sep
		}
	}
	return best
}

func (t *table) use(h header) error {
	var known []string
	for _, column := range slices.Concat(h.required, h.optional) {
		names := append([]string{column}, h.other[column]...)
		known = append(known, names...)
		for _, name := range slices.Backward(names) {
			if i := slices.Index(t.names, name); i >= 0 {
				t.columns[column] = i
			}
		}
	}
	for i, name := range t.names {
		if !slices.Contains(known, name) && !slices.Contains(h.ignored, name) {
			if h.known != "" {
				return t.bad(fmt.Sprintf("unknown column %.50q. Known are %s", name, h.known))
			}
			return t.bad(fmt.Sprintf("unknown column %.50q: want %s", name, h))
		}
		if slices.Contains(t.names[:i], name) {
			return t.bad(fmt.Sprintf("column %q appears twice", name))
		}
	}
	for _, name := range h.required {
		if _, ok := t.columns[name]; !ok {
			return t.bad(fmt.Sprintf("column %q is missing: want %s", name, h))
		}
	}
	return nil
}

func newTable(r io.Reader, h header) (*table, error) {
	t, err := openTable(r)
	if err != nil {
		return nil, err
	}
	return t, t.use(h)
}

func (t *table) bad(what string) *Error { return badLine(t.line, what) }

func badLine(n int, what string) *Error {
	return &Error{Code: Invalid, Message: fmt.Sprintf("line %d: %s", n, what)}
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

// each calls f for every line until one fails.
func (t *table) each(f func() error) error {
	for n := 0; ; n++ {
		switch err := t.read(); {
		case n == t.most && err == nil:
			return t.bad(fmt.Sprintf("more than %d lines: divide the file", t.most))
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

func (a *App) readSplits(r io.Reader) (writer, error) {
	t, err := newTable(r, header{required: []string{"ticker", "effective_date", "ratio"}})
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
		name := ticker(t.text("ticker"))
		k := key{tickerKey(name), t.date("effective_date", last)}
		t.check(sec.IsTicker(name), "ticker", "is not a ticker")
		ratio := t.decimal("ratio", decimal.Zero)
		t.check(ratio.IsPositive(), "ratio", "must be more than 0")
		if first, twice := seen[k]; twice && t.err == nil {
			t.err = t.bad(fmt.Sprintf("this split stands on line %d already", first))
		}
		seen[k] = t.line
		p.Tickers = append(p.Tickers, name)
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
