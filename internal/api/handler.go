// Package api says what EdgeValue's use cases are in HTTP: handlers that convert, call the use case and convert back,
// access tokens, and problems.
package api

import (
	"context"
	"log/slog"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// handler serves every operation of openapi.yaml.
type handler struct {
	app *app.App
	log *slog.Logger
}

var (
	_ oas.Handler         = (*handler)(nil)
	_ oas.SecurityHandler = (*handler)(nil)
)

type actorKey struct{}

func actor(ctx context.Context) app.Actor {
	a, _ := ctx.Value(actorKey{}).(app.Actor)
	return a
}

func (h *handler) HandleOAuth2PasswordBearer(ctx context.Context, _ oas.OperationName, t oas.OAuth2PasswordBearer) (context.Context, error) {
	a, err := h.app.Identify(ctx, t.Token)
	return context.WithValue(ctx, actorKey{}, a), err
}

// NewError makes the problem that ogen answers, and sets its headers.
func (h *handler) NewError(ctx context.Context, err error) *oas.ProblemStatusCode {
	p := newProblem(ctx, h.log, err)
	setErrorHeaders(requestOf(ctx).header, p.StatusCode, err)
	return p
}
