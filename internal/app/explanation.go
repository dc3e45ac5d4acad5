package app

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// An Explanation says how a field or metric of a statement follows from filed facts. Node is nil if the field or metric is
// null.
type Explanation struct {
	Statement
	Name   string // of the field or metric
	Node   *value.Explanation
	Result *metric.Result // of a metric
}

const (
	// explainedDocuments is how many companies' facts are kept in memory for the next explanation.
	explainedDocuments = 4
	// explanationsAtOnce is how many explanations are made at a time, as each can read documents.
	explanationsAtOnce = 2
	explanationWait    = 10 * time.Second
)

// readExplained is read for an explanation, when it is its turn: what waits holds no connection.
func (a *App) readExplained(ctx context.Context, f func(q *db.Queries) error) error {
	timeout := time.NewTimer(explanationWait)
	defer timeout.Stop()
	select {
	case a.explaining <- struct{}{}:
		defer func() { <-a.explaining }()
	case <-timeout.C:
		return &Error{Code: Unavailable, Message: "too many explanations are being made: try again soon", RetryAfter: time.Second}
	case <-ctx.Done():
		return errors.Wrap(ctx.Err(), "wait for other explanations")
	}
	return a.read(ctx, f)
}

// filedFacts returns what the documents of a company hold, which is kept for some time.
func (a *App) filedFacts(ctx context.Context, q *db.Queries, companyID int64) (*sec.CompanyFacts, error) {
	company, err := q.GetCompany(ctx, companyID)
	if err != nil {
		return nil, errors.Wrap(err, "get company")
	}
	stored, err := q.ListDocuments(ctx, companyID)
	if err != nil || len(stored) == 0 {
		return nil, wrap(err, "list documents")
	}
	documents := own(company, stored)
	ids := make([]string, len(documents))
	for i, d := range documents {
		ids[i] = idText(d.DocumentID)
	}
	key := strings.Join(ids, " ")
	if facts, ok := a.facts.Get(key); ok {
		return facts, nil
	}
	facts, err := readDocuments(ctx, q, documents)
	if err != nil {
		return nil, err
	}
	a.facts.Add(key, facts)
	return facts, nil
}

// An explainer explains the figures of one company as known on a day.
type explainer struct {
	facts      *sec.CompanyFacts // nil if there are none
	asOf       time.Time         // zero for today
	rows       []db.FinancialStatement
	statements []value.Statement // of the rows, on the share basis
	basis      shareBasis
	filed      map[int]map[string]*value.Explanation // of fields, as filed, by the place of the row
	reports    []*metric.Report
	metrics    *metric.Company
}

// newExplainer takes the statements of a company as known on a day.
func (a *App) newExplainer(ctx context.Context, q *db.Queries, companyID int64, at PointInTime) (*explainer, error) {
	rows, err := q.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{CompanyID: companyID, AsOf: at.AsOf})
	if err != nil {
		return nil, errors.Wrap(err, "list statements")
	}
	basis, err := a.shareBasis(ctx, q, at, []int64{companyID})
	if err != nil {
		return nil, err
	}
	facts, err := a.filedFacts(ctx, q, companyID)
	if err != nil {
		return nil, err
	}
	//exhaustruct:ignore the rest follows
	e := &explainer{facts: facts, rows: rows, basis: basis, filed: map[int]map[string]*value.Explanation{}}
	set(&e.asOf, at.AsOf)
	filed := statementsFromRows(rows)
	for _, s := range filed {
		e.statements = append(e.statements, basis.statement(companyID, s))
	}
	e.reports = basis.reports(companyID, filed)
	e.metrics = metric.NewCompany(e.reports)
	return e, nil
}

// current returns an error if some figures were made by other rules, which could not explain them.
func (e *explainer) current() error {
	if slices.ContainsFunc(e.rows, isStale) {
		return &Error{Code: Unavailable, Message: "the figures are being made again by better rules: try again later", RetryAfter: time.Minute}
	}
	return nil
}

func isStale(r db.FinancialStatement) bool {
	return r.RulesVersion != nil && *r.RulesVersion != sec.RulesVersion
}

// place returns where a statement is, -1 if it is not known.
func (e *explainer) place(id int64) int {
	return slices.IndexFunc(e.rows, func(r db.FinancialStatement) bool { return r.ID == id })
}

