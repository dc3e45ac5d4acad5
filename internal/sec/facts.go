// Package sec turns the company facts that the U.S. Securities and Exchange Commission publishes into statements,
// dividends and share counts. It reads documents and does no I/O of its own. docs/rules.md states the rules.
package sec

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// CompanyFacts holds the facts of one company that its statements are made of. It is safe for concurrent use.
type CompanyFacts struct {
	CIK        int64  // of the last document
	EntityName string // as filed in the last document; may be empty

	filings []filing // the oldest first
	series  map[seriesKey]series
	covers  series // the plausible numbers of shares on covers
	reports []report
	periods []*period // by their own reports
	yearly  []annualReport
	report  value.ImportReport // without filings and statements
	skipped []SkippedFact
	keys    []seriesKey // by the source of facts
	exact   map[exactKey]decimal.Decimal

	splitHistory func() []SplitVersion // found once
}

// A filing is of a form that is read. Of two, the newer has the later filing date or, on one day, the larger accession
// number.
type filing struct {
	cik       int64
	accession string
	form      *form
	filed     day
	fy        int64 // the fiscal year it claims; 0 for none
	pair      *pair // nil without a balance total
	isReport  bool
	implied   *decimal.Decimal // number of shares: net income by earnings per share
	taxed     []*taxonomy      // of its facts about taxes on income
}

// A form is a kind of filing whose facts count.
type form struct {
	name    string
	annual  bool
	current bool // 6-K: what a foreign issuer reports within the year, which can be a whole year
	foreign bool // 20-F: its shares may be listed as depositary receipts
}

// forms are those that are read; all but the annual ones are interim.
var forms = map[string]*form{}

func init() {
	for _, f := range []form{
		{"10-K", true, false, false}, {"10-KT", true, false, false}, {"20-F", true, false, true}, {"40-F", true, false, false},
		{"10-Q", false, false, false}, {"10-QT", false, false, false}, {"6-K", false, true, false},
	} {
		forms[f.name] = &f
		amendment := f
		amendment.name += "/A"
		forms[amendment.name] = &amendment
	}
}

// IsPeriodic reports whether a form is that of a report on a year or a part of it, or of an amendment of one: those whose
// facts count.
func IsPeriodic(form string) bool { return forms[form] != nil }

func (f *filing) isTaxed(t *taxonomy) bool { return slices.Contains(f.taxed, t) }

type seriesKey struct{ taxonomy, tag, unit string }

// hasFractions tells whether values in the unit are not whole: they are per share, or ratios.
func (k seriesKey) hasFractions() bool { return len(k.unit) > len("shares") || k.unit == pure }

// A series holds the facts of one tag in one unit by end date and, of one end date, the newest first.
type series []fact

// A fact's value is coef / 10^decimals. Money and share counts are whole: decimals is 0.
type fact struct {
	start    day // of a duration
	end      day
	filing   int32 // index in filings, so larger is newer
	class    class
	decimals uint8
	turned   bool // tagged with the other sign
	inexact  bool // rounded when it was read
	coef     int64
	source   int32 // index in keys
	set      int32 // the oldest of the filings in a row that have it unchanged, up to its own
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
	odd class = iota // of another length
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

// nearDays is how many days two dates of one thing may be apart.
const nearDays = 7

func (d day) isNear(other day) bool { return -nearDays <= d-other && d-other <= nearDays }

// A pair is the taxonomy and the currency that a filing has its balance sheet in, and the facts in them.
type pair struct {
	taxonomy *taxonomy
	currency string
	money    map[string]money
	perShare map[string]series
	shares   map[string]series

	// Lists of tags that are read as one series where no tag alone gives a value.
	revenues, cost, interest, capex, dividendsPerShare series
}

// money holds the facts of one tag for money.
type money struct {
	series
	neverNegative bool
}

// newPair gathers the facts of a taxonomy and currency.
func (c *CompanyFacts) newPair(t *taxonomy, currency string) *pair {
	p := &pair{
		taxonomy: t, currency: currency, money: make(map[string]money), perShare: make(map[string]series),
		shares: make(map[string]series),
	}
	amounts := make(map[string]series)
	byUnit := map[string]map[string]series{currency: amounts, currency + "/shares": p.perShare, "shares": p.shares}
	for key, s := range c.series {
		if into := byUnit[key.unit]; into != nil && key.taxonomy == t.name {
			into[key.tag] = s
		}
	}
	for tag, s := range amounts {
		p.money[tag] = money{s, neverNegative[t.name][tag]}
	}
	p.revenues = merge(amounts, t.revenues())
	p.cost = merge(amounts, t.costSeries)
	p.interest = merge(amounts, t.interest)
	p.capex = merge(amounts, t.capex)
	p.dividendsPerShare = merge(p.perShare, t.dividendsPerShare)
	return p
}

// merge makes one series of several, in which an earlier tag is the newer of two in one filing.
func merge(byTag map[string]series, tags tags) series {
	var merged series
	for _, tag := range tags {
		merged = append(merged, byTag[tag]...)
	}
	slices.SortStableFunc(merged, compareFacts)
	return merged
}

// NewestFiled returns the latest filing date of the facts that count, zero if none does.
func (c *CompanyFacts) NewestFiled() time.Time {
	if len(c.filings) == 0 {
		return time.Time{}
	}
	return c.filings[len(c.filings)-1].filed.time()
}

// filedBy returns the number of filings known on a day, all of them on the zero time.
func (c *CompanyFacts) filedBy(asOf time.Time) int32 {
	if asOf.IsZero() {
		return int32(len(c.filings))
	}
	n, _ := slices.BinarySearchFunc(c.filings, dayOf(asOf)+1, func(f filing, d day) int { return int(f.filed - d) })
	return int32(n)
}

// filingDays yields each day on which something was filed, with the filings of that day: filings[from:to].
func (c *CompanyFacts) filingDays(yield func(from, to int32) bool) {
	for from, n := int32(0), int32(len(c.filings)); from < n; {
		to := from + 1
		for to < n && c.filings[to].filed == c.filings[from].filed {
			to++
		}
		if !yield(from, to) {
			return
		}
		from = to
	}
}
