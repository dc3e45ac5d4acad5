package sec

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Statements returns the statements that follow from what was filed on or before a day, all filings for the zero time,
// ordered by end date and period.
func (c *CompanyFacts) Statements(asOf time.Time) []value.Statement {
	v := c.view(c.filedBy(asOf))
	plans := v.plans()
	ofYears := v.yearDividends(plans, c.acceptedSplits(asOf))
	var statements []value.Statement
	for i, p := range plans {
		statements = append(statements, v.statement(p, ofYears[i]))
	}
	return statements
}

// SetBy returns which filings set the Statements of a day: as Version has them, in their order.
func (c *CompanyFacts) SetBy(asOf time.Time) []*value.Filing {
	v := c.view(c.filedBy(asOf))
	plans := v.plans()
	ofYears := v.yearDividends(plans, c.acceptedSplits(asOf))
	filings := make([]*value.Filing, len(plans))
	for i, p := range plans {
		filings[i] = v.setBy(p, ofYears[i])
	}
	return filings
}

// setBy returns the newest of the own report and of the filings that set a fact of a field.
func (v view) setBy(p plan, ofYear *yearDividend) *value.Filing {
	f := v.figures.of(p.reading, v.known)
	newest := max(p.own, f.set)
	switch {
	case ofYear != nil:
		newest = max(newest, ofYear.set)
	case f.dividend != nil:
		newest = max(newest, f.dividend.set)
	}
	return v.filingOf(newest)
}

// statement makes a planned statement. A dividend of four quarters goes before one that was filed for the year.
func (v view) statement(p plan, ofYear *yearDividend) value.Statement {
	figures := v.figures.of(p.reading, v.known)
	own := &v.filings[p.own]
	s := figures.statement
	s.Period, s.FiscalYear = p.period, p.fiscalYear
	s.EndDate, s.PublishDate = p.end.time(), own.filed.time()
	s.Taxonomy, s.Currency = new(value.Taxonomy(p.pair.taxonomy.name)), p.pair.currency
	s.Audited = p.audited
	s.Accession = &own.accession
	s.URL = &v.filingOf(p.own).URL
	if p.startDate != noDay {
		s.StartDate = new(p.startDate.time())
	}
	if p.period == value.Quarterly && !p.transition {
		s.FiscalQuarter = &p.quarter
	}
	if ofYear != nil {
		s.DividendsPerShare, s.DividendsPerShareBasisDate = &ofYear.amount, new(ofYear.basis.time())
	}
	s.Marks = value.Marks(append(slices.Clone(s.Marks), p.marks()...)...)
	return s
}

func (p *plan) marks() (marks []value.Mark) {
	for _, m := range []struct {
		holds bool
		mark  value.Mark
	}{
		{p.column, value.ComparativeOnly}, {p.period == value.Partial, value.ShortPeriod},
		{p.threeMonths, value.ThreeMonthsOnly}, {p.transition, value.TransitionQuarter},
	} {
		if m.holds {
			marks = append(marks, m.mark)
		}
	}
	return marks
}

// figures are what is read of a statement.
type figures struct {
	statement    value.Statement // without what its plan says
	hasNetIncome bool
	hasIncome    bool // net income or revenue
	fields       []provenance
	set          int32   // the newest of the filings that set a fact of a field, but for the dividend; none found is -1
	dividend     *amount // per share

	derivedDividend bool // which is no part of the statement
}

// mostFields is as many as most statements have.
const mostFields = 64

// read reads the figures of a statement.
func (v view) read(from reading) *figures {
	r := &reader{view: v, reading: from, marks: nil, fields: make([]provenance, 0, mostFields)}
	var f figures
	s := &f.statement
	b := r.balanceSheet()
	if r.column && !b.totalAssets.known() {
		b = balanceSheet{} // what stands there is about something else
	}
	r.flows(&f, b)
	r.perShare(s)
	r.writeBalanceSheet(s, b)
	r.sharesOutstanding(s)
	r.unmarked(s, !r.column || b.totalAssets.known())
	f.dividend = r.dividendsPerShare(s)
	f.derivedDividend = f.dividend.known() && f.dividend.difference
	s.Period = map[kind]value.Period{annual: value.Annual, partial: value.Partial, interim: value.Quarterly}[r.kind]
	s.Marks = r.marks
	r.complete(s)
	f.fields, f.set = r.fields, -1
	for _, p := range f.fields {
		if p.amount != f.dividend {
			f.set = max(f.set, p.amount.set)
		}
	}
	return &f
}

