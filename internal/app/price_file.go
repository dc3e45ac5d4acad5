package app

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// priceSources are the columns of those whose files are read as they are.
var priceSources = []struct{ name, columns string }{
	{"EdgeValue", "ticker, date, open, high, low, close, volume, ex_dividend, split_ratio"},
	{"Stooq", "<TICKER>, <PER>, <DATE>, <TIME>, <OPEN>, <HIGH>, <LOW>, <CLOSE>, <VOL>, <OPENINT>; or Date, Open, High, Low, Close, Volume"},
	{"Yahoo", "Date, Open, High, Low, Close, Adj Close, Volume"},
	{"Alpha Vantage", "timestamp, open, high, low, close, adjusted_close, volume, dividend_amount, split_coefficient"},
	{"Nasdaq", "Date, Close/Last, Volume, Open, High, Low"},
	{"Tiingo", "date, close, high, low, open, volume, adjClose, adjHigh, adjLow, adjOpen, adjVolume, divCash, splitFactor"},
	{"Investing.com", "Date, Price, Open, High, Low, Vol., Change %"},
	{"Quandl", "ticker, date, open, high, low, close, volume, ex-dividend, split_ratio, adj_open, adj_high, adj_low, adj_close, adj_volume"},
}

// priceHeader has the columns of all priceSources. Closes that are adjusted for dividends, too, were never traded.
var priceHeader = header{
	required: []string{"date", "close"},
	optional: []string{"ticker", "open", "high", "low", "volume", "ex_dividend", "split_ratio", "per"},
	other: map[string][]string{
		"ticker": {"symbol", "act_symbol"}, "date": {"timestamp"}, "close": {"close/last", "price"}, "volume": {"vol.", "vol"},
		"ex_dividend": {"ex-dividend", "dividend_amount", "divcash"}, "split_ratio": {"split_coefficient", "splitfactor"},
	},
	ignored: []string{
		"adj close", "adj_close", "adjclose", "adjusted_close", "adjusted close", "adj_open", "adj_high", "adj_low", "adj_volume",
		"adjopen", "adjhigh", "adjlow", "adjvolume", "change %", "time", "openint",
	},
	known: func() string {
		var all []string
		for _, s := range priceSources {
			all = append(all, s.name+" ("+s.columns+")")
		}
		return "those of " + strings.Join(all, ", ") + "; symbol or act_symbol stands for ticker"
	}(),
}

// withoutMarket returns the ticker AAPL of AAPL.US, as some files have it.
func withoutMarket(t string) string { return strings.TrimSuffix(t, ".US") }

// PriceFileNameTicker returns the ticker that the name of a price file tells: AAPL.csv, prices-AAPL.csv.gz or aapl.us.txt.
// It is empty if the name tells none.
func PriceFileNameTicker(name string) string {
	name = strings.TrimSuffix(ticker(name), ".GZ")
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".CSV"), ".TXT")
	name = withoutMarket(strings.TrimPrefix(name, "PRICES-"))
	if !sec.IsTicker(name) {
		return ""
	}
	return name
}

// A priceTable reads a price file.
type priceTable struct {
	*table
	adjusted bool // for splits, as was declared
	// How commas are meant in its numbers. They group digits (1,234.5), or begin the decimals (1.234,5). The latter can be
	// where commas do not separate the columns, or days are written 31.12.2024, and is so if a price at the beginning of the
	// file can mean nothing else and none says the contrary. Where it can be and nothing tells, a number that can be both
	// (1,234) is refused.
	comma, unsure bool

	lastText string // the day that was read last, as most lines have that of the line before
	lastDay  time.Time
}

// openPrices reads the header line of a price file.
func openPrices(r io.Reader) (*priceTable, error) {
	t, err := openTable(r)
	if err != nil {
		return nil, err
	}
	t.most = math.MaxInt // its rows are not kept in memory
	t.withoutBrackets()
	if err := t.use(priceHeader); err != nil {
		return nil, err
	}
	p := &priceTable{table: t, adjusted: false, comma: false, unsure: false, lastText: "", lastDay: time.Time{}}
	p.findComma()
	return p, nil
}

// withoutBrackets takes the column names of Stooq, such as <DATE>, for those without brackets.
func (t *table) withoutBrackets() {
	if bracketed := func(name string) bool { return strings.HasPrefix(name, "<") && strings.HasSuffix(name, ">") }; len(t.names) > 1 &&
		!slices.ContainsFunc(t.names, func(name string) bool { return !bracketed(name) }) {
		for i, name := range t.names {
			t.names[i] = strings.Trim(name, "<>")
		}
	}
}

// needTickers returns an Invalid error unless a file that begins so is one of prices with a column of tickers.
func needTickers(sample []byte) error {
	t, err := openPrices(withoutMark(bufio.NewReader(bytes.NewReader(sample))))
	if err != nil {
		return err
	}
	if !t.hasTickers() {
		return invalid("ticker", "is required, as the file has no column of tickers (ticker, symbol or act_symbol)")
	}
	return nil
}

