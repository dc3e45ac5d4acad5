package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// goverter:variables
var (
	// goverter:map Statement.FinancialStatement.ID StatementID
	// goverter:autoMap Statement
	// goverter:autoMap Statement.FinancialStatement
	// goverter:autoMap Metrics
	toValueMetrics func(app.StatementMetrics) oas.ValueMetrics

	toTrailingTwelveMonths func(value.TTM) oas.TrailingTwelveMonths
)

func (h *handler) ListCompanyValueMetrics(ctx context.Context, p oas.ListCompanyValueMetricsParams) (*oas.ValueMetricsPage, error) {
	return list[oas.ValueMetricsPage](toValueMetrics)(
		h.app.ListCompanyMetrics(ctx, string(p.Ticker), period(p.Period), get(p.AsOf), page(p.PageSize, p.PageToken)))
}

func (h *handler) ListValueMetrics(ctx context.Context, p oas.ListValueMetricsParams) (*oas.ValueMetricsPage, error) {
	f := app.StatementFilter{Period: period(p.Period), FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince)}
	return list[oas.ValueMetricsPage](toValueMetrics)(h.app.ListMetrics(ctx, f, page(p.PageSize, p.PageToken)))
}