// figure returns a figure of a statement by its name in JSON, nil if it is null; false if it has no such figure.
func figure(s *value.Statement, name string) (*decimal.Decimal, bool) {
	for field, v := range reflect.ValueOf(s).Elem().Fields() {
		if field.Tag.Get("json") != name {
			continue
		}
		switch x := v.Interface().(type) {
		case *int64:
			if x == nil {
				return nil, true
			}
			return new(decimal.NewFromInt(*x)), true
		case *decimal.Decimal:
			return x, true
		}
	}
	return nil, false
}

var (
	figureNames = value.FigureNames[value.Statement]()
	flowNames   = value.FigureNames[value.TTM]()
)

// field explains a figure of a statement on the share basis, nil if it is null.
func (e *explainer) field(place int, name string) *value.Explanation {
	s := &e.statements[place]
	number, _ := figure(s, name)
	if number == nil {
		return nil
	}
	node := e.asFiled(place, name)
	if node == nil {
		return nil
	}
	if basis := s.BasisDate(name); basis != nil && e.basis.on != nil {
		if splits := value.BasisSplits(*basis, *e.basis.on, e.basis.splits[e.rows[place].CompanyID]); len(splits) > 0 {
			//exhaustruct:ignore nothing else belongs to it
			node = &value.Explanation{Op: value.OpAdjustForSplits, Value: *number, Splits: splits, Inputs: []*value.Explanation{node}}
		}
	}
	return node
}

// asFiled explains a figure as filed, unless other rules made it.
func (e *explainer) asFiled(place int, name string) *value.Explanation {
	row := &e.rows[place]
	if isStale(*row) {
		return nil
	}
	if row.RulesVersion == nil || e.facts == nil {
		filed := statementFromRow(*row)
		number, _ := figure(&filed, name)
		//exhaustruct:ignore nothing else belongs to it
		return &value.Explanation{Op: value.OpEntered, Value: *number}
	}
	fields, ok := e.filed[place]
	if !ok {
		fields, _ = e.facts.Explain(e.asOf, value.Period(row.Period), row.EndDate)
		e.filed[place] = fields
	}
	return fields[name]
}

func (e *explainer) placeOf(r *metric.Report) int { return slices.Index(e.reports, r) }

func (e *explainer) key(place int) value.StatementKey {
	return value.StatementKey{Period: e.statements[place].Period, EndDate: e.statements[place].EndDate}
}

// named is the explanation of a figure as the field that it is.
func (e *explainer) named(place int, name string) *value.Explanation {
	node := e.field(place, name)
	if node == nil {
		return nil
	}
	return value.ExplainField(e.key(place), name, node)
}

// months explains a figure of the twelve months that end with a statement.
func (e *explainer) months(place int, name string, number *big.Rat) *value.Explanation {
	parts := value.TwelveMonths(&e.statements[place], e.statements)
	//exhaustruct:ignore nothing else belongs to it
	sum := &value.Explanation{Op: value.OpSum, Value: decimal.NewFromBigRat(number, value.Precision)}
	add := func(names ...string) {
		for _, n := range names {
			sum.Inputs = append(sum.Inputs, e.months(place, n, e.reports[place].Months(n)))
		}
	}
	ttm := value.TrailingTwelveMonths(e.statements[place], e.statements)
	switch {
	case name == "ebit" && len(parts) > 1 && *ttm.EBITBasis == value.PretaxPlusInterest:
		add("profit_before_tax", "interest_expense")
	case name == "ebit" && len(parts) > 1:
		add("operating_income")
	case name == "ebitda" && len(parts) > 1:
		add("ebit", "depreciation_and_amortization")
	default:
		for _, part := range parts {
			i := slices.IndexFunc(e.statements, func(s value.Statement) bool {
				return s.Period == part.Period && s.EndDate.Equal(part.EndDate) && s.Currency == part.Currency
			})
			sum.Inputs = append(sum.Inputs, e.named(i, name))
		}
	}
	return value.ExplainField(e.key(place), "ttm."+name, sum)
}

// metric explains a metric of a statement, with its result; the node is nil if that is not known.
func (e *explainer) metric(place int, d *metric.Definition) (*value.Explanation, metric.Result) {
	r := e.reports[place]
	result := e.metrics.Of(r, d)
	if result.Exact == nil {
		return nil, result
	}
	return e.formula(d.ID, result, e.metrics.Reads(r, d)), result
}