// complete fills the fields that follow from others.
func (r *reader) complete(s *value.Statement) {
	for _, d := range value.Complete(s) {
		from := make([]*amount, len(d.From))
		for i, field := range d.From {
			from[i] = r.amountOf(field)
		}
		a := from[0]
		switch d.Op {
		case value.OpSum:
			a = computed(added, **d.Field, from...)
		case value.OpSubtract:
			a = computed(subtracted, **d.Field, from...)
		default: // the same
		}
		r.fields = append(r.fields, provenance{d.Field, a})
	}
}

// amountOf returns what a field was set to.
func (r *reader) amountOf(field **int64) *amount {
	for _, p := range r.fields {
		if p.field == any(field) {
			return p.amount
		}
	}
	return nil
}

// An entry is the amount of a field.
type entry struct {
	field **int64
	*amount
}

// write sets fields to amounts and marks the statement if one of them was tagged with the wrong sign.
func (r *reader) write(entries ...entry) {
	for _, e := range entries {
		if !e.known() {
			continue
		}
		*e.field = &e.coef
		r.fields = append(r.fields, provenance{e.field, e.amount})
		if e.turned {
			r.mark(value.TurnedSign)
		}
	}
}

// flows reads the income statement and the cash flow statement.
func (r *reader) flows(f *figures, b balanceSheet) {
	t, s := r.pair.taxonomy, &f.statement
	revenues, isBank := r.totalRevenues()
	cost := r.costOfRevenue()
	gross := r.first(incomeStatement, t.grossProfit)
	operating := r.first(incomeStatement, t.operatingIncome)
	interest := r.first(incomeStatement, t.interest)
	if !interest.known() {
		interest = r.mixed(incomeStatement, r.pair.interest, true)
	}
	pretax := r.first(incomeStatement, t.pretax)
	tax := r.first(incomeStatement, t.tax)
	var net *amount
	netTag := ""
	for _, tag := range t.netIncome {
		if net = r.tag(incomeStatement, tag); net.known() {
			netTag = tag
			break
		}
	}
	profitLoss := r.first(incomeStatement, t.profitLoss)
	f.hasNetIncome = net.known() || profitLoss.known()
	f.hasIncome = f.hasNetIncome || revenues.known()

	switch {
	case r.kind == interim && !isBank && revenues.known() && revenues.difference && revenues.coef < 0:
		revenues, cost, gross, operating, interest, pretax, tax, net, profitLoss =
			nil, nil, nil, nil, nil, nil, nil, nil, nil
		r.mark(value.RestatedBetween)
	case r.quarter == 4 && revenues.known() && revenues.difference && r.isRecast():
		r.mark(value.RestatedBetween)
	}
	if !gross.known() && (isBank || r.first(incomeStatement, t.claims).known() || isPart(cost, revenues)) {
		if cost.known() {
			r.mark(value.PartialCost)
		}
		cost = nil
	}
	if !gross.known() {
		gross = revenues.minus(cost)
	}
	if !cost.known() {
		cost = revenues.minus(gross)
	}
	if !net.known() {
		net = profitLoss
	}
	profit := profitLoss
	if !profit.known() {
		profit = net
	}
	switch {
	case pretax.known():
	case tax.known():
		pretax = profit.plus(tax)
	case profit.known() && !r.filings[r.own].isTaxed(t):
		pretax = profit
		r.mark(value.Untaxed)
	}
	if isBank {
		r.mark(value.Bank)
	}
	r.write(
		entry{&s.TotalRevenues, revenues},
		entry{&s.CostOfRevenue, cost},
		entry{&s.GrossProfit, gross},
		entry{&s.OperatingIncome, operating},
		entry{&s.InterestExpense, interest},
		entry{&s.ProfitBeforeTax, pretax},
		entry{&s.TaxExpense, tax},
		entry{&s.NetIncome, net},
		entry{&s.Depreciation, r.first(cashFlowStatement, t.depreciation)},
		entry{&s.Amortization, r.first(cashFlowStatement, t.amortization)},
		entry{&s.DepreciationAndAmortization, r.depreciationAndAmortization()},
		entry{&s.OperatingCashFlow, r.first(cashFlowStatement, t.operatingCashFlow)},
		entry{&s.CapitalExpenditure, r.capitalExpenditure()},
		entry{&s.DividendsPaid, r.first(cashFlowStatement, t.dividendsPaid)},
		entry{&s.PreferredDividends, r.preferredDividends(net, netTag, b.preferredStock)},
	)
}

