package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Price
	toPrice func(app.Price) oas.Price
)

func (h *handler) ListCompanyPrices(ctx context.Context, p oas.ListCompanyPricesParams) (*oas.PricePage, error) {
	return list[oas.PricePage](toPrice)(
		h.app.ListPrices(ctx, string(p.Ticker), get(p.From), get(p.To), pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}
