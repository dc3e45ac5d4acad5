package sec

import (
	"math/big"
	"reflect"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Tags are the tags that any rule reads, by taxonomy.
var Tags = countedTags

// TagLists are the lists of tags that a rule goes through in their order.
func TagLists() (lists [][]string) {
	for _, t := range taxonomies {
		for field, v := range reflect.ValueOf(t).Elem().Fields() {
			var list []string
			var collect func(v reflect.Value)
			collect = func(v reflect.Value) {
				switch v.Kind() {
				case reflect.Slice, reflect.Array:
					for i := range v.Len() {
						collect(v.Index(i))
					}
				case reflect.String:
					list = append(list, v.String())
				}
			}
			if field.Name != "name" && field.Name != "incomeTax" {
				collect(v)
			}
			if len(list) > 0 && list[0] != "" {
				lists = append(lists, list)
			}
		}
	}
	for _, byTaxonomy := range []map[string]tags{splitAmounts, splitCounts} {
		for _, list := range byTaxonomy {
			lists = append(lists, list)
		}
	}
	return lists
}

// IncomeTaxBeginnings are those of the tags that a report of a taxed company has.
func IncomeTaxBeginnings() []string { return usGAAP.incomeTax }

// FilingDays returns the days on which something was filed.
func (c *CompanyFacts) FilingDays() (days []time.Time) {
	for from := range c.filingDays {
		days = append(days, c.filings[from].filed.time())
	}
	return days
}

// YearDividend returns the sum of the quarters' dividends of the year with an end date, and its basis.
func (c *CompanyFacts) YearDividend(end time.Time, splits []value.Split) (amount decimal.Decimal, basis time.Time) {
	v := c.view(c.filedBy(time.Time{}))
	plans := v.plans()
	for i, d := range v.yearDividends(plans, splits) {
		if d != nil && plans[i].end == dayOf(end) {
			return d.amount, d.basis.time()
		}
	}
	return decimal.Decimal{}, time.Time{}
}

// SplitInterval returns the bounds of a pair of amounts, exact, and what tells whether it contains a ratio.
func SplitInterval(older, newer int64, decimals uint8) (low, high *big.Rat, contains func(*big.Rat) bool, ok bool) {
	p, ok := newSplitPair("EarningsPerShareBasic", true, fact{coef: older, decimals: decimals}, fact{coef: newer, decimals: decimals})
	if !ok {
		return nil, nil, nil, false
	}
	return p.exactLow(), p.exactHigh(), func(r *big.Rat) bool { return p.contains(newRatio(r), unity) }, true
}

// Sum is the sum of known amounts, nil if it is unknown.
func Sum(amounts ...*int64) *int64 {
	all := make([]*amount, len(amounts))
	for i, a := range amounts {
		if a != nil {
			all[i] = filedAmount(fact{coef: *a})
		}
	}
	if total := sum(all...); total != nil {
		return &total.coef
	}
	return nil
}