// totalRevenues returns the revenue, and whether it is that of a bank: net interest and noninterest income.
func (r *reader) totalRevenues() (revenues *amount, isBank bool) {
	t := r.pair.taxonomy
	interest, others := r.tag(incomeStatement, t.bankRevenues[0]), r.tag(incomeStatement, t.bankRevenues[1])
	if interest.known() && others.known() {
		return interest.plus(others), true
	}
	all, contracts := r.tag(incomeStatement, t.mainRevenues[0]), r.tag(incomeStatement, t.mainRevenues[1])
	if !all.known() || exceeds(contracts, all, 101) {
		all = contracts
	}
	for _, read := range []func() *amount{
		func() *amount { return all },
		func() *amount { return r.first(incomeStatement, t.otherRevenues) },
		func() *amount { return r.mixed(incomeStatement, r.pair.revenues, false) },
		func() *amount { return sum(r.each(incomeStatement, t.revenueParts)...) },
		func() *amount { return largest(r.each(incomeStatement, t.industryRevenues)...) },
	} {
		if revenues = read(); revenues.known() {
			break
		}
	}
	return revenues, false
}

func (r *reader) costOfRevenue() *amount {
	t := r.pair.taxonomy
	if cost := r.first(incomeStatement, t.cost); cost.known() {
		return cost
	}
	if cost := sum(r.each(incomeStatement, t.costParts)...); cost.known() {
		return cost
	}
	return r.mixed(incomeStatement, r.pair.cost, true)
}

// isPart tells whether a cost is so small beside the revenue that it must be a part of the costs.
func isPart(cost, revenues *amount) bool {
	return cost.known() && cost.coef != 0 && revenues.known() && times(cost, 10).LessThan(times(revenues, 1))
}

// isRecast tells whether the first report of the year changed the revenue of the year before by more than 2 %: then it has
// recast the nine months, too.
func (r *reader) isRecast() bool {
	for _, tag := range r.pair.taxonomy.revenues() {
		s := r.pair.money[tag].series
		first := none
		for _, f := range s.endingAt(r.end) {
			if f.filing < r.known && f.class == year {
				first = f.filing
			}
		}
		if first == none {
			continue
		}
		var now, before *amount
		newest := int32(-1)
		for _, f := range s.endingIn(r.end-365-nearDays, r.end-365+nearDays+1) {
			switch {
			case f.class != year:
			case f.filing == first && !now.known():
				now = filedAmount(f)
			case f.filing < first && f.filing > newest:
				before, newest = filedAmount(f), f.filing
			}
		}
		if !now.known() || !before.known() {
			return false
		}
		off := now.minus(before)
		return off.known() && times(off, 100).Abs().GreaterThan(times(before, 2).Abs())
	}
	return false
}

// depreciationAndAmortization returns the largest total, or the largest sum of parts where that is more by a tenth:
// then the total leaves something out.
func (r *reader) depreciationAndAmortization() *amount {
	total := largest(r.each(cashFlowStatement, r.pair.taxonomy.depreciationTotals)...)
	var parts *amount
	for _, tags := range r.pair.taxonomy.depreciationSums {
		parts = largest(parts, sumOfAll(r.each(cashFlowStatement, tags)...))
	}
	if !total.known() || exceeds(parts, total, 110) {
		return parts
	}
	return total
}

