package api

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// Bounds of an upload of prices.
const (
	maxPriceFile       = app.MaxPriceFileSize + 1
	priceUploadTimeout = 30 * time.Minute // an upload without document is pruned after an hour
)

// goverter:variables
var (
	toImport func(db.Import) oas.Import

	toImportReport func(value.ImportReport) oas.ImportReport
)

func (h *handler) startImport(ctx context.Context, key oas.OptString, r app.ImportRequest) (*oas.Import, error) {
	ctx = app.WithIdempotencyKey(ctx, key.Or(""))
	form := requestOf(ctx).file
	if form != nil {
		r.NameOf = form.fileName
	}
	im, err := h.app.StartImport(ctx, actor(ctx), r)
	if form != nil && !errors.Is(err, form.err) {
		err = ofPart(err)
	}
	return one(toImport)(im, err)
}

func (h *handler) ImportCompanies(ctx context.Context, req oas.ImportCompaniesReq, p oas.ImportCompaniesParams) (*oas.Import, error) {
	return h.startImport(ctx, p.IdempotencyKey, app.ImportRequest{
		Kind: app.ImportCompanies, Ticker: nil, Exchange: nil, FileName: get(p.FileName), File: req.Data,
	})
}

func (h *handler) ImportSecCompanyFacts(ctx context.Context, req oas.ImportSecCompanyFactsReq, p oas.ImportSecCompanyFactsParams) (*oas.Import, error) {
	return h.startImport(ctx, p.IdempotencyKey, app.ImportRequest{
		Kind: app.ImportSECCompanyFacts, Ticker: (*string)(get(p.Ticker)), Exchange: get(p.Exchange),
		OtherCIK: (*app.OtherCIK)(get(p.OtherCik)), FileName: get(p.FileName), File: req.Data,
	})
}

func (h *handler) ImportPrices(ctx context.Context, req oas.ImportPricesReq, p oas.ImportPricesParams) (*oas.Import, error) {
	return h.startImport(ctx, p.IdempotencyKey, app.ImportRequest{
		Kind: app.ImportPrices, Ticker: (*string)(get(p.Ticker)), Adjusted: (*app.Adjustment)(get(p.Adjusted)),
		AdjustedAsOf: get(p.AdjustedAsOf), Exchange: nil, FileName: get(p.FileName), File: req.Data,
	})
}

func (h *handler) ImportExchangeRates(ctx context.Context, req oas.ImportExchangeRatesReq, p oas.ImportExchangeRatesParams) (*oas.Import, error) {
	return h.startImport(ctx, p.IdempotencyKey, app.ImportRequest{
		Kind: app.ImportExchangeRates, Ticker: nil, Exchange: nil, FileName: get(p.FileName), File: req.Data,
	})
}

func (h *handler) ImportSplits(ctx context.Context, req oas.ImportSplitsReq, p oas.ImportSplitsParams) (*oas.Import, error) {
	return h.startImport(ctx, p.IdempotencyKey, app.ImportRequest{
		Kind: app.ImportSplits, Ticker: nil, Exchange: nil, FileName: get(p.FileName), File: req.Data,
	})
}

func (h *handler) ListImports(ctx context.Context, p oas.ListImportsParams) (*oas.ImportPage, error) {
	return list[oas.ImportPage](toImport)(h.app.ListImports(ctx, actor(ctx), page(p.PageSize, p.PageToken)))
}

func (h *handler) GetImport(ctx context.Context, p oas.GetImportParams) (*oas.Import, error) {
	return one(toImport)(h.app.GetImport(ctx, actor(ctx), p.ID))
}

func (h *handler) CancelImport(ctx context.Context, p oas.CancelImportParams) (*oas.Import, error) {
	return one(toImport)(h.app.CancelImport(ctx, actor(ctx), p.ID))
}
