package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
)

// goverter:variables
var toPrice func(db.Price) oas.Price

func (h *handler) ListCompanyPrices(ctx context.Context, p oas.ListCompanyPricesParams) (*oas.PricePage, error) {
	return list[oas.PricePage](toPrice)(
		h.app.ListPrices(ctx, string(p.Ticker), get(p.From), get(p.To), page(p.PageSize, p.PageToken)))
}
