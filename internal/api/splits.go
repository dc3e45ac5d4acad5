package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
)

// goverter:variables
var (
	toSplit func(db.Split) oas.Split

	// goverter:ignore CompanyID
	fromSplit func(oas.SplitInput) db.CreateSplitParams
)

func (h *handler) ListCompanySplits(ctx context.Context, p oas.ListCompanySplitsParams) (*oas.SplitPage, error) {
	return list[oas.SplitPage](toSplit)(h.app.ListCompanySplits(ctx, string(p.Ticker), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateSplit(ctx context.Context, req *oas.SplitInput, p oas.CreateSplitParams) (*oas.Split, error) {
	return one(toSplit)(h.app.CreateSplit(ctx, actor(ctx), string(p.Ticker), fromSplit(*req)))
}
