// Package sec turns the company facts that the U.S. Securities and Exchange Commission publishes into statements,
// dividends and share counts. It reads documents and does no I/O of its own.
package sec

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// CompanyFacts holds the facts of one company that its statements are made of. It is safe for concurrent use.
type CompanyFacts struct {
	CIK        int64
	EntityName string // as filed; may be empty

	filings []filing // the oldest first
	series  map[seriesKey]series
}

// A filing is a periodic report. Of two, the newer has the later filing date or, on one day, the larger accession
// number.
type filing struct {
	accession string
	filed     day
	annual    bool
	fy        int64 // the fiscal year it claims; 0 for none
}

type seriesKey struct{ taxonomy, tag, unit string }

// A series holds the facts of one tag in one unit by end date and, of one end date, the newest first.
type series []fact

// A fact's value is coef / 10^decimals. Money and share counts are whole: decimals is 0.
type fact struct {
	start    day // of a duration
	end      day
	filing   int32 // index in filings, so larger is newer
	class    class
	decimals uint8
	coef     int64
}

func (f fact) decimal() decimal.Decimal { return decimal.New(f.coef, -int32(f.decimals)) }

// compareFacts orders a series.
func compareFacts(a, b fact) int {
	return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(b.filing, a.filing))
}

// endingAt returns the facts with an end date, the newest first.
func (s series) endingAt(end day) series { return s.endingIn(end, end+1) }

// endingIn returns the facts that end on or after one day and before another.
func (s series) endingIn(from, to day) series {
	byEnd := func(f fact, end day) int { return int(f.end - end) }
	i, _ := slices.BinarySearchFunc(s, from, byEnd)
	n, _ := slices.BinarySearchFunc(s[i:], to, byEnd)
	return s[i : i+n]
}

// A class tells instants and the lengths of durations apart.
type class uint8

const (
	odd class = iota // of a length that is not counted
	instant
	quarter
	half
	nineMonths
	year
)

func classOf(start, end day) class {
	switch days := end - start + 1; {
	case 75 <= days && days <= 115:
		return quarter
	case 160 <= days && days <= 205:
		return half
	case 245 <= days && days <= 295:
		return nineMonths
	case 345 <= days && days <= 380:
		return year
	default:
		return odd
	}
}

// A day counts from 1970-01-01.
type day int32

func dayOf(t time.Time) day {
	y, m, d := t.Date()
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (d day) time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

func (d day) year() int { return d.time().Year() }

// NewestFiled returns the latest filing date of the facts that count, zero if none does. A date after today marks a
// document that cannot be true.
func (c *CompanyFacts) NewestFiled() time.Time {
	if len(c.filings) == 0 {
		return time.Time{}
	}
	return c.filings[len(c.filings)-1].filed.time()
}

// Currency returns the ISO 4217 code of the currency that the newest statements are in, or "" if the document has no
// balance sheet.
func (c *CompanyFacts) Currency() string {
	v, _ := c.view(len(c.filings))
	return v.currency
}

// filedBy returns the number of filings known on a day, all of them on the zero time.
func (c *CompanyFacts) filedBy(asOf time.Time) int {
	if asOf.IsZero() {
		return len(c.filings)
	}
	n, _ := slices.BinarySearchFunc(c.filings, dayOf(asOf)+1, func(f filing, d day) int { return int(f.filed - d) })
	return n
}

// filingDays yields each day on which something was filed, with the filings of that day: filings[from:to].
func (c *CompanyFacts) filingDays(yield func(from, to int) bool) {
	for from := 0; from < len(c.filings); {
		to := from + 1
		for to < len(c.filings) && c.filings[to].filed == c.filings[from].filed {
			to++
		}
		if !yield(from, to) {
			return
		}
		from = to
	}
}

// A view is what the first filings say in the taxonomy and currency that were current then.
type view struct {
	*CompanyFacts
	taxonomy *taxonomy
	currency string
	known    int32 // filings[:known]
}

// view reports false if the first filings have no balance sheet.
func (c *CompanyFacts) view(known int) (view, bool) {
	v := view{CompanyFacts: c, known: int32(known)}
	newest, most := int32(-1), 0
	for _, t := range []*taxonomy{usGAAP, ifrsFull} {
		for key, assets := range c.series {
			if key.taxonomy != t.name || key.tag != t.assets[0] || len(key.unit) != len("USD") {
				continue
			}
			last, count := int32(-1), 0
			for _, f := range assets {
				if f.filing < v.known && f.class == instant {
					last = max(last, f.filing)
					count++
				}
			}
			if last < 0 || last < newest {
				continue
			}
			better := last > newest || v.taxonomy == t && (count > most || count == most && key.unit < v.currency)
			if better {
				v.taxonomy, v.currency, newest, most = t, key.unit, last, count
			}
		}
	}
	return v, v.taxonomy != nil
}

func (v view) money(tag string) series { return v.series[seriesKey{v.taxonomy.name, tag, v.currency}] }

func (v view) perShare(tag string) series {
	return v.series[seriesKey{v.taxonomy.name, tag, v.currency + "/shares"}]
}

func (v view) shareCounts() series {
	return v.series[seriesKey{v.taxonomy.name, v.taxonomy.shares[0], "shares"}]
}

func (c *CompanyFacts) coverCounts() series { return c.series[seriesKey{dei, coverShares, "shares"}] }

// newest returns the newest known fact of a class at an end date.
func (v view) newest(s series, end day, class class) (fact, bool) {
	for _, f := range s.endingAt(end) {
		if f.filing < v.known && f.class == class {
			return f, true
		}
	}
	return fact{}, false
}
