package sec_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// Every figure of a statement is filled by a rule: none is nil where a report has all tags.
func TestEveryFigureHasARule(t *testing.T) {
	t.Parallel()
	none := map[string]map[string]bool{
		gaap: {},
		ifrs: {"TemporaryEquity": true, "PreferredDividends": true, "PreferredStock": true, "LongTermInvestments": true}, // no tags are read for them
	}
	for taxonomy, without := range none {
		d := document{}
		for tag := range sec.Tags[taxonomy] {
			if tag == "NoninterestIncome" {
				continue // of a bank, which has no EBIT
			}
			for _, unit := range []string{"USD", "USD/shares", "shares"} {
				d.add(fy, taxonomy, tag, unit, start, endFY, "10")
				d.add(fy, taxonomy, tag, unit, "", endFY, "10")
			}
		}
		year := reflect.ValueOf(quarters(t, d)[0])
		assert.False(t, year.IsZero(), taxonomy)
		for field, v := range year.Fields() {
			if v.Kind() == reflect.Pointer && field.Name != "FiscalQuarter" {
				assert.Equal(t, without[field.Name], v.IsNil(), "%s: %s", taxonomy, field.Name)
			}
		}
	}
}
