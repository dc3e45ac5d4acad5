package app

import (
	"context"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
)

var (
	errHasTOTP = &Error{Code: Conflict, Message: "the account has a second factor: remove it first"}
	errNoTOTP  = &Error{Code: Conflict, Message: "the account has no second factor"}
)

const wrongCode = "is wrong, or was used before"

// StartTOTP begins to set up the actor's second factor, who must know the password, and returns its secret and the
// otpauth URI. Errors: NotFound, RateLimited, Invalid, Conflict.
func (a *App) StartTOTP(ctx context.Context, actor Actor, current string) (secret, uri string, err error) {
	u, err := a.own(ctx, actor)
	if err != nil {
		return "", "", err
	}
	if err := a.confirmPassword(ctx, u, current); err != nil {
		return "", "", err
	}
	version := u.TokenVersion
	secret, uri, sealed, err := a.TOTP.New(u.ID, a.ProjectName, u.Email)
	if err != nil {
		return "", "", err
	}
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		u, err := q.LockUser(ctx, u.ID)
		switch {
		case err != nil:
			return found(err, "user")
		case u.TokenVersion != version:
			return errOldPassword
		case u.TotpConfirmedAt != nil:
			return errHasTOTP
		}
		return wrap(q.SetTOTP(ctx, db.SetTOTPParams{ID: u.ID, Secret: sealed}), "store second factor")
	})
	return secret, uri, err
}

// ConfirmTOTP sets up the second factor that StartTOTP began, and returns the recovery codes. Errors: NotFound,
// RateLimited, Invalid, Conflict.
func (a *App) ConfirmTOTP(ctx context.Context, actor Actor, code string) (codes []string, err error) {
	u, err := a.own(ctx, actor)
	if err != nil {
		return nil, err
	}
	counted, err := a.countAttempt(ctx, "otp", u.Email)
	if err != nil {
		return nil, err
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		u, err := q.LockUser(ctx, u.ID)
		switch {
		case err != nil:
			return found(err, "user")
		case u.TotpSecret == nil || u.TotpConfirmedAt != nil:
			return &Error{Code: Conflict, Message: "there is no second factor to confirm"}
		}
		if ok, err := a.useTOTP(ctx, q, u, code); err != nil {
			return err
		} else if !ok {
			return invalid("/code", wrongCode)
		}
		if err := q.ConfirmTOTP(ctx, db.ConfirmTOTPParams{ID: u.ID, Now: a.Now()}); err != nil {
			return errors.Wrap(err, "confirm second factor")
		}
		if codes, err = newRecoveryCodes(ctx, q, u.ID); err != nil {
			return err
		}
		if err := a.notify(ctx, tx, u.Email, noticeTOTPEnabled, ""); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, userEvent("totp.enabled", u.ID))
	})
	if err != nil {
		return nil, err
	}
	return codes, counted.succeeded(ctx)
}

// RemoveTOTP removes the actor's second factor, who must have it. Errors: NotFound, RateLimited, Invalid, Conflict.
func (a *App) RemoveTOTP(ctx context.Context, actor Actor, current, code string) error {
	return a.withSecondFactor(ctx, actor, current, code, func(tx pgx.Tx, q *db.Queries, u db.UserAccount) error {
		return a.removeTOTP(ctx, tx, q, actor, u)
	})
}

// ReplaceRecoveryCodes returns new recovery codes to the actor, and makes the old ones worthless. Errors: NotFound,
// RateLimited, Invalid, Conflict.
func (a *App) ReplaceRecoveryCodes(ctx context.Context, actor Actor, current, code string) (codes []string, err error) {
	err = a.withSecondFactor(ctx, actor, current, code, func(_ pgx.Tx, q *db.Queries, u db.UserAccount) error {
		if codes, err = newRecoveryCodes(ctx, q, u.ID); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, userEvent("totp.recovery_codes_replaced", u.ID))
	})
	return codes, err
}

// withSecondFactor runs f on the actor's locked account, once the password and a code have shown who it is.
func (a *App) withSecondFactor(ctx context.Context, actor Actor, current, code string, f func(pgx.Tx, *db.Queries, db.UserAccount) error) error {
	u, err := a.own(ctx, actor)
	if err != nil {
		return err
	}
	version := u.TokenVersion
	if u.TotpConfirmedAt == nil {
		return errNoTOTP
	}
	if err := a.confirmPassword(ctx, u, current); err != nil {
		return err
	}
	counted, err := a.countAttempt(ctx, "otp", u.Email)
	if err != nil {
		return err
	}
	right, err := a.countCode(ctx, u)
	if err != nil {
		return err
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		u, err := q.LockUser(ctx, u.ID)
		switch {
		case err != nil:
			return found(err, "user")
		case u.TokenVersion != version:
			return errOldPassword
		case u.TotpConfirmedAt == nil:
			return errNoTOTP
		}
		if ok, err := a.useCode(ctx, tx, q, u, code); err != nil {
			return err
		} else if !ok {
			return invalid("/code", wrongCode)
		}
		return f(tx, q, u)
	})
	if err != nil {
		return err
	}
	if err := right(); err != nil {
		return err
	}
	return counted.succeeded(ctx)
}

