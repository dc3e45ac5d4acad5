package sec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	// startTolerance is how many days two starts of one fiscal year may be apart.
	startTolerance = 7
	// cycleDays is how many days before a report the one that it is compared with may be filed.
	cycleDays = 200
	// quarterDays is how many days before the end of a year its third quarter ends at least.
	quarterDays = 60
	// yearEndSlack is how many days after the last of December a fiscal year may end and still count as that year's.
	yearEndSlack = 10
)

// Statements returns the statements that follow from what was filed on or before a day, all filings for the zero time,
// ordered by end date, a year before its fourth quarter.
func (c *CompanyFacts) Statements(asOf time.Time) []value.Statement {
	v, ok := c.view(c.filedBy(asOf))
	if !ok {
		return nil
	}
	var statements []value.Statement
	for _, p := range v.periods(v.reports()) {
		if s, ok := v.statement(p); ok {
			statements = append(statements, s)
		}
	}
	slices.SortFunc(statements, compareStatements)
	return statements
}

func compareStatements(a, b value.Statement) int {
	return cmp.Or(a.EndDate.Compare(b.EndDate), cmp.Compare(a.Period, b.Period))
}

// A report is a filing with a balance sheet and flows up to the same day.
type report struct {
	filing  int32
	annual  bool
	start   day // of the fiscal year
	end     day
	quarter int // 1 to 3; 0 for a year
}

// reports returns the reports in the view's taxonomy and currency, the oldest filing first, also those not yet known.
func (v view) reports() []report {
	const none = day(-1 << 31)
	ends := slices.Repeat([]day{none}, len(v.filings))
	for _, f := range v.money(v.taxonomy.assets[0]) {
		if f.class == instant {
			ends[f.filing] = max(ends[f.filing], f.end)
		}
	}
	longest := make([]fact, len(v.filings)) // by filing; class odd for none
	for _, tags := range []tags{
		v.taxonomy.operatingCashFlow, v.taxonomy.netIncome, v.taxonomy.profitLoss, v.taxonomy.revenues,
	} {
		for _, tag := range tags {
			for _, f := range v.money(tag) {
				l := &longest[f.filing]
				fits := f.class == year
				if !v.filings[f.filing].annual {
					fits = f.class == quarter || f.class == half || f.class == nineMonths
				}
				if fits && f.end == ends[f.filing] && (l.class == odd || f.start < l.start) {
					*l = f
				}
			}
		}
	}
	var reports []report
	for i, l := range longest {
		if l.class != odd {
			r := report{filing: int32(i), annual: v.filings[i].annual, start: l.start, end: l.end}
			if !r.annual {
				r.quarter = int(l.class-quarter) + 1
			}
			reports = append(reports, r)
		}
	}
	return reports
}

// A period is a fiscal year or quarter with the first report on it.
type period struct {
	report
	fiscalYear int // quarter 4 has the year's report
}

// periods returns what there are statements and dividends for, of those of the view's reports that are known by then. A
// fourth quarter among them has a statement only if its net income can be found.
func (v view) periods(reports []report) []period {
	n, _ := slices.BinarySearchFunc(reports, v.known, func(r report, known int32) int { return cmp.Compare(r.filing, known) })
	reports = reports[:n]
	offset := fiscalYearOffset(reports, v.filings)
	seen := make(map[statementKey]bool)
	reported := make(map[int]bool) // fiscal years with a quarter
	var periods []period
	for _, r := range reports {
		key := statementKey{r.annual, r.end}
		if seen[key] {
			continue
		}
		seen[key] = true
		closing := r.end
		if !r.annual {
			closing = r.start + 364
		}
		p := period{report: r, fiscalYear: (closing - yearEndSlack).year() + offset}
		if !r.annual {
			reported[p.fiscalYear] = true
		}
		periods = append(periods, p)
	}
	for _, p := range periods {
		if p.annual && reported[p.fiscalYear] && !seen[statementKey{annual: false, end: p.end}] {
			p.quarter = 4
			periods = append(periods, p)
		}
	}
	return periods
}

// fiscalYearOffset returns what the company's own numbers of its fiscal years are off by from those of their dates.
func fiscalYearOffset(reports []report, filings []filing) int {
	var count [3]int // of -1, 0 and 1
	for _, r := range reports {
		if fy := filings[r.filing].fy; r.annual && fy != 0 {
			if shift := fy - int64((r.end - yearEndSlack).year()); -1 <= shift && shift <= 1 {
				count[shift+1]++
			}
		}
	}
	best := 0
	for _, shift := range []int{-1, 1} {
		if count[shift+1] > count[best+1] {
			best = shift
		}
	}
	return best
}