func (t *priceTable) hasTickers() bool {
	_, ok := t.columns["ticker"]
	return ok
}

// PriceFileTicker returns the ticker in the first row of a price file, packed or not; column is false if it has no column
// of tickers. Errors: Invalid for what is no price file.
func PriceFileTicker(file io.Reader) (first string, column bool, err error) {
	in := bufio.NewReader(file)
	r, err := unpack(in)
	if err != nil {
		return "", false, readError(err, false)
	}
	packed := r != io.Reader(in)
	t, err := openPrices(withoutMark(bufio.NewReader(r)))
	if err != nil {
		return "", false, readError(err, packed)
	}
	if !t.hasTickers() {
		return "", false, nil
	}
	switch err := t.read(); {
	case errors.Is(err, io.EOF):
		return "", true, nil
	case err != nil:
		return "", true, readError(err, packed)
	}
	return withoutMarket(ticker(t.text("ticker"))), true, nil
}

// What a number tells of the commas of its file.
var (
	decimalComma = regexp.MustCompile(`^(\d{1,3}(\.\d{3})+,\d*|\d{1,3}(\.\d{3}){2,}|\d+,(\d{0,2}|\d{4,})|(0|\d{4,}),\d{3})$`)
	decimalPoint = regexp.MustCompile(`^(\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,}|\d+\.(\d{0,2}|\d{4,})|(0|\d{4,})\.\d{3})$`)
	dottedDay    = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.\d{4}$`)
)

// findComma looks in the sample of the file.
func (t *priceTable) findComma() {
	sample := t.sample
	if i := bytes.LastIndexByte(sample, '\n'); i >= 0 && len(sample) == sampleSize {
		sample = sample[:i]
	}
	r := csv.NewReader(bytes.NewReader(sample))
	r.Comma, r.ReuseRecord = t.r.Comma, true
	_, _ = r.Read() // the header
	possible, commas, points := r.Comma != ',', false, false
	for {
		record, err := r.Read()
		if err != nil {
			break // which the file itself will tell
		}
		possible = possible || dottedDay.MatchString(strings.TrimSpace(record[t.columns["date"]]))
		for _, column := range []string{"open", "high", "low", "close"} {
			if i, ok := t.columns[column]; ok {
				s := strings.TrimPrefix(strings.TrimSpace(record[i]), "$")
				commas = commas || decimalComma.MatchString(s)
				points = points || decimalPoint.MatchString(s)
			}
		}
	}
	t.comma = possible && commas && !points
	t.unsure = possible && !commas && !points
}

var (
	pointNumber = regexp.MustCompile(`^[1-9][0-9]{0,2}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]*)?$`) // also of India
	commaNumber = regexp.MustCompile(`^([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]*)?$`)
	bothNumbers = regexp.MustCompile(`^[1-9][0-9]{0,2},[0-9]{3}$`)
)

// number returns the text of a number with a decimal point and nothing else, empty if it says that there is none. What is
// written otherwise than the numbers of the file comes back as a text that is no number.
func (t *priceTable) number(column, s string) string {
	s = strings.TrimPrefix(s, "$")
	switch {
	case !t.comma && isPlain(s):
		return s
	case s == "", s == "-", strings.EqualFold(s, "null"), strings.EqualFold(s, "n/a"):
		return ""
	case t.comma && commaNumber.MatchString(s):
		return strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
	case t.comma:
		return "?" + s
	case strings.IndexByte(s, ',') < 0:
		return s
	case t.unsure && bothNumbers.MatchString(s):
		t.check(false, column, "can be read in two ways: no price at the beginning of the file tells whether its commas group digits or begin decimals")
		return "?" + s
	case pointNumber.MatchString(s):
		return strings.ReplaceAll(s, ",", "")
	}
	return "?" + s
}

// isPlain reports whether a text is digits with or without a decimal point among them, so few that no bound is near. Nearly
// all numbers are such.
func isPlain(s string) bool {
	point := false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && !point && i > 0 && i < len(s)-1:
			point = true
		default:
			return false
		}
	}
	return s != "" && len(s) <= 18
}

// price reads an optional number of 0 or more, as PostgreSQL reads one, empty for none.
func (t *priceTable) price(column string) string {
	s := t.number(column, t.text(column))
	if s == "" || isPlain(s) {
		return s
	}
	d, err := decimal.NewFromString(s)
	ok := err == nil && plain(d) && !d.IsNegative()
	t.check(ok, column, "is not a number of 0 or more")
	if !ok {
		return "" // d may be too long to be written out
	}
	return d.String()
}

// close reads the close, empty if it is not positive: files have lines for days without trading.
func (t *priceTable) close() string {
	s := t.number("close", t.text("close"))
	if !isPlain(s) {
		d, err := decimal.NewFromString(s)
		switch {
		case err != nil, d.IsNegative():
			return ""
		case !plain(d):
			t.check(false, "close", "is not a number of 0 or more")
			return "1" // of a line that is refused
		}
		s = d.String()
	}
	if !isPositive(s) {
		return ""
	}
	return s
}

// isPositive reports whether a number of 0 or more is not 0.
func isPositive(s string) bool { return strings.ContainsAny(s, "123456789") }

var volumeUnits = map[byte]int32{'K': 3, 'M': 6, 'B': 9}

var maxVolume = decimal.NewFromInt(math.MaxInt64)

// volume reads an optional whole number, also in thousands (K), millions (M) or billions (B). One that is adjusted for
// splits need not be whole.
func (t *priceTable) volume() string {
	text := t.text("volume")
	if isPlain(text) && strings.IndexByte(text, '.') < 0 {
		return text
	}
	unit := int32(0)
	if n := len(text); n > 1 {
		if exponent, ok := volumeUnits[text[n-1]&^0x20]; ok {
			text, unit = text[:n-1], exponent
		}
	}
	s := t.number("volume", text)
	if s == "" {
		return ""
	}
	d, err := decimal.NewFromString(s)
	if err != nil || !plain(d) || d.IsNegative() || d.Shift(unit).GreaterThan(maxVolume) {
		t.check(false, "volume", "is not a whole number of 0 or more")
		return ""
	}
	d = d.Shift(unit)
	t.check(t.adjusted || d.IsInteger(), "volume", "is not a whole number of 0 or more, as only those are that are adjusted for splits")
	return d.String()
}

// dayTimes are the forms of a day with a time that says nothing.
var dayTimes = regexp.MustCompile(`^[T ]00:00(:00(\.0+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$`)

// day reads a day in one of the forms of price files.
func (t *priceTable) day(last time.Time) time.Time {
	s := t.text("date")
	if s == t.lastText && s != "" {
		return t.lastDay
	}
	day := t.parseDay(s, last)
	if t.err == nil {
		t.lastText, t.lastDay = strings.Clone(s), day
	}
	return day
}

func (t *priceTable) parseDay(s string, last time.Time) time.Time {
	var layout string
	switch {
	case strings.IndexByte(s, '/') > 0:
		layout = "1/2/2006"
	case strings.IndexByte(s, '.') > 0 && dottedDay.MatchString(s):
		layout = "2.1.2006"
	case s != "" && s[0] > '9':
		layout = "Jan 2, 2006"
	case len(s) == len("20060102"):
		layout = "20060102"
	case len(s) > len(time.DateOnly) && dayTimes.MatchString(s[len(time.DateOnly):]):
		s, layout = s[:len(time.DateOnly)], time.DateOnly
	default:
		return t.date("date", last)
	}
	day, err := time.Parse(layout, s)
	t.check(err == nil, "date", "is not a date")
	t.check(err != nil || !day.Before(firstDay) && !day.After(last), "date", "is not between 1900-01-01 and "+last.Format(time.DateOnly))
	return day
}

// noSplit is the ratio of a day without a split.
const noSplit = "1"

// A priceRow is a line of a price file. Its numbers are texts that PostgreSQL reads, empty for none.
type priceRow struct {
	line                                                   int
	date                                                   time.Time
	open, high, low, close, volume, exDividend, splitRatio string
}

// row reads all of a line but its ticker. ok is false if it has no close above zero.
func (t *priceTable) row(last time.Time) (r priceRow, ok bool) {
	closed := t.close()
	if closed == "" {
		return r, false
	}
	if per := t.text("per"); per != "" {
		t.check(strings.EqualFold(per, "D"), "per", "is not D: only daily prices are read")
	}
	split := cmp.Or(t.price("split_ratio"), noSplit)
	t.check(isPositive(split), "split_ratio", "must be more than 0")
	return priceRow{
		line: t.line, date: t.day(last),
		open: t.price("open"), high: t.price("high"), low: t.price("low"), close: closed, volume: t.volume(),
		exDividend: cmp.Or(t.price("ex_dividend"), "0"), splitRatio: split,
	}, true
}

// copyRows is what reads the lines that append makes.
const copyRows = "COPY staged_price (listing_id, line, date, open, high, low, close, volume, ex_dividend, split_ratio) FROM STDIN (NULL '')"

// append appends the row of a listing as COPY reads it.
func (r *priceRow) append(b []byte, listingID int64) []byte {
	b = append(strconv.AppendInt(b, listingID, 10), '\t')
	b = append(strconv.AppendInt(b, int64(r.line), 10), '\t')
	b = r.date.AppendFormat(b, time.DateOnly)
	for _, s := range [...]string{r.open, r.high, r.low, r.close, r.volume, r.exDividend, r.splitRatio} {
		b = append(append(b, '\t'), s...)
	}
	return append(b, '\n')
}

// noClose says that a line is skipped, and no other is not.
func (t *priceTable) noClose() *Error {
	return t.bad(fmt.Sprintf("close %.50q is no number above 0, nor is that of any other line", t.text("close")))
}
