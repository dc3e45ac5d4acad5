package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// A generator makes companies that do not exist. Company i is the same however many are made.
type generator struct {
	seed     uint64
	domestic []*template
	foreign  []*template
}

func newGenerator(seed uint64) (*generator, error) {
	domestic, err := readTemplates()
	if err != nil {
		return nil, err
	}
	g := &generator{seed: seed, domestic: domestic}
	for _, t := range domestic {
		g.foreign = append(g.foreign, t.foreign())
	}
	return g, nil
}

// A company is made of a template: some of its filings, in another currency or not, earlier by some weeks, and all money
// and numbers of shares times thousandths/1000, so that what adds up still does, and amounts per share stay.
type company struct {
	cik         int64
	name        string
	template    *template
	first, last int // the filings that it has are [first, last)
	weeks       int
	thousandths int64
	currency    string
	flaw        flaw
	tickers     []string // the primary first
	exchange    string
}

// A flaw is what is wrong with the file of a company.
type flaw int

const (
	whole         flaw = iota
	truncated          // it ends within
	page               // it is a page that says that there was an error
	ofAnotherCIK       // it is about another CIK than its name says
	withoutFacts       // as for those who file no reports
	withoutReport      // it has facts, but none of a periodic report
	misnamed           // its name has no CIK
	flaws
)

const (
	firstCIK = 900_000_001
	// maxCompanies is how many names there are.
	maxCompanies = 1 << 15
)

var (
	syllables = []string{
		"ba", "be", "bo", "da", "de", "do", "fa", "fe", "ga", "go", "ka", "ko", "la", "le", "lo", "ma",
		"me", "mo", "na", "ne", "no", "ra", "re", "ro", "sa", "se", "so", "ta", "te", "to", "va", "vo",
	}
	trades = []string{
		"Robotics", "Energy", "Foods", "Pharma", "Steel", "Software", "Networks", "Bancorp", "Mining", "Shipping", "Hotels",
		"Chemicals", "Semiconductor", "Insurance", "Realty", "Airlines", "Textiles", "Water", "Media", "Tools", "Optics", "Paper",
		"Cement", "Biosciences",
	}
	legalForms = []string{"Inc.", "Corp.", "Holdings, Inc.", "Group Ltd.", "Company", "& Sons, Inc."}
	exchanges  = []string{"Nasdaq", "NYSE", "OTC", "CBOE"}
	currencies = []string{"USD", "EUR", "GBP", "CAD", "CNY", "JPY"}
)

// company returns the company with a number from 0.
func (g *generator) company(i int) (c company, err error) {
	if i >= maxCompanies {
		return c, errors.Errorf("there are names for %d companies only", maxCompanies)
	}
	r := rand.New(rand.NewPCG(g.seed, uint64(i))) //nolint:gosec // the same each time
	c = company{cik: firstCIK + int64(i), currency: currencies[0], weeks: r.IntN(53)}
	// Both are one to one, as the factors have no divisor in common with the numbers of names and tickers.
	number := (uint64(i)*20_983 + g.seed%maxCompanies) % maxCompanies
	stem := syllables[number>>10] + syllables[number>>5&31] + syllables[number&31]
	c.name = fmt.Sprintf("%c%s %s %s", stem[0]-'a'+'A', stem[1:], trades[r.IntN(len(trades))], legalForms[r.IntN(len(legalForms))])
	kind := r.IntN(4)
	kind = max(0, kind-1) // half are made of the first template, which has the longest history
	c.template = g.domestic[kind]
	if r.IntN(20) == 0 {
		c.template, c.currency = g.foreign[kind], currencies[r.IntN(len(currencies))]
	}
	// A year that ends in the first days of January would be named after the one before.
	if end := dateOf(c.template.yearEnd(2020) - 7*c.weeks); end.Month() == time.January && end.Day() <= 20 {
		c.weeks += 3
	}
	c.thousandths = int64(50 * math.Pow(100, r.Float64()))
	listed, shape, moved := r.IntN(100) < 46, r.Float64(), r.Float64()
	if r.IntN(100) == 0 {
		c.flaw = 1 + flaw(r.IntN(int(flaws-1)))
	}
	c.last = len(c.template.filings)
	c.first = c.last - min(c.last, 4+int(shape*shape*0.8*float64(c.last)))
	if listed = listed && c.flaw == whole; !listed { // it may have ceased to report
		back := int(moved * moved * float64(c.first))
		c.first, c.last = c.first-back, c.last-back
	}
	if !listed {
		return c, nil
	}
	c.exchange = exchanges[min(r.IntN(6), r.IntN(6), len(exchanges)-1)]
	code := (uint64(i)*190_507 + g.seed) % (26 * 26 * 26 * 26)
	ticker := make([]byte, 4)
	for k := range ticker {
		ticker[k] = byte('A' + code%26)
		code /= 26
	}
	c.tickers = []string{string(ticker)}
	switch r.IntN(12) {
	case 0:
		c.tickers = append(c.tickers, string(ticker)+".B")
	case 1:
		c.tickers = append(c.tickers, string(ticker)+"W")
	}
	return c, nil
}

// entry is the name of its file.
func (c *company) entry() string {
	if c.flaw == misnamed {
		return fmt.Sprintf("CIK%010d-old.json", c.cik)
	}
	return fmt.Sprintf("CIK%010d.json", c.cik)
}

// symbol is what names it in addresses.
func (c *company) symbol() string {
	if len(c.tickers) > 0 {
		return c.tickers[0]
	}
	return sec.CIKName(c.cik)
}

// failure is the name by which an import says that its file cannot be read, "" if it can.
func (c *company) failure(i int) string {
	switch c.flaw {
	case truncated, page, ofAnotherCIK:
		return sec.CIKName(c.cik)
	case misnamed:
		return fmt.Sprintf("entry %d: %s", i+1, c.entry())
	case whole, withoutFacts, withoutReport, flaws:
	}
	return ""
}

// failures are those of the first n companies.
func (g *generator) failures(n int) (names []string, err error) {
	for i := range n {
		c, err := g.company(i)
		if err != nil {
			return nil, err
		}
		if name := c.failure(i); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// fiscalYear moves the fiscal year that a filing of the template claims, 0 for none.
func (c *company) fiscalYear(fy int) int {
	if fy == 0 {
		return 0
	}
	return dateOf(c.template.yearEnd(fy) - 7*c.weeks).Year()
}

// unit returns the name of a unit of the template, and whether its values are scaled.
func (c *company) unit(name string) (string, bool) {
	switch name {
	case "USD":
		return c.currency, true
	case "USD/shares":
		return c.currency + "/shares", false
	}
	return name, name == "shares"
}

// scaled returns a whole value of the company for one of the template. That is exact for thousands, which the samples'
// statements are in.
func (c *company) scaled(v int64) int64 {
	n := v * c.thousandths / 1000
	if n == 0 { // no number of shares becomes none
		return int64(cmp.Compare(v, 0))
	}
	return n
}
