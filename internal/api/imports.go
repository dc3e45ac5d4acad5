package api

import (
	"context"
	"io"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var toImport func(db.Import) oas.Import

func (h *handler) startImport(ctx context.Context, kind app.ImportKind, ticker, exchange *string, file io.Reader) (*oas.Import, error) {
	return one(toImport)(h.app.StartImport(ctx, actor(ctx), app.ImportRequest{Kind: kind, Ticker: ticker, Exchange: exchange, File: file}))
}

func (h *handler) ImportCompanies(ctx context.Context, req *oas.ImportCompaniesReqWithContentType) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportCompanies, nil, nil, req.Content)
}

func (h *handler) ImportSecCompanyFacts(ctx context.Context, req *oas.ImportSecCompanyFactsReqWithContentType, p oas.ImportSecCompanyFactsParams) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportSECCompanyFacts, (*string)(get(p.Ticker)), get(p.Exchange), req.Content)
}

func (h *handler) ImportPrices(ctx context.Context, req *oas.ImportPricesReqWithContentType, p oas.ImportPricesParams) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportPrices, new(string(p.Ticker)), nil, req.Content)
}

func (h *handler) ImportSplits(ctx context.Context, req *oas.ImportSplitsReqWithContentType) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportSplits, nil, nil, req.Content)
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
