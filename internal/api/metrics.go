package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// goverter:variables
var (
	// goverter:map FinancialStatement.ID StatementID
	// goverter:autoMap FinancialStatement
	// goverter:autoMap Metrics
	// goverter:map Results Metrics | metricValues
	// goverter:map Results Reasons | metricReasons
	// goverter:map Results Signals | metricSignals
	// goverter:map Results Variables | metricVariables
	toValueMetrics func(app.StatementMetrics) oas.ValueMetrics

	toTrailingTwelveMonths func(value.TTM) oas.TrailingTwelveMonths
)

func (h *handler) ListCompanyValueMetrics(ctx context.Context, p oas.ListCompanyValueMetricsParams) (*oas.ValueMetricsPage, error) {
	return list[oas.ValueMetricsPage](toValueMetrics)(h.app.ListCompanyMetrics(ctx, string(p.Ticker), period(p.Period),
		pointInTime(p.AsOf, p.ShareBasis), p.Metrics, page(p.PageSize, p.PageToken)))
}

func (h *handler) ListValueMetrics(ctx context.Context, p oas.ListValueMetricsParams) (*oas.ValueMetricsPage, error) {
	f := app.StatementFilter{
		Period: period(p.Period), FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince), KnownSince: get(p.KnownSince),
	}
	return list[oas.ValueMetricsPage](toValueMetrics)(
		h.app.ListMetrics(ctx, f, pointInTime(p.AsOf, p.ShareBasis), p.Metrics, page(p.PageSize, p.PageToken)))
}

func metricValues(results []app.MetricResult) oas.MetricValues {
	values := make(oas.MetricValues, len(results))
	for _, r := range results {
		values[r.ID] = asNilDecimal(r.Decimal())
	}
	return values
}

func metricReasons(results []app.MetricResult) oas.MetricReasons {
	reasons := oas.MetricReasons{}
	for _, r := range results {
		if r.Exact == nil {
			reasons[r.ID] = toMetricNull(r.Result)
		}
	}
	return reasons
}

func toMetricNull(r metric.Result) oas.MetricNull {
	return oas.MetricNull{Reason: oas.MetricReason(r.Reason), MissingInputs: append([]string{}, r.Missing...)}
}

func metricSignals(results []app.MetricResult) oas.MetricSignals {
	signals := oas.MetricSignals{}
	for _, r := range results {
		if !r.HasSignals() {
			continue
		}
		of := oas.MetricSignalsItem{}
		for _, p := range r.Parts {
			of[p.ID] = toNil[oas.NilBool](p.Holds())
		}
		signals[r.ID] = of
	}
	return signals
}

func metricVariables(results []app.MetricResult) oas.MetricVariables {
	variables := oas.MetricVariables{}
	for _, r := range results {
		if !r.Serves() || r.HasSignals() {
			continue
		}
		of := oas.MetricValues{}
		for _, p := range r.Parts {
			of[p.ID] = asNilDecimal(p.Decimal())
		}
		variables[r.ID] = of
	}
	return variables
}

func (h *handler) ListMetrics(context.Context) (*oas.MetricDefinitions, error) {
	var out oas.MetricDefinitions
	for _, d := range metric.All() {
		years := oas.NilInt32{Value: int32(d.Years), Null: d.Years == metric.AllYears}
		out.Items = append(out.Items, oas.MetricDefinition{
			ID: d.ID, Label: d.Label, Group: string(d.Group), Unit: oas.MetricDefinitionUnit(d.Unit), Scope: oas.MetricDefinitionScope(d.Scope),
			Formula: d.Formula, Where: toMetricTerms(d.Where), Inputs: append([]string{}, d.Inputs...),
			Better: oas.MetricDefinitionBetter(d.Better), Source: d.Source, Caveat: d.Caveat, Years: years,
		})
	}
	out.Terms = toMetricTerms(metric.Terms)
	return &out, nil
}

func toMetricTerms(terms []metric.Term) []oas.MetricTerm {
	out := make([]oas.MetricTerm, len(terms))
	for i, t := range terms {
		out[i] = oas.MetricTerm{ID: t.ID, Formula: t.Formula}
	}
	return out
}
