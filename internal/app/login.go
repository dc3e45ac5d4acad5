package app

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// Authenticate is Login without a session. Errors: Unauthenticated, RateLimited, Unavailable.
func (a *App) Authenticate(ctx context.Context, email, password, otp string) (db.UserAccount, error) {
	if !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		email = "" // no account's, and nothing to ask the database for
	}
	counted, err := a.countAttempt(ctx, "login", email)
	if err != nil {
		return db.UserAccount{}, err
	}
	u, err := userByEmail(ctx, a.queries, email)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return db.UserAccount{}, counted.takeBack(ctx, errors.Wrap(err, "get user"))
	}
	ok, rehash, err := a.verify(ctx, password, u.PasswordHash)
	if err != nil {
		return db.UserAccount{}, counted.takeBack(ctx, err)
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
				Action: "login.failed", Reason: reason, TargetType: "user", Target: idText(u.ID),
			}))
		}
		if otp == "" {
			return db.UserAccount{}, counted.takeBack(ctx, err) // the password was right
		}
		return db.UserAccount{}, err
	}
	if rehash {
		hash, err := a.hash(ctx, password)
		if err != nil {
			return db.UserAccount{}, counted.takeBack(ctx, err)
		}
		if err := a.queries.RehashPassword(ctx, db.RehashPasswordParams{ID: u.ID, OldHash: u.PasswordHash, NewHash: hash}); err != nil {
			return db.UserAccount{}, errors.Wrap(err, "store new hash")
		}
	}
	return u, counted.succeeded(ctx)
}

// loginFailed writes an event whatever failed, so that it takes as long. What was typed as an address is not in it: it
// may be a password.
func (a *App) loginFailed(ctx context.Context, u db.UserAccount, rightPassword bool) error {
	e := auditEvent{Action: "login.failed", Reason: "unknown_account"}
	if u.ID != 0 {
		e.Reason, e.TargetType, e.Target = "wrong_password", "user", idText(u.ID)
	}
	if rightPassword {
		e.Reason = "deactivated"
	}
	return a.audit(ctx, a.queries, Actor{}, e)
}

// RecoverPassword enqueues the email with a reset token, whether the address is known or not, so that neither the
// response nor its time tells. field names the address in errors. Errors: Invalid, RateLimited.
func (a *App) RecoverPassword(ctx context.Context, field, email string) error {
	var v validator
	v.email(field, &email)
	if err := v.err(); err != nil {
		return err
	}
	if _, err := a.countAttempt(ctx, "recovery", ""); err != nil {
		return err
	}
	return a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		if ok, err := a.mayMail(ctx, q, email); err != nil || !ok {
			return err
		}
		u, err := userByEmail(ctx, q, email)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return errors.Wrap(err, "get user")
		}
		e := auditEvent{Action: "password.recovery_requested"}
		e.of(u)
		if err := a.audit(ctx, q, Actor{}, e); err != nil {
			return err
		}
		_, err = a.jobs.InsertTx(ctx, tx, ResetMailArgs{Email: email}, nil)
		return wrap(err, "enqueue mail")
	})
}

// ResetPassword sets a password with a token from the email, once. Errors: RateLimited, Unavailable, Invalid.
func (a *App) ResetPassword(ctx context.Context, token, password string) error {
	var v validator
	v.password("/new_password", password, a.ProjectName)
	if err := v.err(); err != nil {
		return err
	}
	counted, err := a.countAttempt(ctx, "reset", "")
	if err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return counted.takeBack(ctx, err)
	}
	return a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
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
		v.password("/new_password", password, a.wordsOf(u.Email, u.FullName)...)
		if err := v.err(); err != nil {
			return err
		}
		if err := q.ForgetAccountAttempts(ctx, new(accountKey(u.Email))); err != nil {
			return errors.Wrap(err, "forget attempts")
		}
		return a.passwordSet(ctx, tx, q, Actor{UserID: u.ID}, "password.reset", u, hash)
	})
}