// statement returns the statement of a period, false for a fourth quarter whose net income cannot be found.
func (v view) statement(p period) (value.Statement, bool) {
	t, own := v.taxonomy, v.filings[p.filing]
	//exhaustruct:ignore the rules below fill in the figures
	s := value.Statement{
		Period:      value.Annual,
		FiscalYear:  p.fiscalYear,
		EndDate:     p.end.time(),
		PublishDate: own.filed.time(),
		Currency:    v.currency,
		Taxonomy:    new(value.Taxonomy(t.name)),
		Marks:       []value.Mark{},
		Audited:     p.quarter == 0,
		Accession:   new(own.accession),
		URL: new(fmt.Sprintf("https://www.sec.gov/Archives/edgar/data/%d/%s/%s-index.htm",
			v.CIK, strings.ReplaceAll(own.accession, "-", ""), own.accession)),
	}
	if p.quarter != 0 {
		s.Period, s.FiscalQuarter = value.Quarterly, new(p.quarter)
	}
	v.readFlows(p, &s)
	if p.quarter == 4 && s.NetIncome == nil {
		return value.Statement{}, false
	}
	v.readPerShare(p, &s)
	v.readBalanceSheet(p, &s)

	value.Complete(&s)
	// A tag for these counts only where they cannot be computed.
	if s.NonCurrentAssets == nil {
		s.NonCurrentAssets = v.balance(p, t.nonCurrentAssets)
	}
	if s.LongTermLiabilities == nil {
		s.LongTermLiabilities = v.balance(p, t.nonCurrentLiabilities)
	}
	return s, true
}

func (v view) readFlows(p period, s *value.Statement) {
	t := v.taxonomy
	s.TotalRevenues = v.income(p, t.revenues)
	s.CostOfRevenue = v.income(p, t.costOfRevenue)
	s.GrossProfit = v.income(p, t.grossProfit)
	s.OperatingIncome = v.income(p, t.operatingIncome)
	s.InterestExpense = v.income(p, t.interestExpense)
	s.ProfitBeforeTax = v.income(p, t.profitBeforeTax)
	s.TaxExpense = v.income(p, t.taxExpense)
	s.NetIncome = v.income(p, t.netIncome)
	if profitLoss := v.income(p, t.profitLoss); profitLoss != nil {
		if s.NetIncome == nil {
			s.NetIncome = profitLoss
		}
		if s.ProfitBeforeTax == nil {
			s.ProfitBeforeTax = value.Add(profitLoss, s.TaxExpense)
		}
	}

	s.Depreciation = v.cashFlow(p, t.depreciation)
	s.Amortization = v.cashFlow(p, t.amortization)
	s.DepreciationAndAmortization = v.depreciationAndAmortization(p)
	s.OperatingCashFlow = v.cashFlow(p, t.operatingCashFlow)
	s.CapitalExpenditure = v.cashFlow(p, t.capex)
	s.DividendsPaid = v.cashFlow(p, t.dividendsPaid)
}

// depreciationAndAmortization returns the largest total, or the largest sum of parts where that is more by a tenth:
// then the total leaves something out.
func (v view) depreciationAndAmortization(p period) *int64 {
	larger := func(a, b *int64) *int64 {
		if a == nil || b != nil && *b > *a {
			return b
		}
		return a
	}
	var total, sum *int64
	for _, tag := range v.taxonomy.depreciationTotals {
		total = larger(total, v.cashFlow(p, tags{tag}))
	}
	for _, parts := range v.taxonomy.depreciationSums {
		all := new(int64)
		for _, tag := range parts {
			all = value.Add(all, v.cashFlow(p, tags{tag}))
		}
		sum = larger(sum, all)
	}
	if total == nil || sum != nil && exceeds(*sum, *total) {
		return sum
	}
	return total
}

// exceeds tells whether sum is more than 1.1 times total.
func exceeds(sum, total int64) bool {
	return decimal.New(sum, 1).GreaterThan(decimal.NewFromInt(total).Mul(decimal.NewFromInt(11)))
}

// income returns an item of the income statement: as filed, else a difference.
func (v view) income(p period, tags tags) *int64 {
	return v.flow(p, tags, v.direct, v.difference)
}

// cashFlow returns an item that is filed for the year to date: a difference, else as filed.
func (v view) cashFlow(p period, tags tags) *int64 {
	return v.flow(p, tags, v.difference, v.direct)
}

// flow returns the value of the first tag with one, by the first way that gives one.
func (v view) flow(p period, tags tags, ways ...func(series, period) *int64) *int64 {
	for _, tag := range tags {
		s := v.money(tag)
		for _, way := range ways {
			if amount := way(s, p); amount != nil {
				return amount
			}
		}
	}
	return nil
}

func (v view) direct(s series, p period) *int64 {
	if f, ok := v.newest(s, p.end, p.class()); ok {
		return &f.coef
	}
	return nil
}

// class is that of a fact about the period alone.
func (p period) class() class {
	if p.quarter == 0 {
		return year
	}
	return quarter
}

