package app

import (
	"context"
	"math"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

const (
	// SessionLife is after how long a session ends, however often it is refreshed.
	SessionLife = 180 * 24 * time.Hour
	// refreshGrace is how long a refresh token that comes again is taken for a second tab of its owner. It gets nothing
	// in that time either, so that a thief gains nothing by being quick.
	refreshGrace = 10 * time.Second
)

// A Grant is what a login or a refresh gives.
type Grant struct {
	AccessToken  string
	AccessLife   time.Duration
	RefreshToken string
	RefreshLife  time.Duration
}

// Login begins a session for the email and password of an active account, and a code if it has a second factor. Whatever
// is wrong with email and password, the error is the same and takes as long. Errors: Unauthenticated, RateLimited.
func (a *App) Login(ctx context.Context, email, password, otp string) (Grant, error) {
	u, err := a.Authenticate(ctx, email, password, otp)
	if err != nil {
		return Grant{}, err
	}
	var g Grant
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		s, err := a.openSession(ctx, q, u, a.RefreshTokenLife)
		if err != nil {
			return err
		}
		g, err = a.grant(ctx, q, auth.Claims{UserID: u.ID, SessionID: s.ID, Version: u.TokenVersion}, s.ExpiresAt)
		return err
	})
	return g, err
}

// OpenSession begins a session without a refresh token for a user whom Authenticate has returned. Who holds a token of
// its own kind with the session's id is known by IdentifySession.
func (a *App) OpenSession(ctx context.Context, u db.UserAccount, life time.Duration) (s db.Session, err error) {
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		s, err = a.openSession(ctx, q, u, life)
		return err
	})
	return s, err
}

func (a *App) openSession(ctx context.Context, q *db.Queries, u db.UserAccount, life time.Duration) (db.Session, error) {
	origin, now := OriginOf(ctx), a.Now()
	s, err := q.CreateSession(ctx, db.CreateSessionParams{
		UserID: u.ID, TokenVersion: u.TokenVersion, Now: now, ExpiresAt: now.Add(min(life, SessionLife)), Client: origin.client(), UserAgent: notEmpty(origin.UserAgent),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return s, &Error{Code: Unauthenticated, Message: "wrong email or password"}
	} else if err != nil {
		return s, errors.Wrap(err, "create session")
	}
	return s, a.audit(ctx, q, Actor{UserID: u.ID}, auditEvent{
		Action: "login.succeeded", TargetType: "session", Target: idText(s.ID),
	})
}

// grant makes the tokens of a session.
func (a *App) grant(ctx context.Context, q *db.Queries, c auth.Claims, ends time.Time) (Grant, error) {
	access, expires, err := a.Tokens.Issue(c)
	if err != nil {
		return Grant{}, errors.Wrap(err, "issue access token")
	}
	refresh, hash := auth.NewResetToken()
	if err := q.CreateRefreshToken(ctx, db.CreateRefreshTokenParams{TokenHash: hash, SessionID: c.SessionID}); err != nil {
		return Grant{}, errors.Wrap(err, "store refresh token")
	}
	now := a.Now()
	return Grant{
		AccessToken: access, AccessLife: min(expires.Sub(now), ends.Sub(now)), RefreshToken: refresh, RefreshLife: ends.Sub(now),
	}, nil
}

// sessionEnd is when a session ends that is used now, and not again.
func (a *App) sessionEnd(created, now time.Time) time.Time {
	expires, last := now.Add(a.RefreshTokenLife), created.Add(SessionLife)
	if expires.After(last) {
		return last
	}
	return expires
}

// Refresh takes a refresh token for new tokens. A token works once: when a used one comes again, either its owner or a
// thief has the newest, and so the session ends. Errors: Unauthenticated, Conflict.
func (a *App) Refresh(ctx context.Context, token string) (g Grant, err error) {
	invalid := &Error{Code: Unauthenticated, Message: "the refresh token is not valid, was used or has expired"}
	var refused error // after what was found out is committed
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		hash, now := auth.HashResetToken(token), a.Now()
		s, err := q.LockSessionOfToken(ctx, hash)
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid
		} else if err != nil {
			return errors.Wrap(err, "lock session")
		}
		used, err := q.GetRefreshTokenUse(ctx, hash)
		if err != nil {
			return errors.Wrap(err, "get refresh token")
		}
		u, err := q.GetUser(ctx, s.UserID)
		switch {
		case err != nil:
			return errors.Wrap(err, "get user")
		case !u.IsActive || !now.Before(s.ExpiresAt):
			return invalid
		case used != nil && now.Before(used.Add(refreshGrace)):
			return &Error{
				Code: Conflict, Type: "refresh-token-just-used", Message: "the refresh token was used a moment ago: use the token that this gave",
			}
		case used != nil:
			refused = invalid
			return a.tokenReused(ctx, tx, q, u, s.ID)
		}
		expires := a.sessionEnd(s.CreatedAt, now)
		if err := q.UseRefreshToken(ctx, db.UseRefreshTokenParams{TokenHash: hash, Now: now}); err != nil {
			return errors.Wrap(err, "use refresh token")
		}
		origin := OriginOf(ctx)
		err = q.RefreshSession(ctx, db.RefreshSessionParams{
			ID: s.ID, Now: now, ExpiresAt: expires, Client: origin.client(), UserAgent: notEmpty(origin.UserAgent),
		})
		if err != nil {
			return errors.Wrap(err, "refresh session")
		}
		g, err = a.grant(ctx, q, auth.Claims{UserID: u.ID, SessionID: s.ID, Version: u.TokenVersion}, expires)
		return err
	})
	if err == nil {
		err = refused
	}
	return g, err
}

