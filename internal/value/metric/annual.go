package metric

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// A series is a figure or metric of annual statements.
type series struct {
	id     string // in the id of a metric
	label  string
	name   string // of the figure
	metric bool   // the name is of a metric
}

var grown = []series{
	{"revenue", "Revenue", "total_revenues", false},
	{"earnings_per_share", "Diluted earnings per share", "earnings_per_share_diluted", false},
	{"free_cash_flow", "Free cash flow", "free_cash_flow", false},
	{"book_value_per_share", "Book value per share", "book_value_per_share", true},
	{"dividends_per_share", "Dividends per share", "dividends_per_share", false},
}

var leveled = []series{
	{"gross_profit_margin", "Gross margin", "gross_profit_margin", true},
	{"operating_margin", "Operating margin", "operating_margin", true},
	{"net_profit_margin", "Net margin", "net_profit_margin", true},
	{"free_cash_flow_margin", "Free cash flow margin", "free_cash_flow_margin", true},
	{"return_on_equity", "Return on equity", "return_on_equity", true},
	{"return_on_invested_capital", "ROIC", "return_on_invested_capital", true},
}

// peek returns a figure of the annual report of some years before, nil if there is none, and the report.
func (c *context) peek(s series, years int) (*big.Rat, *Report) {
	r := c.company.ago(c.report, years)
	if r == nil {
		return nil, nil
	}
	v := r.Own(s.name)
	if s.metric {
		v = c.company.get(r, Find(s.name)).Exact
	}
	if v != nil {
		c.read(Read{Report: r, Name: s.name, Metric: s.metric, Value: v})
	}
	return v, r
}

// at returns a figure of the annual report of some years before. It notes what is not there.
func (c *context) at(s series, years int) *big.Rat {
	v, r := c.peek(s, years)
	switch {
	case r == nil:
		c.add(InsufficientHistory)
	case v == nil:
		c.add(MissingInput, fmt.Sprintf("%s(%d)", s.name, r.FiscalYear))
	}
	return v
}

// growth is the growth a year over some years.
func growth(s series, years int) calculator {
	return func(c *context) *big.Rat {
		now, then := c.at(s, 0), c.at(s, years)
		if then != nil && then.Sign() <= 0 || years > 1 && now != nil && now.Sign() <= 0 {
			c.add(NegativeInput)
			return nil
		}
		if now == nil || then == nil {
			return nil
		}
		rate := new(big.Rat).Quo(now, then)
		if years > 1 {
			rate = Root(rate, years)
		}
		return rate.Sub(rate, big.NewRat(1, 1))
	}
}

// lastYears returns a figure of the report and those of the years before, nil if one is not known.
func (c *context) lastYears(s series, from, to int) []*big.Rat {
	var values []*big.Rat
	for years := from; years < to; years++ {
		if v := c.at(s, years); v != nil {
			values = append(values, v)
		}
	}
	if len(values) < to-from {
		return nil
	}
	return values
}

// mean does not reduce fractions before the end.
func mean(values []*big.Rat) *big.Rat {
	num, denom, term := new(big.Int), big.NewInt(1), new(big.Int)
	for _, v := range values {
		term.Mul(v.Num(), denom)
		num.Add(num.Mul(num, v.Denom()), term)
		denom.Mul(denom, v.Denom())
	}
	return new(big.Rat).SetFrac(num, denom.Mul(denom, big.NewInt(int64(len(values)))))
}

func median(values []*big.Rat) *big.Rat {
	sorted := slices.SortedFunc(slices.Values(values), (*big.Rat).Cmp)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return mean(sorted[middle-1 : middle+1])
}

func minimum(values []*big.Rat) *big.Rat { return slices.MinFunc(values, (*big.Rat).Cmp) }

func level(s series, years int, of func([]*big.Rat) *big.Rat) calculator {
	return func(c *context) *big.Rat {
		values := c.lastYears(s, 0, years)
		if values == nil {
			return nil
		}
		return of(values)
	}
}

// run counts the years, from the newest back, that satisfy a condition.
func run(holds func(c *context, years int) bool) calculator {
	return func(c *context) *big.Rat {
		var years int64
		for holds(c, int(years)) {
			years++
		}
		return big.NewRat(years, 1)
	}
}

var (
	netIncome         = series{name: "net_income"}
	freeCashFlow      = series{name: "free_cash_flow"}
	dividendsPaid     = series{name: "dividends_paid"}
	dividendsPerShare = series{name: "dividends_per_share"}
	nopat             = series{name: "nopat", metric: true}
	investedCapital   = series{name: "invested_capital", metric: true}
	sharesOutstanding = series{name: "shares_outstanding"}
	dilutedEPS        = series{name: "earnings_per_share_diluted"}
)

// runOfPositive needs a figure of the newest year.
func runOfPositive(s series) calculator {
	count := run(func(c *context, years int) bool {
		v, _ := c.peek(s, years)
		return v != nil && v.Sign() > 0
	})
	return func(c *context) *big.Rat {
		if c.at(s, 0) == nil {
			return nil
		}
		return count(c)
	}
}

