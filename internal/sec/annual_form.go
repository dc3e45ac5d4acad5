package sec

import (
	"time"
)

// An AnnualForm says from which day on a company reports its years on which kind of form.
type AnnualForm struct {
	KnownFrom time.Time
	Foreign   bool // 20-F: its shares may be listed as depositary receipts
}

// AnnualForms returns the kind of form of the newest own report of a year through time, by KnownFrom.
func (c *CompanyFacts) AnnualForms() []AnnualForm {
	var annualForms []AnnualForm
	for _, p := range c.periods {
		if p.kind != annual {
			continue
		}
		f := &c.filings[p.filing]
		next := AnnualForm{f.filed.time(), f.form.foreign}
		n := len(annualForms)
		switch {
		case n > 0 && annualForms[n-1].KnownFrom.Equal(next.KnownFrom):
			annualForms[n-1] = next
		case n == 0 || annualForms[n-1].Foreign != next.Foreign:
			annualForms = append(annualForms, next)
		}
	}
	return annualForms
}