func (r *reader) capitalExpenditure() *amount {
	t := r.pair.taxonomy
	if capex := r.first(cashFlowStatement, t.capex); capex.known() {
		return capex
	}
	if capex := r.mixed(cashFlowStatement, r.pair.capex, true); capex.known() {
		return capex
	}
	if parts := r.each(cashFlowStatement, t.capexParts); sum(parts...).known() {
		return sum(append(parts, r.each(cashFlowStatement, t.capexExtras)...)...)
	}
	if net := r.tag(cashFlowStatement, t.netCapex); net.known() && net.coef >= 0 {
		return net
	}
	return nil
}

// preferredDividends returns what of net income is not for the common shareholders. netTag is that of net income.
func (r *reader) preferredDividends(net *amount, netTag string, preferredStock *amount) *amount {
	t := r.pair.taxonomy
	if t.toCommon == "" || netTag == t.toCommon {
		return nil
	}
	if common := r.tag(incomeStatement, t.toCommon); common.known() && net.known() && common.coef <= net.coef &&
		preferredStock.known() && preferredStock.coef != 0 {
		return net.minus(common)
	}
	return r.first(incomeStatement, t.preferred)
}

// perShare takes earnings per share as filed: they never subtract.
func (r *reader) perShare(s *value.Statement) {
	read := func(tags tags, field **decimal.Decimal, basis **time.Time) {
		for _, tag := range tags {
			if a := r.direct(r.pair.perShare[tag]); a.known() {
				r.writePerShare(field, basis, a, a.fact)
				return
			}
		}
	}
	t := r.pair.taxonomy
	read(t.eps, &s.EarningsPerShare, &s.EarningsPerShareBasisDate)
	read(t.epsDiluted, &s.EarningsPerShareDiluted, &s.EarningsPerShareDilutedBasisDate)
	if s.PerShareBasisDate = s.EarningsPerShareDilutedBasisDate; s.PerShareBasisDate == nil {
		s.PerShareBasisDate = s.EarningsPerShareBasisDate
	}
}

// writePerShare sets a field and its basis date, that of a fact.
func (r *reader) writePerShare(field **decimal.Decimal, date **time.Time, a *amount, basis fact) {
	*field, *date = new(a.decimal()), new(r.filings[basis.filing].filed.time())
	r.fields = append(r.fields, provenance{field, a})
}

// A balanceSheet holds the amounts at the end of a period.
type balanceSheet struct {
	totalAssets, currentAssets, nonCurrentAssets, cash, restrictedCash         *amount
	currentLiabilities, liabilities, longTermLiabilities, equityAndLiabilities *amount
	noncontrolling, preferredStock, temporaryEquity, equity                    *amount
	goodwill, intangibles, shortTermDebt, longTermDebt, totalDebt              *amount
}

func (r *reader) balanceSheet() balanceSheet {
	t := r.pair.taxonomy
	var b balanceSheet
	or := func(a *amount, alternatives ...func() *amount) *amount {
		for _, alternative := range alternatives {
			if a.known() {
				break
			}
			a = alternative()
		}
		return a
	}
	tagged := func(tags tags) func() *amount { return func() *amount { return r.balance(tags) } }

	assets, both := r.balance(tags{t.assets}), r.balance(t.equityAndLiabilities)
	b.totalAssets = or(assets, func() *amount { return both })
	b.equityAndLiabilities = or(both, func() *amount { return assets })
	b.currentAssets = r.balance(t.currentAssets)
	b.nonCurrentAssets = or(b.totalAssets.minus(b.currentAssets), tagged(t.nonCurrentAssets))
	b.cash = r.balance(t.cash)
	b.restrictedCash = r.balance(t.restrictedCash)
	b.noncontrolling = r.balance(t.noncontrolling)
	b.temporaryEquity = sum(r.balance(t.redeemableMinorities), r.balance(t.temporaryEquity))
	b.preferredStock = largest(r.eachBalance(t.preferredStock)...)
	if b.preferredStock.known() && b.temporaryEquity.is(b.preferredStock.coef) {
		b.preferredStock = nil
	}
	b.liabilities = r.balance(t.liabilities)
	b.equity = or(r.balance(t.equity),
		func() *amount { return r.balance(t.parentEquity).plusKnown(b.noncontrolling) },
		func() *amount { return b.equityAndLiabilities.minus(b.liabilities, b.temporaryEquity) },
		func() *amount { return r.balance(t.ownersEquity).plusKnown(b.noncontrolling) })
	b.liabilities = or(b.liabilities,
		func() *amount { return b.equityAndLiabilities.minus(b.equity, b.temporaryEquity) })
	b.currentLiabilities = r.balance(t.currentLiabilities)
	b.longTermLiabilities = or(b.liabilities.minus(b.currentLiabilities), tagged(t.nonCurrentLiabilities))
	b.goodwill = r.balance(t.goodwill)
	b.intangibles = or(r.balance(t.intangibles), func() *amount {
		indefinite := or(r.balance(t.indefiniteIntangibles), func() *amount { return sum(r.eachBalance(t.indefiniteKinds)...) })
		return sum(r.balance(t.finiteIntangibles), indefinite)
	}, tagged(t.otherIntangibles))
	r.debt(&b)
	return b
}

