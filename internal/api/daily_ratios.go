package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap DailyRatios
	// goverter:map Results Metrics | metricValues
	// goverter:map Results MetricReasons | metricReasons
	// goverter:map Results Signals | metricSignals
	toDailyRatios func(app.DailyRatios) oas.DailyRatios
)

func (h *handler) ListCompanyDailyRatios(ctx context.Context, p oas.ListCompanyDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	o := app.DayOptions{PointInTime: pointInTime(p.AsOf, p.ShareBasis), Metrics: p.Metrics, GrahamSize: p.GrahamSize.Value}
	return list[oas.DailyRatiosPage](toDailyRatios)(
		h.app.ListCompanyDailyRatios(ctx, string(p.Ticker), get(p.From), get(p.To), o, page(p.PageSize, p.PageToken)))
}

func (h *handler) ListDailyRatios(ctx context.Context, p oas.ListDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	o := app.DayOptions{PointInTime: pointInTime(p.AsOf, p.ShareBasis), Metrics: p.Metrics, GrahamSize: p.GrahamSize.Value}
	return list[oas.DailyRatiosPage](toDailyRatios)(h.app.ListDailyRatios(ctx, p.Date, o, page(p.PageSize, p.PageToken)))
}
