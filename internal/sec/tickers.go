package sec

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
)

// A Listing is one ticker of a company. A company, known by its CIK, may have several.
type Listing struct {
	CIK    int64
	Ticker string // upper case
	Name   string
}

var tickerForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,19}$`)

// IsTicker reports whether a string in upper case has the form of a ticker.
func IsTicker(s string) bool { return tickerForm.MatchString(s) }

// maxListings is ten times what the list has.
const maxListings = 100_000

// ParseCompanyTickers reads the list of companies and tickers (company_tickers.json), in file order.
//
// An error of r is returned wrapped. Everything that is wrong with the document is a *FormatError.
func ParseCompanyTickers(r io.Reader) ([]Listing, error) {
	var listings []Listing
	places := make(map[string]string) // by ticker
	err := decode(r, func(d *jx.Decoder) error {
		return d.Obj(func(d *jx.Decoder, place string) error {
			place = fmt.Sprintf("entry %.20q", place)
			l, err := readListing(d, place)
			if err != nil {
				return err
			}
			if len(listings) == maxListings {
				return badFormat(place, "more than %d listings", maxListings)
			}
			if other, ok := places[l.Ticker]; ok {
				return badFormat(place, "ticker %s is also in %s", l.Ticker, other)
			}
			places[l.Ticker] = place
			listings = append(listings, l)
			return nil
		})
	})
	if err == nil && len(listings) == 0 {
		err = badFormat("", "no listings")
	}
	if err != nil {
		return nil, errors.Wrap(err, "company tickers")
	}
	return listings, nil
}

func readListing(d *jx.Decoder, place string) (Listing, error) {
	var l Listing
	if d.Next() != jx.Object {
		return l, unlessBroken(d, badFormat(place, "not a listing: want cik_str, ticker and title"))
	}
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		path := place + ", " + string(key)
		switch string(key) {
		case "cik_str":
			l.CIK, err = readCIK(d, path)
		case "ticker":
			l.Ticker, err = readName(d, path)
			l.Ticker = strings.ToUpper(l.Ticker)
		case "title":
			l.Name, err = readName(d, path)
			l.Name = strings.TrimSpace(l.Name)
		default:
			err = d.Skip()
		}
		return err
	})
	switch {
	case err != nil:
		return l, err
	case l.CIK == 0:
		return l, badFormat(place, "no cik_str")
	case l.Ticker == "":
		return l, badFormat(place, "no ticker")
	case !IsTicker(l.Ticker):
		return l, badFormat(place, "%.40q is not a ticker", l.Ticker)
	case l.Name == "":
		return l, badFormat(place, "no title")
	}
	return l, nil
}
