package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

func (h *handler) ExplainFinancialStatement(ctx context.Context, p oas.ExplainFinancialStatementParams) (*oas.ExplainedFigure, error) {
	return one(toExplainedFigure)(h.app.Explain(ctx, p.ID, pointInTime(p.AsOf, p.ShareBasis), p.Field))
}

func toExplainedFigure(x app.Explanation) oas.ExplainedFigure {
	out := oas.ExplainedFigure{
		StatementID: x.ID, Ticker: x.Ticker, Period: oas.Period(x.Period), EndDate: x.EndDate, Currency: oas.Currency(x.Currency), Name: x.Name,
		Explanation: asExplanation(x.Node), Reason: oas.NilMetricNull{Null: true},
	}
	if x.Result != nil && x.Result.Exact == nil {
		out.Reason = oas.NewNilMetricNull(toMetricNull(*x.Result))
	}
	return out
}

// withExplanations returns a statement with the explanations of its figures.
func withExplanations(s app.Statement, nodes map[string]*value.Explanation) oas.FinancialStatement {
	out := toFinancialStatement(s)
	explanations := make(oas.FinancialStatementExplanations, len(nodes))
	for name, node := range nodes {
		explanations[name] = asExplanation(node)
	}
	out.Explanations.SetTo(explanations)
	return out
}

func toExplanation(e *value.Explanation) oas.Explanation {
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
		out.Start = oas.OptNilDate{Set: true, Null: e.Start == nil}
		if e.Start != nil {
			out.Start.SetTo(*e.Start)
		}
		out.End.SetTo(e.End)
		out.SetBy.SetTo(toFiling(*e.SetBy))
		out.RepeatedBy.SetTo(asFiling(e.RepeatedBy).Value)
		out.RepeatedBy.Null = e.RepeatedBy == nil
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
	out := oas.ExplainedRatio{
		Ticker: x.Ticker, Date: x.Date, StatementEndDate: asNilDate(x.StatementEnd), Currency: toNil[oas.NilCurrency]((*oas.Currency)(x.Currency)),
		Name: x.Name, Explanation: asExplanation(x.Node), Reason: oas.NilMetricNull{Null: true},
	}
	if x.Result != nil && x.Result.Exact == nil {
		out.Reason = oas.NewNilMetricNull(toMetricNull(*x.Result))
	}
	return out
}

func asExplanation(e *value.Explanation) oas.NilExplanation {
	if e == nil {
		return oas.NilExplanation{Null: true}
	}
	return oas.NewNilExplanation(toExplanation(e))
}
