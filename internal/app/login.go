package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
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

// Authenticate is Login without a session. Errors: Unauthenticated, RateLimited.
func (a *App) Authenticate(ctx context.Context, client, email, password, otp string) (db.UserAccount, error) {
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
		if err := a.loginFailed(ctx, u, ok); err != nil {
			return db.UserAccount{}, err
		}
		return db.UserAccount{}, &Error{Code: Unauthenticated, Message: "wrong email or password"}
	}
	if err := a.checkSecondFactor(ctx, u, otp); err != nil {
		if e, ok := errors.Into[*Error](err); ok && e.Code == Unauthenticated {
			reason := map[bool]string{true: "no_second_factor", false: "wrong_second_factor"}[otp == ""]
			err = errors.Join(err, a.audit(ctx, a.queries, Actor{}, auditEvent{
				Action: "login.failed", Reason: reason, TargetType: "user", Target: strconv.FormatInt(u.ID, 10),
			}))
		}
		return db.UserAccount{}, err
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

// loginFailed writes an event whatever failed, so that it takes as long. What was typed as an address is not in it: it
// may be a password.
func (a *App) loginFailed(ctx context.Context, u db.UserAccount, rightPassword bool) error {
	e := auditEvent{Action: "login.failed", Reason: "unknown_account"}
	if u.ID != 0 {
		e.Reason, e.TargetType, e.Target = "wrong_password", "user", strconv.FormatInt(u.ID, 10)
	}
	if rightPassword {
		e.Reason = "deactivated"
	}
	return a.audit(ctx, a.queries, Actor{}, e)
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
	return a.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		invalid := invalid("/token", "is not valid, was used or has expired")
		id, err := q.TakePasswordReset(ctx, db.TakePasswordResetParams{TokenHash: auth.HashResetToken(token), Now: a.Now()})
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid
		} else if err != nil {
			return errors.Wrap(err, "take reset token")
		}
		u, err := q.LockUser(ctx, id)
		if err != nil {
			return errors.Wrap(err, "lock user")
		}
		if !u.IsActive {
			return invalid
		}
		return a.passwordSet(ctx, tx, q, Actor{UserID: id}, "password.reset", u, hash)
	})
}
