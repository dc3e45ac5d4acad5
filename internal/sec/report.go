package sec

import "github.com/edgevalue/edgevalue/internal/value"

// A SkippedFact is one that was left out, and why.
type SkippedFact struct {
	Tag       string // such as "us-gaap:Assets"
	Accession string
	Reason    string // "form", "date", "value" or "count"
}

// namedFacts is how many facts of each reason are named.
const namedFacts = 20

// A skipReason says why facts are left out.
type skipReason struct {
	name  string
	count func(*value.SkippedFacts) *int
}

var (
	skipForm  = skipReason{"form", func(s *value.SkippedFacts) *int { return &s.Form }}
	skipDate  = skipReason{"date", func(s *value.SkippedFacts) *int { return &s.Date }}
	skipValue = skipReason{"value", func(s *value.SkippedFacts) *int { return &s.Value }}
	skipCount = skipReason{"count", func(s *value.SkippedFacts) *int { return &s.Count }}
)

// skip counts the raw fact as left out.
func (p *parser) skip(read *tagRead, why skipReason) {
	n := why.count(&p.facts.report.Skipped)
	if *n++; *n <= namedFacts {
		p.facts.skipped = append(p.facts.skipped, SkippedFact{
			Tag: read.key.taxonomy + ":" + read.key.tag, Accession: string(p.raw.accession), Reason: why.name,
		})
	}
}

// SkippedFacts returns the first twenty facts that were left out for each reason.
func (c *CompanyFacts) SkippedFacts() []SkippedFact { return c.skipped }

// Report says what was read of the documents.
func (c *CompanyFacts) Report() value.ImportReport {
	r := c.report
	own := make(map[int32]bool)
	for _, p := range c.periods {
		own[p.filing] = true
	}
	for i := range c.filings {
		f := &c.filings[i]
		switch {
		case own[int32(i)]:
			r.Filings.Report++
		case f.isReport:
			r.Filings.Repeat++
		case f.pair == nil:
			r.Filings.NoBalanceSheet++
		default:
			r.Filings.NoFlow++
		}
	}
	all := c.view(int32(len(c.filings)))
	r.Statements = len(all.plans())
	if r.Statements > 0 {
		return r
	}
	switch {
	case r.Facts == 0:
		r.WhyNothing = new(value.NoFacts)
	case len(c.filings) == 0:
		r.WhyNothing = new(value.NoPeriodicReport)
	case r.Filings.NoFlow > r.Filings.NoBalanceSheet:
		r.WhyNothing = new(value.NoFlow)
	default:
		r.WhyNothing = new(value.NoBalanceSheet)
	}
	return r
}