// debt reads the debt of a balance sheet, with the leases that its tags include.
func (r *reader) debt(b *balanceSheet) {
	t := r.pair.taxonomy
	if b.shortTermDebt = r.balance(t.currentDebt); !b.shortTermDebt.known() {
		borrowings, portion := r.balance(t.currentBorrowings), r.balance(t.currentPortion)
		if t.taggedTwice && borrowings.known() && portion.is(borrowings.coef) {
			b.shortTermDebt = borrowings
		} else {
			b.shortTermDebt = sum(borrowings, portion)
		}
	}
	var whole *amount // short and long, where the two are not told apart
	switch long, withPortion := r.balance(t.longTermDebt), r.balance(t.wholeLongTermDebt); {
	case long.known():
		b.longTermDebt = long
	case withPortion.known():
		b.longTermDebt = withPortion
		if portion := r.balance(t.wholeCurrentPortion); portion.known() && portion.coef < withPortion.coef {
			b.longTermDebt = withPortion.minus(portion)
		}
	default:
		if whole = r.balance(t.wholeDebt); !whole.known() {
			whole = sum(r.balanceOf(t.wholeDebtKinds)...)
		}
		all := r.balance(t.allBorrowings)
		switch {
		case whole.known():
		case b.shortTermDebt.known() && all.known():
			b.longTermDebt = all.minus(b.shortTermDebt)
		case all.known():
			whole = all
		default:
			b.longTermDebt = sum(r.balanceOf(t.longTermKinds)...)
		}
	}
	switch {
	case b.longTermDebt.known():
		b.totalDebt = sum(b.shortTermDebt, b.longTermDebt)
	case whole.known() && !(b.shortTermDebt.known() && b.shortTermDebt.coef > whole.coef):
		b.totalDebt = whole
	}
}

func (r *reader) writeBalanceSheet(s *value.Statement, b balanceSheet) {
	if !b.cash.known() && b.restrictedCash.known() {
		b.cash = b.restrictedCash
		r.mark(value.CashWithRestricted)
	}
	r.write(
		entry{&s.TotalAssets, b.totalAssets},
		entry{&s.CurrentAssets, b.currentAssets},
		entry{&s.NonCurrentAssets, b.nonCurrentAssets},
		entry{&s.CashAndEquivalents, b.cash},
		entry{&s.CurrentLiabilities, b.currentLiabilities},
		entry{&s.TotalLiabilities, b.liabilities},
		entry{&s.LongTermLiabilities, b.longTermLiabilities},
		entry{&s.TotalEquitiesAndLiabilities, b.equityAndLiabilities},
		entry{&s.NoncontrollingInterest, b.noncontrolling},
		entry{&s.PreferredStock, b.preferredStock},
		entry{&s.TemporaryEquity, b.temporaryEquity},
		entry{&s.TotalEquity, b.equity},
		entry{&s.Goodwill, b.goodwill},
		entry{&s.IntangibleAssets, b.intangibles},
		entry{&s.ShortTermDebt, b.shortTermDebt},
		entry{&s.LongTermDebt, b.longTermDebt},
		entry{&s.TotalDebt, b.totalDebt},
	)
}
