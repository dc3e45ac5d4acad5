package metric

import (
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Figures gives a figure by its name, nil for what is not known.
type Figures func(name string) *big.Rat

// A Report is what metrics are made of: a statement and the twelve months that end with it. Per-share figures of the
// reports of one company are on one share basis.
type Report struct {
	Period      value.Period
	FiscalYear  int
	EndDate     time.Time
	Currency    string
	DebtUnknown bool
	Own         Figures // those of the statement
	Months      Figures // those of the twelve months
}

// Reports returns the reports of a company's statements as known on one day.
func Reports(statements []value.Statement) []*Report {
	// Twelve months have depreciation with amortization only, so their sum of depreciation alone, over the same statements as
	// the other flows, is that of statements without amortization.
	alone := sync.OnceValue(func() []value.Statement {
		all := slices.Clone(statements)
		for i := range all {
			all[i].DepreciationAndAmortization = all[i].Depreciation
		}
		return all
	})
	reports := make([]*Report, len(statements))
	for i := range statements {
		s := &statements[i]
		months := sync.OnceValue(func() Figures {
			ttm := value.TrailingTwelveMonths(*s, statements)
			return FiguresOf(&ttm)
		})
		depreciation := sync.OnceValue(func() *big.Rat {
			all := alone()
			return number(value.TrailingTwelveMonths(all[i], all).DepreciationAndAmortization)
		})
		reports[i] = &Report{
			Period: s.Period, FiscalYear: s.FiscalYear, EndDate: s.EndDate, Currency: s.Currency, DebtUnknown: s.Has(value.DebtUnknown),
			Own: FiguresOf(s), Months: func(name string) *big.Rat {
				if name == "depreciation" {
					return depreciation()
				}
				return months()(name)
			},
		}
	}
	return reports
}

// ReportsOnBasis returns the reports of a company's statements as filed, on the share basis of a day, the splits being those
// known on it. Amounts per share are exact, and counts of shares whole numbers.
func ReportsOnBasis(filed []value.Statement, on time.Time, splits []value.Split) []*Report {
	if len(splits) == 0 {
		return Reports(filed)
	}
	adjusted := make([]value.Statement, len(filed))
	for i := range filed {
		adjusted[i] = filed[i].OnBasis(on, splits)
	}
	reports := Reports(adjusted)
	for i, r := range reports {
		rounded := r.Own
		r.Own = func(name string) *big.Rat {
			if basis := filed[i].BasisDate(name); basis != nil && !strings.Contains(name, "shares") {
				if amount := FiguresOf(&filed[i])(name); amount != nil {
					return amount.Quo(amount, value.BasisRatio(*basis, on, splits))
				}
			}
			return rounded(name)
		}
	}
	return reports
}

func number(n *int64) *big.Rat {
	if n == nil {
		return nil
	}
	return new(big.Rat).SetInt64(*n)
}

// places are where the fields of a struct are, by their names in JSON.
var places sync.Map // of reflect.Type to map[string]int

// FiguresOf gives the amounts of a struct of package value by their names in JSON.
func FiguresOf[T value.Statement | value.TTM](s *T) Figures {
	v := reflect.ValueOf(s).Elem()
	found, ok := places.Load(v.Type())
	if !ok {
		names := map[string]int{}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			names[name] = i
		}
		found, _ = places.LoadOrStore(v.Type(), names)
	}
	names, _ := found.(map[string]int)
	return func(name string) *big.Rat {
		i, ok := names[name]
		if !ok {
			return nil
		}
		switch n := v.Field(i).Interface().(type) {
		case *int64:
			return number(n)
		case *decimal.Decimal:
			if n != nil {
				return n.Rat()
			}
		}
		return nil
	}
}

// nearDays is how many days apart two days may be to be near.
const nearDays = 7

// yearsBefore is the same day some years earlier; of 29 February it is the 28th.
func yearsBefore(day time.Time, years int) time.Time {
	before := day.AddDate(-years, 0, 0)
	if before.Day() != day.Day() {
		before = before.AddDate(0, 0, -before.Day())
	}
	return before
}

// A Company computes metrics from the reports of one company, as known on one day, and keeps what it computed. It is
// not safe for concurrent use.
type Company struct {
	reports []*Report
	results map[key]Result
	before  map[yearKey]*Report
}

type key struct {
	report *Report
	metric *Definition
}

type yearKey struct {
	report *Report
	years  int
}

// NewCompany takes the reports of a company, in any order.
func NewCompany(reports []*Report) *Company {
	return &Company{reports: reports, results: map[key]Result{}, before: map[yearKey]*Report{}}
}

// ago returns the report of the same period and currency whose end is near the same day some years earlier, nil if there
// is none.
func (c *Company) ago(r *Report, years int) *Report {
	if r == nil || years == 0 {
		return r
	}
	if found, ok := c.before[yearKey{r, years}]; ok {
		return found
	}
	day := yearsBefore(r.EndDate, years)
	const tolerance = nearDays * 24 * time.Hour
	var found *Report
	for _, o := range c.reports {
		if o.Period != r.Period || o.Currency != r.Currency {
			continue
		}
		if off := o.EndDate.Sub(day).Abs(); off <= tolerance && (found == nil || off < found.EndDate.Sub(day).Abs()) {
			found = o
		}
	}
	c.before[yearKey{r, years}] = found
	return found
}

// newestYear returns the annual report with the latest end in a currency, nil if there is none.
func (c *Company) newestYear(currency string) *Report {
	var newest *Report
	for _, r := range c.reports {
		if r.Period == value.Annual && r.Currency == currency && (newest == nil || r.EndDate.After(newest.EndDate)) {
			newest = r
		}
	}
	return newest
}
