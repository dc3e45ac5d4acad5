package app

import (
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

// explainedDocuments is how many companies' facts are kept in memory for the next explanation.
const explainedDocuments = 4

// filedFacts returns what the documents of a company hold. One at a time is read, and kept for some time.
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
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	case <-ctx.Done():
		return nil, errors.Wrap(ctx.Err(), "wait for other documents")
	}
	if facts, ok := a.facts.Get(key); ok { // read in the meantime
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

// figureNames are the names of a statement's figures, in its order.
var figureNames = func() (names []string) {
	for field := range reflect.TypeFor[value.Statement]().Fields() {
		if field.Type == reflect.TypeFor[*int64]() || field.Type == reflect.TypeFor[*decimal.Decimal]() {
			names = append(names, field.Tag.Get("json"))
		}
	}
	return names
}()

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
			if read.Report != nil && in != nil {
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
	err = a.read(ctx, func(q *db.Queries) error {
		row, err := q.GetFinancialStatement(ctx, db.GetFinancialStatementParams{ID: id, AsOf: at.AsOf})
		if err != nil {
			return found(err, "statement")
		}
		s = Statement{row.FinancialStatement, row.Ticker, nil}
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

// Explain returns how a figure or a metric of a statement as known on a day was made. Errors: Invalid, NotFound,
// Unavailable.
func (a *App) Explain(ctx context.Context, id int64, at PointInTime, name string) (x Explanation, err error) {
	var v validator
	v.pointInTime(at, a.today())
	d := metric.Find(name)
	v.check(d != nil || slices.Contains(figureNames, name), "field", fmt.Sprintf("must be a figure of a statement or a metric, which %q is not", name))
	v.check(d == nil || d.Scope != metric.OfDay, "field", "must be of a statement: "+name+" is of a trading day")
	if err := v.err(); err != nil {
		return x, err
	}
	x.Name = name
	x.Statement, err = a.explain(ctx, id, at, func(e *explainer, place int) error {
		if d == nil {
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
	c, err := a.GetCompany(ctx, t)
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
			return Statement{r, c.Listings[0].Ticker, nil}, nil
		}
	}
	return s, found(pgx.ErrNoRows, "statement")
}