// RemoveUserTOTP removes the second factor of another user for a superuser. Errors: Unauthenticated, Forbidden,
// NotFound, Conflict.
func (a *App) RemoveUserTOTP(ctx context.Context, actor Actor, id int64) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	if id == actor.UserID {
		return &Error{Code: Conflict, Message: "your own is removed with DELETE /users/me/totp, which asks for the password and a code"}
	}
	return a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		u, err := q.LockUser(ctx, id)
		switch {
		case err != nil:
			return found(err, "user")
		case u.TotpConfirmedAt == nil:
			return errNoTOTP
		}
		return a.removeTOTP(ctx, tx, q, actor, u)
	})
}

// RemoveTOTPByEmail is RemoveUserTOTP for the command line. Errors: Unauthenticated, Forbidden, NotFound, Conflict.
func (a *App) RemoveTOTPByEmail(ctx context.Context, actor Actor, email string) error {
	u, err := userByEmail(ctx, a.queries, email)
	if err != nil {
		return found(err, "user")
	}
	return a.RemoveUserTOTP(ctx, actor, u.ID)
}

func (a *App) removeTOTP(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, u db.UserAccount) error {
	if err := q.DeleteTOTP(ctx, u.ID); err != nil {
		return errors.Wrap(err, "delete second factor")
	}
	if err := q.DeleteRecoveryCodes(ctx, u.ID); err != nil {
		return errors.Wrap(err, "delete recovery codes")
	}
	if err := a.notify(ctx, tx, u.Email, noticeTOTPRemoved, ""); err != nil {
		return err
	}
	return a.audit(ctx, q, actor, userEvent("totp.removed", u.ID))
}

func newRecoveryCodes(ctx context.Context, q *db.Queries, userID int64) ([]string, error) {
	codes, hashes := auth.NewRecoveryCodes()
	if err := q.DeleteRecoveryCodes(ctx, userID); err != nil {
		return nil, errors.Wrap(err, "delete old recovery codes")
	}
	err := q.CreateRecoveryCodes(ctx, db.CreateRecoveryCodesParams{UserID: userID, CodeHashes: hashes})
	return codes, wrap(err, "store recovery codes")
}

// useCode reports whether a code is the user's, from the app or a recovery code, and uses it up.
func (a *App) useCode(ctx context.Context, tx pgx.Tx, q *db.Queries, u db.UserAccount, code string) (bool, error) {
	if ok, err := a.useTOTP(ctx, q, u, code); ok || err != nil {
		return ok, err
	}
	n, err := q.UseRecoveryCode(ctx, db.UseRecoveryCodeParams{UserID: u.ID, CodeHash: auth.HashRecoveryCode(code)})
	if err != nil || n == 0 {
		return false, wrap(err, "use recovery code")
	}
	if err := a.notify(ctx, tx, u.Email, noticeRecoveryCodeUsed, ""); err != nil {
		return false, err
	}
	return true, a.audit(ctx, q, Actor{UserID: u.ID}, userEvent("totp.used_recovery_code", u.ID))
}

// useTOTP reports whether a code is that of the user's app, and uses it up.
func (a *App) useTOTP(ctx context.Context, q *db.Queries, u db.UserAccount, code string) (bool, error) {
	step, err := a.TOTP.Step(u.ID, u.TotpSecret, code, a.Now())
	if err != nil { // recovery codes need no key
		a.Logger.ErrorContext(ctx, "cannot check a second factor", "error", err, "user_id", u.ID)
		return false, nil
	}
	if step == 0 {
		return false, nil
	}
	n, err := q.UseTOTP(ctx, db.UseTOTPParams{ID: u.ID, Step: step})
	return n == 1, wrap(err, "use code")
}

// checkSecondFactor returns an error unless the user has no second factor or the code is right.
func (a *App) checkSecondFactor(ctx context.Context, u db.UserAccount, code string) error {
	if u.TotpConfirmedAt == nil {
		return nil
	}
	needed := &Error{Code: Unauthenticated, Type: "second-factor-required", Message: "a code from the authenticator app, or a recovery code, is needed"}
	if code == "" {
		return needed
	}
	right, err := a.countCode(ctx, u)
	if err != nil {
		return err
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		if ok, err := a.useCode(ctx, tx, q, u, code); ok || err != nil {
			return err
		}
		needed.Message = "the code " + wrongCode
		return needed
	})
	if err != nil {
		return err
	}
	return right()
}
