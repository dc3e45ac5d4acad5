package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Session
	toSession func(app.Session) oas.Session
)

func (h *handler) Logout(ctx context.Context) error { return h.app.Logout(ctx, actor(ctx)) }

func (h *handler) ListSessions(ctx context.Context, p oas.ListSessionsParams) (*oas.SessionPage, error) {
	return list[oas.SessionPage](toSession)(h.app.ListSessions(ctx, actor(ctx), page(p.PageSize, p.PageToken)))
}

func (h *handler) EndOtherSessions(ctx context.Context) error {
	return h.app.EndOtherSessions(ctx, actor(ctx))
}

func (h *handler) EndSession(ctx context.Context, p oas.EndSessionParams) error {
	return h.app.EndSession(ctx, actor(ctx), p.ID)
}