// formula is the node of a metric that was made of what it read.
func (e *explainer) formula(id string, result metric.Result, reads []metric.Read) *value.Explanation {
	//exhaustruct:ignore nothing else belongs to it
	node := &value.Explanation{Op: value.OpFormula, Value: *result.Decimal(), Metric: id}
	for _, read := range reads {
		if read.Value == nil || read.Report == nil {
			continue
		}
		place := e.placeOf(read.Report)
		var in *value.Explanation
		switch {
		case read.Metric:
			in, _ = e.metric(place, metric.Find(read.Name))
			if in != nil {
				in = value.ExplainField(e.key(place), read.Name, in)
			}
		case read.Months:
			in = e.months(place, read.Name, read.Value)
		default:
			in = e.named(place, read.Name)
		}
		if in != nil {
			node.Inputs = append(node.Inputs, in)
		}
	}
	return node
}

// explain reads a statement as known on a day and calls f with it, all of one snapshot.
func (a *App) explain(ctx context.Context, id int64, at PointInTime, f func(e *explainer, place int) error) (s Statement, err error) {
	err = a.readExplained(ctx, func(q *db.Queries) error {
		row, err := q.GetFinancialStatement(ctx, db.GetFinancialStatementParams{ID: id, AsOf: at.AsOf})
		if err != nil {
			return found(err, "statement")
		}
		s = Statement{&row.FinancialStatement, row.Ticker, nil}
		if err := a.adjustOne(ctx, q, at, &s); err != nil {
			return err
		}
		e, err := a.newExplainer(ctx, q, s.CompanyID, at)
		if err != nil {
			return err
		}
		if err := e.current(); err != nil {
			return err
		}
		return f(e, e.place(id))
	})
	return s, err
}

// ExplainStatement returns a statement as known on a day with the explanations of its figures, nil for those that are null.
// Errors: Invalid, NotFound, Unavailable.
func (a *App) ExplainStatement(ctx context.Context, id int64, at PointInTime) (s Statement, nodes map[string]*value.Explanation, err error) {
	var v validator
	v.pointInTime(at, a.today())
	if err := v.err(); err != nil {
		return s, nil, err
	}
	s, err = a.explain(ctx, id, at, func(e *explainer, place int) error {
		nodes = make(map[string]*value.Explanation, len(figureNames))
		for _, name := range figureNames {
			nodes[name] = e.field(place, name)
		}
		return nil
	})
	return s, nodes, err
}

// Explain returns how a figure, `ttm.x` of the twelve months, or a metric of a statement as known on a day was made. Errors: Invalid, NotFound,
// Unavailable.
func (a *App) Explain(ctx context.Context, id int64, at PointInTime, name string) (x Explanation, err error) {
	var v validator
	v.pointInTime(at, a.today())
	d := metric.Find(name)
	flow, isFlow := strings.CutPrefix(name, "ttm.")
	isFlow = isFlow && slices.Contains(flowNames, flow)
	v.check(d != nil || isFlow || slices.Contains(figureNames, name), "field",
		fmt.Sprintf("must be a figure of a statement or of its twelve months, or a metric, which %q is not", name))
	v.check(d == nil || d.Scope != metric.OfDay, "field", "must be of a statement: "+name+" is of a trading day")
	if err := v.err(); err != nil {
		return x, err
	}
	x.Name = name
	x.Statement, err = a.explain(ctx, id, at, func(e *explainer, place int) error {
		switch {
		case isFlow:
			if number := e.reports[place].Months(flow); number != nil {
				x.Node = e.months(place, flow, number)
			}
			return nil
		case d == nil:
			x.Node = e.field(place, name)
			return nil
		}
		var v validator
		v.check(d.Scope != metric.OfYear || e.statements[place].Period == value.Annual, "field", "must be of this statement: "+name+" is of annual ones", "id")
		if err := v.err(); err != nil {
			return err
		}
		node, result := e.metric(place, d)
		x.Node, x.Result = node, &result
		return nil
	})
	return x, err
}

