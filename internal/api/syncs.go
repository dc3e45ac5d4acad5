package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Sync
	toSync func(app.Sync) oas.Sync

	toSyncFailure func(db.ListSyncFailuresRow) oas.SyncFailure
)

func (h *handler) StartSync(ctx context.Context, req *oas.SyncCreate, p oas.StartSyncParams) (*oas.Sync, error) {
	ctx = app.WithIdempotencyKey(ctx, p.IdempotencyKey.Or(""))
	tickers := make([]string, len(req.Tickers))
	for i, t := range req.Tickers {
		tickers[i] = string(t)
	}
	return one(toSync)(h.app.StartSync(ctx, actor(ctx), tickers))
}

func (h *handler) ListSyncs(ctx context.Context, p oas.ListSyncsParams) (*oas.SyncPage, error) {
	return list[oas.SyncPage](toSync)(h.app.ListSyncs(ctx, actor(ctx), page(p.PageSize, p.PageToken)))
}

func (h *handler) GetSync(ctx context.Context, p oas.GetSyncParams) (*oas.Sync, error) {
	return one(toSync)(h.app.GetSync(ctx, actor(ctx), p.ID))
}

func (h *handler) CancelSync(ctx context.Context, p oas.CancelSyncParams) (*oas.Sync, error) {
	return one(toSync)(h.app.CancelSync(ctx, actor(ctx), p.ID))
}
