package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// StatementMetrics is a statement with its trailing twelve months and value metrics.
type StatementMetrics struct {
	db.FinancialStatement
	Ticker     string
	AdjustedTo *time.Time
	TTM        value.TTM
	Metrics    value.Metrics
	Results    []MetricResult // of those that were asked for
}

// A MetricResult is what a metric is of something.
type MetricResult struct {
	*metric.Definition
	metric.Result
}

// What stands for all metrics, and for none beyond the fields that every answer has.
const (
	allMetrics = "all"
	noMetrics  = "none"
)

// maxPageWithMetrics is how many items a page of a list over all companies has at most with metrics, as each is read with the
// years before.
const maxPageWithMetrics = 100

func (v *validator) pageWithMetrics(p Page, wanted []*metric.Definition) {
	v.check(len(wanted) == 0 || p.Size <= maxPageWithMetrics, "page_size", fmt.Sprintf("must be at most %d with metrics", maxPageWithMetrics), "metrics")
}

// metrics returns the metrics of some scopes that are asked for by their ids and groups, or by the given default.
func (v *validator) metrics(names []string, otherwise string, scopes ...metric.Scope) []*metric.Definition {
	if len(names) == 0 {
		names = []string{otherwise}
	}
	wanted := map[string]bool{}
	for _, name := range names {
		d := metric.Find(name)
		switch {
		case name == allMetrics, name == noMetrics, slices.Contains(metric.Groups, metric.Group(name)):
		case d == nil:
			v.check(false, "metrics", fmt.Sprintf("must be ids or groups of metrics, which %q is not", name))
		case !slices.Contains(scopes, d.Scope):
			v.check(false, "metrics", fmt.Sprintf("must be of what is listed: %s is of the scope %s", name, d.Scope))
		}
		wanted[name] = true
	}
	return slices.DeleteFunc(metric.All(), func(d *metric.Definition) bool {
		return !slices.Contains(scopes, d.Scope) || !wanted[d.ID] && !wanted[string(d.Group)] && !wanted[allMetrics]
	})
}

// ListCompanyMetrics returns the metrics of the statements that ListCompanyStatements returns: those of the names, or all.
// Errors: Invalid, NotFound.
func (a *App) ListCompanyMetrics(
	ctx context.Context, t string, period *value.Period, at PointInTime, names []string, p Page,
) (out []StatementMetrics, next string, err error) {
	var v validator
	wanted := v.metrics(names, allMetrics, metric.OfStatement, metric.OfYear)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		var page []Statement
		if page, next, err = a.listCompanyStatements(ctx, q, t, period, at, p); err != nil {
			return err
		}
		out, err = a.withMetrics(ctx, q, page, at, wanted)
		return err
	})
	return out, next, err
}

// ListMetrics returns the metrics of the statements that ListStatements returns: those of the names, or none beyond the
// fields of value.Metrics. Errors: Invalid.
func (a *App) ListMetrics(
	ctx context.Context, f StatementFilter, at PointInTime, names []string, p Page,
) (out []StatementMetrics, next string, err error) {
	var v validator
	wanted := v.metrics(names, noMetrics, metric.OfStatement, metric.OfYear)
	v.pageWithMetrics(p, wanted)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		var page []Statement
		if page, next, err = a.listStatements(ctx, q, f, at, p); err != nil {
			return err
		}
		out, err = a.withMetrics(ctx, q, page, at, wanted)
		return err
	})
	return out, next, err
}

const (
	// ttmDays are those before the end of a statement in which the quarters of its twelve months end: four can have up to
	// 130 days each.
	ttmDays = 500
	// yearDays are those before the end of a statement in which that of a year ago ends.
	yearDays = 366 + 7
)

// beginning is before every statement.
var beginning = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// withinParams asks for the statements that metrics of a page of them read.
func withinParams(page []Statement, asOf *time.Time, wanted []*metric.Definition) db.ListFinancialStatementsWithinParams {
	days, ofYears := ttmDays, ttmDays
	endless := false
	for _, d := range wanted {
		switch {
		case d.Scope == metric.OfStatement:
			days = max(days, ttmDays+d.Years*yearDays)
		case d.Years == metric.AllYears:
			endless = true
		default:
			ofYears = max(ofYears, d.Years*yearDays)
		}
	}
	ofYears = max(ofYears, days)
	//exhaustruct:ignore the companies follow
	p := db.ListFinancialStatementsWithinParams{AsOf: asOf}
	place := map[int64]int{}
	for _, s := range page {
		since, yearsSince := s.EndDate.AddDate(0, 0, -days), s.EndDate.AddDate(0, 0, -ofYears)
		if endless {
			yearsSince = beginning
		}
		i, ok := place[s.CompanyID]
		if !ok {
			place[s.CompanyID] = len(p.CompanyIds)
			p.CompanyIds, p.Until = append(p.CompanyIds, s.CompanyID), append(p.Until, s.EndDate)
			p.Since, p.YearsSince = append(p.Since, since), append(p.YearsSince, yearsSince)
			continue
		}
		p.Until[i] = latest(p.Until[i], s.EndDate)
		p.Since[i], p.YearsSince[i] = earliest(p.Since[i], since), earliest(p.YearsSince[i], yearsSince)
	}
	return p
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// withMetrics computes the metrics of statements as filed, on the share basis that is asked for.
func (a *App) withMetrics(
	ctx context.Context, q *db.Queries, page []Statement, at PointInTime, wanted []*metric.Definition,
) ([]StatementMetrics, error) {
	if len(page) == 0 {
		return nil, nil
	}
	rows, err := q.ListFinancialStatementsWithin(ctx, withinParams(page, at.AsOf, wanted))
	if err != nil {
		return nil, errors.Wrap(err, "list statements before")
	}
	basis, err := a.shareBasis(ctx, q, at, companiesOf(page))
	if err != nil {
		return nil, err
	}
	type company struct {
		filed      []value.Statement
		statements []value.Statement // on the share basis
		places     map[int64]int     // by id
		reports    []*metric.Report
		metrics    *metric.Company
	}
	companies := map[int64]*company{}
	for i := range rows {
		r := &rows[i]
		c := companies[r.CompanyID]
		if c == nil {
			c = &company{places: map[int64]int{}}
			companies[r.CompanyID] = c
		}
		c.places[r.ID] = len(c.statements)
		filed := statementFromRow(*r)
		c.filed, c.statements = append(c.filed, filed), append(c.statements, basis.statement(r.CompanyID, filed))
	}
	out := make([]StatementMetrics, len(page))
	for i, s := range page {
		c := companies[s.CompanyID]
		place := c.places[s.ID]
		st := c.statements[place]
		ttm := value.TrailingTwelveMonths(st, c.statements)
		out[i] = StatementMetrics{*s.FinancialStatement, s.Ticker, basis.on, ttm, value.ComputeMetrics(st, ttm), nil}
		if len(wanted) == 0 {
			continue
		}
		if c.metrics == nil {
			c.reports = basis.reports(s.CompanyID, c.filed)
			c.metrics = metric.NewCompany(c.reports)
		}
		for _, d := range wanted {
			if d.Scope == metric.OfStatement || st.Period == value.Annual {
				out[i].Results = append(out[i].Results, MetricResult{d, c.metrics.Of(c.reports[place], d)})
			}
		}
	}
	return out, nil
}
