package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// The console is what superusers use with a browser: the job monitor and whatever asks /forward-auth. Its login is a
// cookie that no operation of the API takes.

// ConsoleLife is how long a login of a browser lasts.
const ConsoleLife = 12 * time.Hour

// OpenConsole logs a superuser in and returns the cookie's token. Errors: Unauthenticated, Forbidden, RateLimited,
// Unavailable.
func (a *App) OpenConsole(ctx context.Context, email, password, otp string) (token string, expires time.Time, err error) {
	u, err := a.Authenticate(ctx, email, password, otp)
	if err != nil {
		return "", expires, err
	}
	actor := a.actor(u.ID, u.IsSuperuser, u.TotpConfirmedAt != nil)
	if err := actor.superuser(); err != nil {
		return "", expires, err
	}
	var s db.Session
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		if s, err = a.openSession(ctx, q, u, ConsoleLife); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, userEvent("console.opened", u.ID))
	})
	if err != nil {
		return "", expires, err
	}
	token, expires, err = a.ConsoleTokens.Issue(auth.Claims{UserID: u.ID, SessionID: s.ID, Version: u.TokenVersion})
	return token, expires, wrap(err, "issue token")
}

// IdentifyConsole returns whose console a cookie's token has open. Errors: Unauthenticated.
func (a *App) IdentifyConsole(ctx context.Context, token string) (Actor, error) {
	invalid := &Error{Code: Unauthenticated, Message: "log in as a superuser"}
	claims, err := a.ConsoleTokens.Parse(token)
	if err != nil {
		return Actor{}, invalid
	}
	actor, err := a.IdentifySession(ctx, claims)
	if errors.Is(err, errNoSession) || err == nil && !actor.Superuser {
		return Actor{}, invalid
	}
	return actor, err
}

// CloseConsole ends the login of a cookie's token, if it is one.
func (a *App) CloseConsole(ctx context.Context, token string) error {
	actor, err := a.IdentifyConsole(ctx, token)
	if e := Explain(err); e != nil && e.Code == Unauthenticated {
		return nil
	} else if err != nil {
		return err
	}
	return a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		if _, err := q.DeleteSession(ctx, db.DeleteSessionParams{ID: actor.SessionID, UserID: actor.UserID}); err != nil {
			return errors.Wrap(err, "end session")
		}
		return a.audit(ctx, q, actor, userEvent("console.closed", actor.UserID))
	})
}
