package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
)

// goverter:variables
var toExchangeRate func(db.ExchangeRate) oas.ExchangeRate

func (h *handler) ListExchangeRates(ctx context.Context, p oas.ListExchangeRatesParams) (*oas.ExchangeRatePage, error) {
	return list[oas.ExchangeRatePage](toExchangeRate)(h.app.ListExchangeRates(ctx, (*string)(get(p.Base)), (*string)(get(p.Quote)),
		get(p.From), get(p.To), page(p.PageSize, p.PageToken)))
}
