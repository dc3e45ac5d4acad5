package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap DailyRatios
	toDailyRatios func(app.DailyRatios) oas.DailyRatios
)

func (h *handler) ListCompanyDailyRatios(ctx context.Context, p oas.ListCompanyDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	return list[oas.DailyRatiosPage](toDailyRatios)(
		h.app.ListCompanyDailyRatios(ctx, string(p.Ticker), get(p.From), get(p.To), page(p.PageSize, p.PageToken)))
}

func (h *handler) ListDailyRatios(ctx context.Context, p oas.ListDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	return list[oas.DailyRatiosPage](toDailyRatios)(h.app.ListDailyRatios(ctx, p.Date, page(p.PageSize, p.PageToken)))
}
