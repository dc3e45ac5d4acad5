package metric_test

import (
	"testing"

	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// All metrics of the 20 newest statements of a company, as a page of them has it.
func BenchmarkPage(b *testing.B) {
	statements := readStatements(b, "AAPL", day("2026-06-30"))
	for b.Loop() {
		reports := metric.Reports(statements)
		company := metric.NewCompany(reports)
		for _, r := range reports[len(reports)-20:] {
			for _, d := range metric.All() {
				if d.Scope == metric.OfStatement || d.Scope == metric.OfYear && r.Period == value.Annual {
					company.Of(r, d).Decimal()
				}
			}
		}
	}
}