// FindStatement returns the statement of a company's fiscal year, or quarter if that is not 0, as known on a day. Errors:
// Invalid, NotFound.
func (a *App) FindStatement(ctx context.Context, t string, fiscalYear, quarter int, at PointInTime) (s Statement, err error) {
	c, err := findCompany(ctx, a.queries, t)
	if err != nil {
		return s, err
	}
	rows, err := a.queries.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{CompanyID: c.ID, AsOf: at.AsOf})
	if err != nil {
		return s, errors.Wrap(err, "list statements")
	}
	for _, r := range rows {
		isQuarter := r.FiscalQuarter != nil && int(*r.FiscalQuarter) == quarter
		if int(r.FiscalYear) == fiscalYear && (isQuarter || quarter == 0 && r.Period == string(value.Annual)) {
			return Statement{&r, c.Symbol, nil}, nil
		}
	}
	return s, found(pgx.ErrNoRows, "statement")
}

// A RatioExplanation says how a ratio or metric of a trading day follows from the close and filed facts. Node is nil if it is
// null.
type RatioExplanation struct {
	Ticker       string
	Date         time.Time
	StatementEnd *time.Time // nil if there was no statement
	Currency     *string    // of the statement
	Name         string
	Node         *value.Explanation
	Result       *metric.Result // of a metric
}

// Figures of a trading day that are explained, beside its metrics.
const (
	marketCap       = "market_cap"
	enterpriseValue = "enterprise_value"
	sharesOnDay     = "shares_outstanding"
)

// ExplainRatio returns how a figure or metric of a listing's trading day was made. Errors: Invalid, NotFound, Unavailable.
func (a *App) ExplainRatio(ctx context.Context, t string, day time.Time, name string, o DayOptions) (x RatioExplanation, err error) {
	var v validator
	v.date("date", &day, a.today())
	v.pointInTime(o.PointInTime, a.today())
	v.check(v.wrong || o.AsOf == nil || !day.After(*o.AsOf), "date", "must not be after as_of", "as_of")
	d := metric.Find(name)
	v.check(d != nil || slices.Contains([]string{marketCap, enterpriseValue, sharesOnDay}, name), "field",
		fmt.Sprintf("must be a figure or metric of a trading day, which %q is not", name))
	v.check(d == nil || d.Scope == metric.OfDay, "field", "must be of a trading day: "+name+" is of a statement")
	if err := v.err(); err != nil {
		return x, err
	}
	var wanted []*metric.Definition
	if d != nil {
		wanted = append(wanted, d)
	}
	err = a.readExplained(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		prices, err := q.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: day, ToDay: day})
		if err != nil || len(prices) == 0 {
			return found(cmp.Or(err, pgx.ErrNoRows), "price of that day")
		}
		f, err := listFilings(ctx, q, []db.Listing{l}, day, day, yearsOf(wanted), o.AsOf)
		if err != nil {
			return err
		}
		histories, err := listHistories(ctx, q, []db.Listing{l}, day, day, o.AsOf, wanted)
		if err != nil {
			return err
		}
		k := f[l.CompanyID].of(l)
		k.goTo(day)
		e := &dayExplainer{explainer: k.explainer(), k: k, market: k.marketValue(prices[0].Close), close: prices[0].Close}
		if e.facts, err = a.filedFacts(ctx, q, l.CompanyID); err != nil {
			return err
		}
		if err := e.current(); err != nil {
			return err
		}
		e.ratios = e.market.Ratios(k.latest, k.ttm)
		x = RatioExplanation{Ticker: l.Ticker, Date: day, StatementEnd: e.ratios.StatementEndDate, Currency: e.ratios.Currency, Name: name}
		if d == nil {
			x.Node = e.figure(name)
			return nil
		}
		company, of := k.metricDay(e.market, &e.ratios)
		h := histories[l.ID]
		of.PriceEarnings, of.PricesFrom = h.before(day), h.from
		if o.GrahamSize > 0 {
			of.GrahamSize = big.NewRat(o.GrahamSize, 1)
		}
		e.reports, e.metrics = k.reports, company
		result := company.OnDay(of, d)
		x.Result = &result
		if result.Exact != nil {
			x.Node = e.ofDay(d.ID, result, company.ReadsOnDay(of, d))
		}
		return nil
	})
	return x, err
}

// A dayExplainer explains the figures of a trading day, from the statements as known on it.
type dayExplainer struct {
	*explainer
	k      *known
	market value.MarketValue
	ratios value.DailyRatios
	close  decimal.Decimal
}

