package sec

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
)

// A Listing is one ticker of a company. A company, known by its CIK, may have several.
type Listing struct {
	CIK      int64
	Ticker   string // a NormalTicker
	Name     string
	Exchange string // empty where the list does not say
}

var tickerForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,19}$`)

// IsTicker reports whether a NormalTicker has the form of a ticker.
func IsTicker(s string) bool { return tickerForm.MatchString(s) }

// NormalTicker is the form in which a ticker is written: in capitals, and with a dot for a slash.
func NormalTicker(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "/", ".") }

// TickerKey is the form in which tickers are compared: dots, dashes and slashes are alike.
func TickerKey(s string) string { return strings.ReplaceAll(NormalTicker(s), "-", ".") }

// CIKName is how a company is named by its CIK, such as CIK0000320193.
func CIKName(cik int64) string { return fmt.Sprintf("CIK%010d", cik) }

var cikName = regexp.MustCompile(`^CIK[0-9]{1,10}$`)

// CIKFromName returns the CIK of a CIKName, which may lack zeros.
func CIKFromName(name string) (cik int64, ok bool) {
	if !cikName.MatchString(name) {
		return 0, false
	}
	cik, err := strconv.ParseInt(name[len("CIK"):], 10, 64)
	return cik, err == nil && cik > 0
}

// maxListings is ten times what the list has.
const maxListings = 100_000

// ParseCompanyTickers reads a list of companies and tickers in one of the SEC's forms (company_tickers.json and
// company_tickers_exchange.json), in file order. Rows without a ticker are skipped, and counted.
//
// An error of r is returned wrapped. Everything that is wrong with the document is a *FormatError.
func ParseCompanyTickers(r io.Reader) (listings []Listing, skipped int, err error) {
	l := tickerList{places: make(map[string]string)}
	err = decode(r, func(d *jx.Decoder) error { return d.Obj(l.read) })
	if err == nil && len(l.listings)+l.skipped == 0 {
		err = badFormat("", "no listings")
	}
	if err != nil {
		return nil, 0, errors.Wrap(err, "company tickers")
	}
	return l.listings, l.skipped, nil
}

// A tickerList is a list while it is read.
type tickerList struct {
	listings []Listing
	skipped  int
	places   map[string]string // by the tickers' keys
	fields   []string          // the names of the columns, if there are any
}

// read reads one property of the list: a listing, or one of the two parts of a table.
func (t *tickerList) read(d *jx.Decoder, key string) error {
	switch {
	case key == "fields" && d.Next() == jx.Array:
		return d.Arr(func(d *jx.Decoder) error {
			name, err := readName(d, key)
			t.fields = append(t.fields, name)
			return err
		})
	case key == "data" && d.Next() == jx.Array:
		if !slices.Contains(t.fields, "ticker") {
			return badFormat(key, "comes before fields, or these have no ticker")
		}
		row := 0
		return d.Arr(func(d *jx.Decoder) error {
			row++
			return t.add(d, fmt.Sprintf("row %d", row))
		})
	}
	return t.add(d, fmt.Sprintf("entry %.20q", key))
}

func (t *tickerList) add(d *jx.Decoder, place string) error {
	l, err := t.listing(d, place)
	switch other, twice := t.places[TickerKey(l.Ticker)]; {
	case err != nil:
		return err
	case l.Ticker == "":
		t.skipped++
		return nil
	case l.CIK == 0:
		return badFormat(place, "no CIK")
	case !IsTicker(l.Ticker):
		return badFormat(place, "%.40q is not a ticker", l.Ticker)
	case l.Name == "":
		return badFormat(place, "no name")
	case len(t.listings) == maxListings:
		return badFormat(place, "more than %d listings", maxListings)
	case twice:
		return badFormat(place, "ticker %s is also in %s", l.Ticker, other)
	}
	t.places[TickerKey(l.Ticker)] = place
	t.listings = append(t.listings, l)
	return nil
}

func (t *tickerList) listing(d *jx.Decoder, place string) (l Listing, err error) {
	field := func(d *jx.Decoder, name string) (err error) {
		path := place + ", " + name
		switch name {
		case "cik_str", "cik":
			if d.Next() == jx.Null {
				return d.Null()
			}
			l.CIK, err = readCIK(d, path)
		case "ticker":
			l.Ticker, err = readName(d, path)
			l.Ticker = NormalTicker(strings.TrimSpace(l.Ticker))
		case "title", "name":
			l.Name, err = readName(d, path)
			l.Name = strings.TrimSpace(l.Name)
		case "exchange":
			l.Exchange, err = readName(d, path)
			l.Exchange = strings.TrimSpace(l.Exchange)
		default:
			err = d.Skip()
		}
		return err
	}
	switch {
	case t.fields == nil && d.Next() == jx.Object:
		return l, d.ObjBytes(func(d *jx.Decoder, key []byte) error { return field(d, string(key)) })
	case t.fields != nil && d.Next() == jx.Array:
		column := 0
		err = d.Arr(func(d *jx.Decoder) error {
			column++
			if column > len(t.fields) {
				return badFormat(place, "more values than fields")
			}
			return field(d, t.fields[column-1])
		})
		return l, err
	}
	return l, unlessBroken(d, badFormat(place, "not a listing: want CIK, ticker and name"))
}
