package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// goverter:variables
var (
	// goverter:autoMap Restatement
	toRestatement func(app.Restatement) oas.Restatement

	toFiling func(value.Filing) oas.Filing
)

func (h *handler) ListCompanyRestatements(ctx context.Context, p oas.ListCompanyRestatementsParams) (*oas.RestatementPage, error) {
	f := app.RestatementFilter{
		Period: period(p.Period), Kind: (*value.RestatementKind)(get(p.Kind)), Derived: get(p.Derived), KnownSince: get(p.KnownSince), AsOf: get(p.AsOf),
	}
	return list[oas.RestatementPage](toRestatement)(h.app.ListCompanyRestatements(ctx, string(p.Ticker), f, page(p.PageSize, p.PageToken)))
}

func (h *handler) ListRestatements(ctx context.Context, p oas.ListRestatementsParams) (*oas.RestatementPage, error) {
	f := app.RestatementFilter{
		Period: period(p.Period), Kind: (*value.RestatementKind)(get(p.Kind)), Derived: get(p.Derived), KnownSince: get(p.KnownSince), AsOf: get(p.AsOf),
	}
	return list[oas.RestatementPage](toRestatement)(h.app.ListRestatements(ctx, f, page(p.PageSize, p.PageToken)))
}
