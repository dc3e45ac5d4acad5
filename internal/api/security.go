package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
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

var errKeyNotAllowed = &app.Error{
	Code: app.Forbidden, Type: "api-key-not-allowed", Message: "an API key cannot do this: use an access token",
}

// HandleOAuth2PasswordBearer finds out whose access token, key or cookie a request has.
func (h *handler) HandleOAuth2PasswordBearer(ctx context.Context, op oas.OperationName, t oas.OAuth2PasswordBearer) (context.Context, error) {
	q := requestOf(ctx)
	var err error
	switch {
	case q.byCookie:
		err = h.identifyCookie(ctx)
	case strings.HasPrefix(t.Token, auth.KeyPrefix):
		return withKey(ctx, op)
	default:
		q.actor, err = h.app.Identify(ctx, t.Token)
	}
	return context.WithValue(ctx, actorKey{}, q.actor), err
}

// HandleApiKey finds out whose key a request has, unless it has an access token.
func (h *handler) HandleApiKey(ctx context.Context, op oas.OperationName, _ oas.ApiKey) (context.Context, error) {
	if q := requestOf(ctx); q.key == 0 && q.keyErr == nil {
		return ctx, ogenerrors.ErrSkipServerSecurity
	}
	return withKey(ctx, op)
}

// withKey gives an operation the actor whose key identifyKey found.
func withKey(ctx context.Context, op oas.OperationName) (context.Context, error) {
	q := requestOf(ctx)
	switch {
	case q.keyErr != nil:
		return ctx, q.keyErr
	case oas.GetRolesForApiKey(op) == nil:
		return ctx, errKeyNotAllowed
	}
	return context.WithValue(ctx, actorKey{}, q.actor), nil
}

// identifyKey finds out whose API key a request to the API has, also where it needs none, so that it is known whom to
// count and log. A wrong one counts for nothing there.
func identifyKey(a *app.App, refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, Prefix+"/") {
				if err := requestOf(r.Context()).identifyKey(a, r.Header); err != nil {
					refuse(w, r, err)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// identifyKey does so once. Its error is none of the key.
func (q *request) identifyKey(a *app.App, h http.Header) error {
	key := keyOf(h)
	if known := q.key != 0 || q.keyErr != nil; known || key == "" {
		return nil
	}
	q.actor, q.keyErr = a.IdentifyKey(q, key)
	q.key = q.actor.KeyID
	if q.keyErr == nil {
		acceptKey(q)
	}
	if told := (*app.Error)(nil); !errors.As(q.keyErr, &told) {
		return q.keyErr
	}
	return nil
}

// keyOf returns the API key of a request, "" if there is none. An access token goes before X-API-Key.
func keyOf(h http.Header) string {
	if token, ok := bearerOf(h); ok {
		if strings.HasPrefix(token, auth.KeyPrefix) {
			return token
		}
		return ""
	}
	return first(h["X-Api-Key"])
}

func bearerOf(h http.Header) (token string, ok bool) {
	scheme, token, ok := strings.Cut(first(h["Authorization"]), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}
