package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// A page logs in with a cookie, which no script can read. Its token stays the same as long as the session, whose row
// says when that ends: later with each use, as a refresh does for other sessions.

// cookieRenewal is how long a session is used before its row says so: one write an hour, not one a request.
const cookieRenewal = time.Hour

// A Cookie is the token of a session, and for how long it is to be kept.
type Cookie struct {
	Token string
	Life  time.Duration
}

// OpenCookieSession is Login for a page. Errors: Unauthenticated, RateLimited, Unavailable.
func (a *App) OpenCookieSession(ctx context.Context, email, password, otp string) (db.UserAccount, Cookie, error) {
	u, err := a.Authenticate(ctx, email, password, otp)
	if err != nil {
		return u, Cookie{}, err
	}
	s, err := a.OpenSession(ctx, u, a.RefreshTokenLife)
	if err != nil {
		return u, Cookie{}, err
	}
	token, _, err := a.CookieTokens.Issue(auth.Claims{UserID: u.ID, SessionID: s.ID, Version: u.TokenVersion})
	return u, Cookie{token, s.ExpiresAt.Sub(a.Now())}, wrap(err, "issue token")
}

// IdentifyCookie returns whose cookie has this token, and the cookie to set if the session was renewed. Errors:
// Unauthenticated.
func (a *App) IdentifyCookie(ctx context.Context, token string) (Actor, *Cookie, error) {
	ended := &Error{Code: Unauthenticated, Message: "the session has ended: log in again"}
	claims, err := a.CookieTokens.Parse(token)
	if err != nil {
		return Actor{}, nil, ended
	}
	s, actor, err := a.identifySession(ctx, claims)
	if errors.Is(err, errNoSession) {
		return Actor{}, nil, ended
	}
	now := a.Now()
	if err != nil || now.Before(s.row.LastUsedAt.Add(cookieRenewal)) {
		return actor, nil, err
	}
	origin, expires := OriginOf(ctx), a.sessionEnd(s.row.CreatedAt, now)
	err = a.queries.RefreshSession(ctx, db.RefreshSessionParams{
		ID: actor.SessionID, Now: now, ExpiresAt: expires, Client: origin.client(), UserAgent: notEmpty(origin.UserAgent),
	})
	if err != nil {
		return Actor{}, nil, errors.Wrap(err, "renew session")
	}
	s.row.LastUsedAt, s.row.ExpiresAt = now, expires
	a.identities.sessions.put(claims, s)
	return actor, &Cookie{token, expires.Sub(now)}, nil
}

// CloseCookieSession ends the session of a cookie's token, if there is one.
func (a *App) CloseCookieSession(ctx context.Context, token string) error {
	claims, err := a.CookieTokens.Parse(token)
	if err != nil {
		return nil //nolint:nilerr // it is no session's
	}
	actor, err := a.IdentifySession(ctx, claims)
	if errors.Is(err, errNoSession) {
		return nil
	} else if err != nil {
		return err
	}
	return a.Logout(ctx, actor)
}
