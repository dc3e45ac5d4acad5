package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

func (h *handler) ExplainFinancialStatement(ctx context.Context, p oas.ExplainFinancialStatementParams) (*oas.ExplainedFigure, error) {
	return one(toExplainedFigure)(h.app.Explain(ctx, p.ID, pointInTime(p.AsOf, p.ShareBasis), p.Field))
}

func toExplainedFigure(x app.Explanation) oas.ExplainedFigure {
	return oas.ExplainedFigure{
		StatementID: x.ID, Ticker: x.Ticker, Period: oas.Period(x.Period), EndDate: x.EndDate, Currency: oas.Currency(x.Currency), Name: x.Name,
		Explanation: asExplanation(x.Node), Reason: asMetricNull(x.Result),
	}
}

// asMetricNull says why a metric is null, null for one that is not, and for what is no metric.
func asMetricNull(r *metric.Result) oas.NilMetricNull {
	var why *oas.MetricNull
	if r != nil && r.Exact == nil {
		why = new(toMetricNull(*r))
	}
	return toNil[oas.NilMetricNull](why)
}

// withExplanations returns a statement with the explanations of its figures.
func withExplanations(s app.Statement, nodes map[string]*value.Explanation) *oas.FinancialStatement {
	out := new(oas.FinancialStatement)
	fillStatement(s, out)
	explanations := make(oas.FinancialStatementExplanations, len(nodes))
	for name, node := range nodes {
		explanations[name] = asExplanation(node)
	}
	out.Explanations.SetTo(explanations)
	return out
}

func toExplanation(e *value.Explanation) oas.Explanation {
	//exhaustruct:ignore the rest is not of every operation
	out := oas.Explanation{Op: oas.ExplanationOp(e.Op), Value: e.Value, Inputs: make([]oas.Explanation, len(e.Inputs))}
	text := func(field *oas.OptString, s string) {
		if s != "" {
			field.SetTo(s)
		}
	}
	text(&out.Rule, e.Rule)
	text(&out.Metric, e.Metric)
	text(&out.Field, e.Field)
	if e.Op == value.OpFact {
		text(&out.Tag, e.Tag)
		text(&out.Unit, e.Unit)
		out.Start.SetToNull()
		if e.Start != nil {
			out.Start.SetTo(*e.Start)
		}
		out.End.SetTo(e.End)
		out.SetBy.SetTo(toFiling(*e.SetBy))
		out.RepeatedBy.SetToNull()
		if e.RepeatedBy != nil {
			out.RepeatedBy.SetTo(toFiling(*e.RepeatedBy))
		}
	}
	if e.Factor != nil {
		out.Factor.SetTo(*e.Factor)
	}
	if e.Decimals != nil {
		out.Decimals.SetTo(int32(*e.Decimals))
	}
	if k := e.Statement; k != nil {
		out.Statement.SetTo(oas.StatementKey{Period: oas.Period(k.Period), EndDate: k.EndDate})
	}
	for _, s := range e.Splits {
		out.Splits = append(out.Splits, oas.AppliedSplit{
			EffectiveDate: s.EffectiveDate, Ratio: value.RatioDecimal(s.Ratio), RatioFraction: s.Ratio.RatString(), Source: oas.SplitSource(s.Source),
		})
	}
	for i, in := range e.Inputs {
		out.Inputs[i] = toExplanation(in)
	}
	return out
}

func (h *handler) ExplainDailyRatio(ctx context.Context, p oas.ExplainDailyRatioParams) (*oas.ExplainedRatio, error) {
	var basis oas.OptShareBasis // the day's
	o := app.DayOptions{PointInTime: pointInTime(p.AsOf, basis), Metrics: nil, GrahamSize: p.GrahamSize.Value}
	return one(toExplainedRatio)(h.app.ExplainRatio(ctx, string(p.Ticker), p.Date, p.Field, o))
}

func toExplainedRatio(x app.RatioExplanation) oas.ExplainedRatio {
	return oas.ExplainedRatio{
		Ticker: x.Ticker, Date: x.Date, StatementEndDate: asNilDate(x.StatementEnd), Currency: toNil[oas.NilCurrency]((*oas.Currency)(x.Currency)),
		Name: x.Name, Explanation: asExplanation(x.Node), Reason: asMetricNull(x.Result),
	}
}

func asExplanation(e *value.Explanation) oas.NilExplanation {
	var node *oas.Explanation
	if e != nil {
		node = new(toExplanation(e))
	}
	return toNil[oas.NilExplanation](node)
}