// explainer explains the statements that are known on the day, on its share basis.
func (k *known) explainer() *explainer {
	//exhaustruct:ignore the facts follow
	e := &explainer{
		asOf: k.day, basis: shareBasis{on: &k.day, splits: map[int64][]value.Split{k.listing.CompanyID: k.splits}},
		filed: map[int]map[string]*value.Explanation{},
	}
	for i, v := range k.filings.statements {
		if v.isKnown(k.day) {
			e.rows = append(e.rows, *k.rows[i])
			e.statements = append(e.statements, e.basis.statement(v.companyID, v.Statement))
		}
	}
	return e
}

// ofDay explains a metric of the day.
func (e *dayExplainer) ofDay(id string, result metric.Result, reads []metric.Read) *value.Explanation {
	node := e.formula(id, result, reads)
	var figures []*value.Explanation
	for _, read := range reads {
		if read.Report == nil && read.Value != nil {
			figures = append(figures, e.figure(read.Name))
		}
	}
	node.Inputs = append(figures, node.Inputs...)
	return node
}

// entered is what was imported or declared, and not filed.
func entered(name string, number decimal.Decimal) *value.Explanation {
	//exhaustruct:ignore nothing else belongs to it
	return &value.Explanation{Op: value.OpEntered, Value: number, Field: name}
}

// figure explains a figure of the day, nil if it is null. The market value of a metric is in the currency of the statement.
func (e *dayExplainer) figure(name string) *value.Explanation {
	formula := func(number *decimal.Decimal, inputs ...*value.Explanation) *value.Explanation {
		if number == nil {
			return nil
		}
		//exhaustruct:ignore nothing else belongs to it
		return &value.Explanation{Op: value.OpFormula, Value: *number, Metric: name, Inputs: slices.DeleteFunc(inputs, func(in *value.Explanation) bool { return in == nil })}
	}
	whole := func(n *int64) *decimal.Decimal {
		if n == nil {
			return nil
		}
		return new(decimal.NewFromInt(*n))
	}
	latest := -1
	if e.k.latest != nil {
		latest = slices.IndexFunc(e.statements, func(s value.Statement) bool {
			return s.Period == e.k.latest.Period && s.EndDate.Equal(e.k.latest.EndDate) && s.Currency == e.k.latest.Currency
		})
	}
	var price []*value.Explanation
	if name != sharesOnDay {
		price = append(price, entered("close", e.close))
		if shares := value.OrdinaryShares(e.k.listing.OrdinaryShares, e.k.isForeign()); shares != nil && shares.Cmp(big.NewRat(1, 1)) != 0 {
			price = append(price, entered("ordinary_shares", value.RatioDecimal(shares)))
		}
		if rate := e.market.ExchangeRate; name != marketCap && rate != nil && rate.Cmp(big.NewRat(1, 1)) != 0 {
			price = append(price, entered("exchange_rate", value.RatioDecimal(rate)))
		}
	}
	switch name {
	case sharesOnDay:
		return e.shares(latest)
	case marketCap:
		return formula(whole(e.market.Listed), append(price, e.shares(latest))...)
	case metric.Cap:
		return formula(whole(e.market.Cap), append(price, e.shares(latest))...)
	case metric.Price:
		number := value.RatioDecimal(e.market.Price())
		return formula(&number, price...)
	case enterpriseValue:
		if e.ratios.EnterpriseValue == nil {
			return nil
		}
		inputs := []*value.Explanation{e.figure(metric.Cap)}
		for _, field := range []string{"total_debt", "noncontrolling_interest", "preferred_stock", "cash_and_equivalents"} {
			inputs = append(inputs, e.named(latest, field))
		}
		return formula(whole(e.ratios.EnterpriseValue), inputs...)
	}
	return nil
}

// shares explains the number of shares on the day, nil if it is not known.
func (e *dayExplainer) shares(latest int) *value.Explanation {
	if e.market.Shares == nil || e.k.latest == nil || e.facts == nil {
		return nil
	}
	count := value.CountFor(e.k.latest, e.k.newest)
	node := e.facts.ExplainShareCount(*count)
	if count.Source == value.WeightedAverage {
		node = e.asFiled(latest, sharesOnDay)
	}
	if splits := value.BasisSplits(count.BasisDate, e.k.day, e.k.splits); node != nil && len(splits) > 0 {
		//exhaustruct:ignore nothing else belongs to it
		node = &value.Explanation{
			Op: value.OpAdjustForSplits, Value: decimal.NewFromInt(*e.market.Shares), Splits: splits, Inputs: []*value.Explanation{node},
		}
	}
	return node
}