// difference returns the last quarter of a year to date: nil for years and first quarters.
func (v view) difference(s series, p period) *int64 {
	longs, shorts := v.yearToDate(s, p)
	if len(longs) == 0 {
		return nil
	}
	anyPair := func(fact, fact) bool { return true }
	if long, short, ok := v.cycle(longs, shorts, anyPair); ok {
		return value.Sub(&long.coef, &short.coef)
	}
	if len(shorts) > 0 {
		return value.Sub(&longs[0].coef, &shorts[0].coef)
	}
	if p.quarter != 4 {
		return nil
	}
	rest, quarters, last := &longs[0].coef, 0, day(0)
	for _, f := range s.endingIn(p.start, p.end-quarterDays) {
		if f.filing < v.known && f.class == quarter && f.start >= p.start-startTolerance && (quarters == 0 || f.end != last) {
			rest, last = value.Sub(rest, &f.coef), f.end
			quarters++
		}
	}
	if quarters != 3 {
		return nil
	}
	return rest
}

// yearToDate returns the facts from the start of the fiscal year to the end of the period, and to the end of the
// quarter before, the newest first.
func (v view) yearToDate(s series, p period) (longs, shorts []fact) {
	if p.quarter < 2 {
		return nil, nil
	}
	short := quarter + class(p.quarter-2)
	match := func(f fact, class class) bool {
		return f.filing < v.known && f.class == class &&
			-startTolerance <= f.start-p.start && f.start-p.start <= startTolerance
	}
	for _, f := range s.endingAt(p.end) {
		if match(f, short+1) {
			longs = append(longs, f)
		}
	}
	for _, f := range s.endingIn(p.start, p.end) {
		if match(f, short) {
			shorts = append(shorts, f)
		}
	}
	slices.SortStableFunc(shorts, func(a, b fact) int { return cmp.Compare(b.filing, a.filing) })
	return longs, shorts
}

// cycle returns the newest long fact that has a short one of the same reporting cycle, and the newest such short one,
// passing over pairs that are not accepted. A year restated later must not meet nine months that never were.
func (v view) cycle(longs, shorts []fact, accept func(long, short fact) bool) (long, short fact, ok bool) {
	for _, long := range longs {
		filed := v.filings[long.filing].filed
		for _, short := range shorts {
			before := filed - v.filings[short.filing].filed
			if before < 0 {
				continue
			}
			if before <= cycleDays && accept(long, short) {
				return long, short, true
			}
			break
		}
	}
	return fact{}, fact{}, false
}

// readPerShare takes earnings per share as filed: they never subtract.
func (v view) readPerShare(p period, s *value.Statement) {
	read := func(tags tags) *decimal.Decimal {
		for _, tag := range tags {
			if f, ok := v.newest(v.perShare(tag), p.end, p.class()); ok {
				s.PerShareBasisDate = new(v.filings[f.filing].filed.time())
				return new(f.decimal())
			}
		}
		return nil
	}
	s.EarningsPerShare = read(v.taxonomy.eps)
	s.EarningsPerShareDiluted = read(v.taxonomy.epsDiluted)
}

// balance returns the value of the first of the tags with one at the end of the period.
func (v view) balance(p period, tags tags) *int64 {
	for _, tag := range tags {
		if f, ok := v.newest(v.money(tag), p.end, instant); ok {
			return &f.coef
		}
	}
	return nil
}

func (v view) readBalanceSheet(p period, s *value.Statement) {
	t := v.taxonomy
	first := func(tags tags) *int64 { return v.balance(p, tags) }

	s.TotalAssets = first(t.assets)
	s.CurrentAssets = first(t.currentAssets)
	s.CashAndEquivalents = first(t.cash)
	s.CurrentLiabilities = first(t.currentLiabilities)
	s.NoncontrollingInterest = first(t.noncontrolling)
	s.TemporaryEquity = value.Sum(first(t.redeemableMinorities), first(t.temporaryEquity))
	s.TotalEquitiesAndLiabilities = first(t.equityAndLiabilities)
	s.TotalLiabilities = first(t.liabilities)
	s.Goodwill = first(t.goodwill)
	if s.TotalEquity = first(t.equity); s.TotalEquity == nil {
		s.TotalEquity = value.AddKnown(first(t.parentEquity), s.NoncontrollingInterest)
	}
	if s.IntangibleAssets = first(t.intangibles); s.IntangibleAssets == nil {
		s.IntangibleAssets = value.Sum(first(t.finiteIntangibles), first(t.indefiniteIntangibles))
	}
	if s.IntangibleAssets == nil {
		s.IntangibleAssets = first(t.otherIntangibles)
	}
	s.ShortTermDebt, s.LongTermDebt = t.debt(first)
	s.SharesOutstanding = v.sharesOutstanding(p)
}

// sharesOutstanding returns the count on the cover of the period's own report, else the balance sheet's in that
// report, else the newest at that date.
func (v view) sharesOutstanding(p period) *int64 {
	own := func(s series) *int64 {
		for _, f := range slices.Backward(s) {
			if f.filing == p.filing && f.class == instant {
				return &f.coef
			}
		}
		return nil
	}
	if shares := own(v.coverCounts()); shares != nil {
		return shares
	}
	atEnd := v.shareCounts().endingAt(p.end)
	if shares := own(atEnd); shares != nil {
		return shares
	}
	if f, ok := v.newest(atEnd, p.end, instant); ok {
		return &f.coef
	}
	return nil
}