func (a *App) tokenReused(ctx context.Context, tx pgx.Tx, q *db.Queries, u db.UserAccount, session int64) error {
	if _, err := q.DeleteSession(ctx, db.DeleteSessionParams{ID: session, UserID: u.ID}); err != nil {
		return errors.Wrap(err, "end session")
	}
	err := a.audit(ctx, q, Actor{}, auditEvent{
		Action: "token.reused", TargetType: "user", Target: idText(u.ID), Detail: map[string]any{"session_id": session},
	})
	if err != nil {
		return err
	}
	return a.notify(ctx, tx, u.Email, noticeTokenReused, "")
}

// Identify returns whose access token this is. Errors: Unauthenticated.
func (a *App) Identify(ctx context.Context, token string) (Actor, error) {
	claims, err := a.Tokens.Parse(token)
	if err != nil {
		return Actor{}, errNoSession
	}
	return a.IdentifySession(ctx, claims)
}

var errNoSession = &Error{Code: Unauthenticated, Message: "the access token is not valid"}

// IdentifySession returns who the claims of a checked token are about. Errors: Unauthenticated.
func (a *App) IdentifySession(ctx context.Context, c auth.Claims) (Actor, error) {
	_, actor, err := a.identifySession(ctx, c)
	return actor, err
}

func (a *App) identifySession(ctx context.Context, c auth.Claims) (stated[db.GetSessionUserRow], Actor, error) {
	now := a.Now()
	end := func(s db.GetSessionUserRow) time.Time { return s.ExpiresAt }
	s, err := a.identities.sessions.get(c, now, end, func() (db.GetSessionUserRow, error) {
		return a.queries.GetSessionUser(ctx, db.GetSessionUserParams{ID: c.SessionID, UserID: c.UserID, Now: now})
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s, Actor{}, errNoSession
	case err != nil:
		return s, Actor{}, errors.Wrap(err, "get session")
	case s.row.TokenVersion != c.Version:
		return s, Actor{}, errNoSession
	}
	actor := a.actor(c.UserID, s.row.IsSuperuser, s.row.TotpEnabled)
	actor.SessionID = c.SessionID
	return s, actor, nil
}

// actor is the user as who they may act. A superuser who has to have a second factor and has none may do what an
// ordinary user may, and so set one up.
func (a *App) actor(userID int64, superuser, secondFactor bool) Actor {
	mustEnrol := superuser && a.RequireSuperuser2FA && !secondFactor
	return Actor{UserID: userID, Superuser: superuser && !mustEnrol, MustEnrol: mustEnrol}
}

// A Session is one of the actor's.
type Session struct {
	db.Session
	Current bool
}

// session returns an error unless the actor is logged in.
func (a Actor) session() error {
	switch {
	case a.UserID == 0:
		return &Error{Code: Unauthenticated, Message: "log in first"}
	case a.SessionID == 0:
		return &Error{Code: Forbidden, Message: "this needs a login"}
	}
	return nil
}

// ListSessions returns a page of the actor's sessions, the newest first. Errors: Unauthenticated, Forbidden, Invalid.
func (a *App) ListSessions(ctx context.Context, actor Actor, p Page) ([]Session, string, error) {
	if err := actor.session(); err != nil {
		return nil, "", err
	}
	params := db.ListSessionsParams{UserID: actor.UserID, Now: a.Now(), BeforeID: math.MaxInt64, PageSize: p.limit()}
	var v validator
	v.page(p, &params.BeforeID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListSessions(ctx, params)
	return pageOf(p, rows, err, func(s db.Session) []any { return []any{s.ID} },
		func(s *db.Session) Session { return Session{*s, s.ID == actor.SessionID} })
}

// Logout ends the actor's session. Errors: Unauthenticated, Forbidden.
func (a *App) Logout(ctx context.Context, actor Actor) error {
	if err := actor.session(); err != nil {
		return err
	}
	err := a.EndSession(ctx, actor, actor.SessionID)
	if e, ok := errors.Into[*Error](err); ok && e.Code == NotFound {
		return nil // by another request at the same time
	}
	return err
}

// EndSession ends one of the actor's sessions. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) EndSession(ctx context.Context, actor Actor, id int64) error {
	if err := actor.session(); err != nil {
		return err
	}
	return a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		n, err := q.DeleteSession(ctx, db.DeleteSessionParams{ID: id, UserID: actor.UserID})
		switch {
		case err != nil:
			return errors.Wrap(err, "end session")
		case n == 0:
			return notFound("session")
		}
		return a.audit(ctx, q, actor, auditEvent{Action: "session.ended", TargetType: "session", Target: idText(id)})
	})
}

// EndOtherSessions ends all of the actor's sessions but this one. Errors: Unauthenticated, Forbidden.
func (a *App) EndOtherSessions(ctx context.Context, actor Actor) error {
	if err := actor.session(); err != nil {
		return err
	}
	return a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		n, err := q.DeleteSessions(ctx, db.DeleteSessionsParams{UserID: actor.UserID, Keep: actor.SessionID})
		if err != nil || n == 0 {
			return wrap(err, "end sessions")
		}
		return a.audit(ctx, q, actor, auditEvent{
			Action: "session.ended", TargetType: "user", Target: idText(actor.UserID), Detail: map[string]any{"others": n},
		})
	})
}
