package sec

import "github.com/edgevalue/edgevalue/internal/value"

// A SkippedFact is one that was left out, and why.
type SkippedFact struct {
	Tag       string // such as "us-gaap:Assets"
	Accession string
	Reason    string // "form", "date", "value" or "count"
}

// Report says what was read of the documents.
func (c *CompanyFacts) Report() value.ImportReport { return value.ImportReport{} }

// SkippedFacts returns the first twenty facts that were left out for each reason.
func (c *CompanyFacts) SkippedFacts() []SkippedFact { return nil }
