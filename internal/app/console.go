package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
)

// The console is what superusers use with a browser: the job monitor and whatever asks /forward-auth. Its login is a
// cookie that no operation of the API takes.

// OpenConsole logs a superuser in and returns the cookie's token. Errors: Unauthenticated, Forbidden, RateLimited.
func (a *App) OpenConsole(ctx context.Context, email, password, _ string) (token string, expires time.Time, err error) {
	u, err := a.Authenticate(ctx, email, password)
	if err != nil {
		return "", expires, err
	}
	if !u.IsSuperuser {
		return "", expires, &Error{Code: Forbidden, Message: "only a superuser may do this"}
	}
	actor := Actor{UserID: u.ID, Superuser: true}
	if err := a.audit(ctx, a.queries, actor, consoleEvent("console.opened", u.ID)); err != nil {
		return "", expires, err
	}
	token, expires, err = a.ConsoleTokens.Issue(u.ID, u.TokenVersion)
	return token, expires, wrap(err, "issue token")
}

// IdentifyConsole returns whose console a cookie's token has open. Errors: Unauthenticated.
func (a *App) IdentifyConsole(ctx context.Context, token string) (Actor, error) {
	invalid := &Error{Code: Unauthenticated, Message: "log in as a superuser"}
	claims, err := a.ConsoleTokens.Parse(token)
	if err != nil {
		return Actor{}, invalid
	}
	u, err := a.queries.GetUser(ctx, claims.UserID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Actor{}, invalid
	case err != nil:
		return Actor{}, errors.Wrap(err, "get user")
	case !u.IsActive || !u.IsSuperuser || u.TokenVersion != claims.Version:
		return Actor{}, invalid
	}
	return Actor{UserID: u.ID, Superuser: true}, nil
}

// CloseConsole ends the login of a cookie's token, if it is one, with all others of the user.
func (a *App) CloseConsole(ctx context.Context, token string) error {
	actor, err := a.IdentifyConsole(ctx, token)
	if e := Explain(err); e != nil && e.Code == Unauthenticated {
		return nil
	} else if err != nil {
		return err
	}
	return a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.EndAccessTokens(ctx, actor.UserID); err != nil {
			return errors.Wrap(err, "end tokens")
		}
		return a.audit(ctx, q, actor, consoleEvent("console.closed", actor.UserID))
	})
}

func consoleEvent(action string, userID int64) auditEvent {
	return auditEvent{Action: action, TargetType: "user", Target: idText(userID)}
}
