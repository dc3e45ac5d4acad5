package api

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// goverter:variables
var (
	// goverter:map Parts Values | partValues
	// goverter:map Parts Reasons | partReasons
	// goverter:map Cells Sensitivity
	toValuation func(app.Valuation) oas.Valuation
)

func (h *handler) GetCompanyValuation(ctx context.Context, p oas.GetCompanyValuationParams) (*oas.Valuation, error) {
	rates := app.ValuationRates{
		DiscountRate: p.DiscountRate, TerminalGrowth: p.TerminalGrowth, Growth: get(p.Growth), Years: int(p.Years.Value),
	}
	return one(toValuation)(h.app.ValueCompany(ctx, string(p.Ticker), rates, string(p.Value.Value), string(p.CashFlow.Value), get(p.AsOf)))
}

func partValues(parts []metric.Part) oas.MetricValues {
	values := make(oas.MetricValues, len(parts))
	for _, p := range parts {
		values[p.ID] = asNilDecimal(p.Decimal())
	}
	return values
}

func partReasons(parts []metric.Part) oas.MetricReasons {
	reasons := oas.MetricReasons{}
	for _, p := range parts {
		if p.Exact == nil {
			reasons[p.ID] = toMetricNull(p.Result)
		}
	}
	return reasons
}

// asValuationCell is used by the generated conversions.
func asValuationCell(c metric.Cell) oas.ValuationCell {
	var growth *decimal.Decimal
	if c.Growth != nil {
		growth = new(value.RatioDecimal(c.Growth))
	}
	return oas.ValuationCell{
		DiscountRate: value.RatioDecimal(c.Discount), Growth: asNilDecimal(growth), TerminalGrowth: value.RatioDecimal(c.TerminalGrowth),
		Values: partValues(c.Parts), Reasons: partReasons(c.Parts),
	}
}
