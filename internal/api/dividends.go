package api

import (
	"context"
	"time"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Dividend
	toDividend func(app.Dividend) oas.Dividend

	// goverter:map ShareBasisDate | dateOrZero
	// goverter:ignore CompanyID
	fromDividend func(oas.DividendInput) app.DividendInput
)

func dateOrZero(o oas.OptNilDate) time.Time { return o.Or(time.Time{}) }

func (h *handler) ListCompanyDividends(ctx context.Context, p oas.ListCompanyDividendsParams) (*oas.DividendPage, error) {
	return list[oas.DividendPage](toDividend)(
		h.app.ListCompanyDividends(ctx, string(p.Ticker), pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateDividend(ctx context.Context, req *oas.DividendInput, p oas.CreateDividendParams) (*oas.Dividend, error) {
	ctx = app.WithIdempotencyKey(ctx, p.IdempotencyKey.Or(""))
	return tagged(ctx, one(toDividend))(h.app.CreateDividend(ctx, actor(ctx), string(p.Ticker), fromDividend(*req)))
}

func (h *handler) ListDividends(ctx context.Context, p oas.ListDividendsParams) (*oas.DividendPage, error) {
	f := app.DividendFilter{FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince), KnownSince: get(p.KnownSince)}
	return list[oas.DividendPage](toDividend)(
		h.app.ListDividends(ctx, f, pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}

func (h *handler) GetDividend(ctx context.Context, p oas.GetDividendParams) (*oas.Dividend, error) {
	return one(toDividend)(h.app.GetDividend(ctx, p.ID, pointInTime(p.AsOf, p.ShareBasis)))
}

func (h *handler) ReplaceDividend(ctx context.Context, req *oas.DividendInput, p oas.ReplaceDividendParams) (*oas.Dividend, error) {
	ctx = ifMatch(ctx, p.IfMatch, one(toDividend))
	return tagged(ctx, one(toDividend))(h.app.ReplaceDividend(ctx, actor(ctx), p.ID, fromDividend(*req)))
}

func (h *handler) DeleteDividend(ctx context.Context, p oas.DeleteDividendParams) error {
	return h.app.DeleteDividend(ifMatch(ctx, p.IfMatch, one(toDividend)), actor(ctx), p.ID)
}
