package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

type actorKey struct{}

func actor(ctx context.Context) app.Actor {
	a, _ := ctx.Value(actorKey{}).(app.Actor)
	return a
}

// acceptKey counts a request as its API key's, which turned out valid, and no longer as its network's.
func acceptKey(ctx context.Context) {
	if accepted := requestOf(ctx).keyAccepted; accepted != nil {
		accepted()
	}
}

// HandleOAuth2PasswordBearer finds out whose access token a request has.
func (h *handler) HandleOAuth2PasswordBearer(ctx context.Context, _ oas.OperationName, t oas.OAuth2PasswordBearer) (context.Context, error) {
	a, err := h.app.Identify(ctx, t.Token)
	return context.WithValue(ctx, actorKey{}, a), err
}