func paysDividends(c *context, years int) bool {
	v, _ := c.peek(dividendsPaid, years)
	if v == nil {
		v, _ = c.peek(dividendsPerShare, years)
	}
	return v != nil && v.Sign() > 0
}

// leastRise is what a dividend must rise by: less can come from the adjustment for splits.
var leastRise = big.NewRat(1, 1_000_000_000)

// raisesDividends compares a year with the one before. To begin to pay is not to raise.
func raisesDividends(c *context, years int) bool {
	now, _ := c.peek(dividendsPerShare, years)
	before, _ := c.peek(dividendsPerShare, years+1)
	return now != nil && before != nil && before.Sign() > 0 && new(big.Rat).Sub(now, before).Cmp(leastRise) > 0
}

func incrementalReturn(c *context) *big.Rat {
	more := func(s series) *big.Rat {
		now, then := c.at(s, 0), c.at(s, 5)
		if now == nil || then == nil {
			return nil
		}
		return new(big.Rat).Sub(now, then)
	}
	profit, capital := more(nopat), more(investedCapital)
	return c.quotient(profit, capital)
}

// ofYear returns the metrics of annual statements.
func ofYear() (all []Definition) {
	const asFarBack = "documents begin in 2009, with two comparative years before: a run as long as the history means \"at least\""
	for _, s := range grown {
		for _, years := range []int{1, 3, 5, 10} {
			n := strconv.Itoa(years)
			formula, over := fmt.Sprintf("(%s / %s(%s))^(1/%s) - 1", s.name, s.name, n, n), n+" years"
			if years == 1 {
				formula, over = fmt.Sprintf("%s / %s(1) - 1", s.name, s.name), "one year"
			}
			all = append(all, Definition{
				ID: s.id + "_growth_" + n + "y", Label: s.label + ", growth a year over " + over, Group: Growth, Unit: Fraction,
				Better: Higher, Formula: formula, Inputs: []string{s.name}, Years: years, calc: growth(s, years),
				Source: arithmetic, Caveat: "null if a value to grow from is not above 0; only the two ends are read",
			})
		}
	}
	for _, s := range leveled {
		for _, kind := range []struct {
			id string
			of func([]*big.Rat) *big.Rat
		}{{"mean", mean}, {"median", median}, {"minimum", minimum}} {
			for _, years := range []int{5, 10} {
				n := strconv.Itoa(years)
				all = append(all, Definition{
					ID: s.id + "_" + kind.id + "_" + n + "y", Label: s.label + ", " + kind.id + " of " + n + " years", Group: History,
					Unit: Fraction, Better: Higher, Formula: fmt.Sprintf("%s of %s(0) to %s(%d)", kind.id, s.name, s.name, years-1),
					Inputs: []string{s.name}, Years: years - 1, calc: level(s, years, kind.of),
					Source: arithmetic, Caveat: "null unless all years are known",
				})
			}
		}
	}
	return append(all,
		Definition{ID: "years_of_positive_earnings", Label: "Years of positive earnings", Group: History, Unit: Count, Better: Higher,
			Formula: "years in a row, from this one back, with net_income > 0", Inputs: []string{"net_income"}, Years: AllYears,
			calc: runOfPositive(netIncome), Source: defensive, Caveat: asFarBack},
		Definition{ID: "years_of_positive_free_cash_flow", Label: "Years of positive free cash flow", Group: History, Unit: Count,
			Better: Higher, Formula: "years in a row, from this one back, with free_cash_flow > 0", Inputs: []string{"free_cash_flow"},
			Years: AllYears, calc: runOfPositive(freeCashFlow), Source: arithmetic, Caveat: asFarBack},
		Definition{ID: "years_of_dividends", Label: "Years of dividends", Group: History, Unit: Count, Better: Higher,
			Formula: "years in a row, from this one back, with dividends_paid, else dividends_per_share, > 0",
			Inputs:  []string{"dividends_paid", "dividends_per_share"}, Years: AllYears, calc: run(paysDividends),
			Source: defensive, Caveat: asFarBack},
		Definition{ID: "years_of_rising_dividends", Label: "Years of rising dividends", Group: History, Unit: Count, Better: Higher,
			Formula: "years in a row, from this one back, with dividends_per_share more than 0.000000001 above that of the year before, which is above 0",
			Inputs:  []string{"dividends_per_share"}, Years: AllYears, calc: run(raisesDividends), Source: arithmetic, Caveat: asFarBack},
		Definition{ID: "incremental_return_on_invested_capital_5y", Label: "Incremental ROIC, 5 years", Group: History, Unit: Fraction,
			Better: Higher, Formula: "(nopat - nopat(5)) / (invested_capital - invested_capital(5))",
			Inputs: []string{"nopat", "invested_capital"}, Years: 5, calc: incrementalReturn,
			Source: mcKinsey, Caveat: "null where capital shrank"},
		Definition{ID: "share_count_growth_5y", Label: "Share count growth a year over 5 years", Group: PerShare, Unit: Fraction,
			Better: Lower, Formula: "(shares_outstanding / shares_outstanding(5))^(1/5) - 1",
			Inputs: []string{"shares_outstanding"}, Years: 5, calc: growth(sharesOutstanding, 5),
			Source: arithmetic, Caveat: "both counts are on one share basis"},
	)
}
