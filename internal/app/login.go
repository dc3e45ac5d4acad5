package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// countAttempt counts an attempt from the client's address and, unless account is empty, at the account. It returns a
// RateLimited error when one of them has had too many. An attempt counts before its outcome is known, so that
// simultaneous attempts cannot exceed the limit; succeeded uncounts it at the address and resets the account's count.
func (a *App) countAttempt(ctx context.Context, purpose, client, account string) (succeeded func() error, err error) {
	if err := rehearsed(ctx); err != nil {
		return nil, err
	}
	now := a.Now()
	count := func(key string, limit int) (db.CountAttemptRow, error) {
		row, err := a.queries.CountAttempt(ctx, db.CountAttemptParams{Key: key, Now: now, WindowFloor: now.Add(-a.AttemptWindow)})
		if err != nil {
			return row, errors.Wrap(err, "count attempt")
		}
		if int(row.Attempts) > limit {
			return row, &Error{
				Code: RateLimited, Message: "too many attempts, try again later",
				RetryAfter: max(row.WindowStart.Add(a.AttemptWindow).Sub(now), time.Second),
			}
		}
		return row, nil
	}
	addressKey := purpose + ":address:" + client
	row, err := count(addressKey, a.AttemptsPerAddress)
	if err != nil {
		return nil, err
	}
	if account != "" {
		if _, err := count(accountKey(purpose, account), a.AttemptsPerAccount); err != nil {
			return nil, err
		}
	}
	return func() error {
		err := a.queries.TakeBackAttempt(ctx, db.TakeBackAttemptParams{Key: addressKey, WindowStart: row.WindowStart})
		if err != nil {
			return errors.Wrap(err, "take back attempt")
		}
		return wrap(a.queries.ForgetAttempts(ctx, accountKey(purpose, account)), "forget attempts")
	}, nil
}

// accountKey hides the address: what people type there may be anything, even a password.
func accountKey(purpose, account string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(account)))
	return purpose + ":account:" + hex.EncodeToString(sum[:16])
}

// Login returns an access token and its lifetime for the email and password of an active account. Whatever is wrong,
// the error is the same and takes as long. Errors: Unauthenticated, RateLimited.
func (a *App) Login(ctx context.Context, client, email, password string) (token string, life time.Duration, err error) {
	u, err := a.Authenticate(ctx, client, email, password)
	if err != nil {
		return "", 0, err
	}
	token, expires, err := a.Tokens.Issue(u.ID, u.TokenVersion)
	if err != nil {
		return "", 0, errors.Wrap(err, "issue token")
	}
	return token, expires.Sub(a.Now()), nil
}

// Authenticate is Login without the token. Errors: Unauthenticated, RateLimited.
func (a *App) Authenticate(ctx context.Context, client, email, password string) (db.UserAccount, error) {
	if !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		email = "" // no account's, and nothing to ask the database for
	}
	succeeded, err := a.countAttempt(ctx, "login", client, email)
	if err != nil {
		return db.UserAccount{}, err
	}
	u, err := a.queries.GetUserByEmail(ctx, email)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return db.UserAccount{}, errors.Wrap(err, "get user")
	}
	ok, rehash, err := a.Hasher.Verify(ctx, password, u.PasswordHash)
	if err != nil {
		return db.UserAccount{}, errors.Wrap(err, "verify password")
	}
	if !ok || !u.IsActive {
		return db.UserAccount{}, &Error{Code: Unauthenticated, Message: "wrong email or password"}
	}
	if rehash {
		hash, err := a.Hasher.Hash(ctx, password)
		if err != nil {
			return db.UserAccount{}, errors.Wrap(err, "hash password")
		}
		if err := a.queries.RehashPassword(ctx, db.RehashPasswordParams{ID: u.ID, OldHash: u.PasswordHash, NewHash: hash}); err != nil {
			return db.UserAccount{}, errors.Wrap(err, "store new hash")
		}
	}
	return u, succeeded()
}

// Identify returns whose access token this is. Errors: Unauthenticated.
func (a *App) Identify(ctx context.Context, token string) (Actor, error) {
	invalid := &Error{Code: Unauthenticated, Message: "the access token is not valid"}
	claims, err := a.Tokens.Parse(token)
	if err != nil {
		return Actor{}, invalid
	}
	u, err := a.queries.GetUser(ctx, claims.UserID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Actor{}, invalid
	case err != nil:
		return Actor{}, errors.Wrap(err, "get user")
	case !u.IsActive || u.TokenVersion != claims.Version:
		return Actor{}, invalid
	}
	return Actor{UserID: u.ID, Superuser: u.IsSuperuser}, nil
}

// RecoverPassword enqueues the email with a reset token. Only the job finds out whether the address is known, so that
// neither the response nor its time tells. Errors: Invalid, RateLimited.
func (a *App) RecoverPassword(ctx context.Context, client, email string) error {
	var v validator
	v.email("email", email)
	if err := v.err(); err != nil {
		return err
	}
	if _, err := a.countAttempt(ctx, "recovery", client, email); err != nil {
		return err
	}
	_, err := a.enqueue(ctx, ResetMailArgs{Email: email})
	return err
}

// ResetPassword sets a password with a token from the email, once. Errors: RateLimited, Invalid.
func (a *App) ResetPassword(ctx context.Context, client, token, password string) error {
	var v validator
	v.password("/new_password", password)
	if err := v.err(); err != nil {
		return err
	}
	if _, err := a.countAttempt(ctx, "reset", client, ""); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		invalid := invalid("/token", "is not valid, was used or has expired")
		tokenHash := auth.HashResetToken(token)
		u, err := q.LockUserOfPasswordReset(ctx, db.LockUserOfPasswordResetParams{TokenHash: tokenHash, Now: a.Now()})
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid
		} else if err != nil {
			return errors.Wrap(err, "lock user")
		}
		switch taken, err := q.TakePasswordReset(ctx, tokenHash); {
		case err != nil:
			return errors.Wrap(err, "take reset token")
		case taken == 0 || !u.IsActive: // used while this waited for the user
			return invalid
		}
		return setPassword(ctx, q, u.ID, hash)
	})
}
