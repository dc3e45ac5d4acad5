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
	maxKeys      = 50 // of one user, in force
	keyUsedEvery = time.Minute
)

// APIKeyInput is what a key is made of.
type APIKeyInput struct {
	Name            string
	CanWrite        bool
	Days            int32 // until it expires
	CurrentPassword string
}

// CreateAPIKey returns a new key of the actor's, which is not stored, and what is. Since a key outlives the login, it
// takes the password. Errors: Invalid, NotFound, RateLimited, Unavailable, Conflict.
func (a *App) CreateAPIKey(ctx context.Context, actor Actor, in APIKeyInput) (key string, k db.ApiKey, err error) {
	u, err := a.queries.GetUser(ctx, actor.UserID)
	if err != nil {
		return "", k, found(err, "user")
	}
	var v validator
	v.line("/name", &in.Name)
	if err := v.err(); err != nil {
		return "", k, err
	}
	if err := a.confirmPassword(ctx, u, in.CurrentPassword); err != nil {
		return "", k, err
	}
	now := a.Now()
	key, prefix, hash := auth.NewKey()
	p := db.CreateAPIKeyParams{
		UserID: u.ID, Name: in.Name, Prefix: prefix, KeyHash: hash, CanWrite: in.CanWrite, CreatedAt: now,
		ExpiresAt: now.AddDate(0, 0, int(in.Days)),
	}
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		owner, err := q.LockUser(ctx, u.ID)
		if err != nil {
			return found(err, "user")
		}
		switch {
		case !owner.IsActive: // in the meantime, which ended the keys
			return notFound("user")
		case owner.TokenVersion != u.TokenVersion:
			return errOldPassword
		}
		n, err := q.CountAPIKeys(ctx, db.CountAPIKeysParams{UserID: u.ID, Now: now})
		if err != nil {
			return errors.Wrap(err, "count keys")
		}
		if n >= maxKeys {
			return &Error{Code: Conflict, Message: "this account has 50 keys: revoke one first"}
		}
		if k, err = q.CreateAPIKey(ctx, p); err != nil {
			return errors.Wrap(err, "create key")
		}
		return a.audit(ctx, q, actor, keyEvent("api_key.created", k))
	})
	if err != nil {
		return "", k, err
	}
	return key, k, nil
}

func keyEvent(action string, k db.ApiKey) auditEvent {
	return auditEvent{Action: action, TargetType: "api_key", Target: idText(k.ID), Detail: map[string]any{
		"user_id": k.UserID, "name": k.Name, "prefix": k.Prefix, "can_write": k.CanWrite, "expires_at": k.ExpiresAt,
	}}
}

// ListAPIKeys returns a page of the actor's keys, the newest first, or to a superuser of another user's. Errors:
// Forbidden, Invalid.
func (a *App) ListAPIKeys(ctx context.Context, actor Actor, userID *int64, p Page) ([]db.ApiKey, string, error) {
	if userID == nil {
		userID = &actor.UserID
	} else if *userID != actor.UserID {
		if err := actor.superuser(); err != nil {
			return nil, "", err
		}
	}
	params := db.ListAPIKeysParams{UserID: userID, BeforeID: math.MaxInt64, PageSize: p.limit()}
	var v validator
	v.page(p, &params.BeforeID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListAPIKeys(ctx, params)
	return cut(p, rows, err, func(k db.ApiKey) []any { return []any{k.ID} })
}

// RevokeAPIKey ends a key of the actor's, or anybody's for a superuser. Errors: NotFound.
func (a *App) RevokeAPIKey(ctx context.Context, actor Actor, keyID int64) error {
	p := db.DeleteAPIKeyParams{ID: keyID, UserID: nil}
	if !actor.Superuser {
		p.UserID = &actor.UserID
	}
	return a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		k, err := q.DeleteAPIKey(ctx, p)
		if err != nil {
			return found(err, "API key")
		}
		return a.audit(ctx, q, actor, keyEvent("api_key.revoked", k))
	})
}

// IdentifyKey returns as whom a key acts. Errors: Unauthenticated.
func (a *App) IdentifyKey(ctx context.Context, key string) (Actor, error) {
	invalid := &Error{Code: Unauthenticated, Message: "the API key is not valid"}
	hash, ok := auth.HashKey(key)
	if !ok {
		return Actor{}, invalid
	}
	now := a.Now()
	end := func(k db.GetAPIKeyOwnerRow) time.Time { return k.ExpiresAt }
	known, err := a.identities.keys.get(string(hash), now, end, func() (db.GetAPIKeyOwnerRow, error) {
		return a.queries.GetAPIKeyOwner(ctx, db.GetAPIKeyOwnerParams{KeyHash: hash, Now: now})
	})
	k := known.row
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Actor{}, invalid
	case err != nil:
		return Actor{}, errors.Wrap(err, "get key")
	}
	if before := now.Add(-keyUsedEvery); k.LastUsedAt == nil || k.LastUsedAt.Before(before) {
		if err := a.queries.TouchAPIKey(ctx, db.TouchAPIKeyParams{ID: k.ID, Now: now, Before: before}); err != nil {
			a.Logger.WarnContext(ctx, "the use of an API key was not noted", "api_key", k.ID, "error", err)
		} else {
			known.row.LastUsedAt = &now
			a.identities.keys.put(string(hash), known)
		}
	}
	actor := a.actor(k.UserID, k.IsSuperuser, k.TotpEnabled)
	actor.KeyID, actor.ReadOnly = k.ID, !k.CanWrite
	return actor, nil
}
