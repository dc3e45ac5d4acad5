package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/mail"
)

// emailChangeLife is how long a new address can be confirmed.
const emailChangeLife = 24 * time.Hour

// ConfirmEmailMailArgs is the job that mails the link with which a new address is confirmed. The token is made by the
// job, so that it is nowhere at rest.
type ConfirmEmailMailArgs struct {
	UserID int64  `json:"user_id"`
	Email  string `json:"email"`
}

func (ConfirmEmailMailArgs) Kind() string { return "confirm_email_mail" }

// requestEmail remembers a new address of a locked user, and tells both addresses. Whether the new one is another
// account's is only found out by who can open the link, so that nothing here tells.
func (a *App) requestEmail(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, u db.UserAccount, email string) (db.UserAccount, error) {
	changed, err := q.SetPendingEmail(ctx, db.SetPendingEmailParams{ID: u.ID, Email: email, ExpiresAt: a.Now().Add(emailChangeLife)})
	if err != nil {
		return u, errors.Wrap(err, "store new address")
	}
	if ok, err := a.mayMail(ctx, q, email); err != nil {
		return u, err
	} else if ok {
		if _, err := a.jobs.InsertTx(ctx, tx, ConfirmEmailMailArgs{UserID: u.ID, Email: email}, nil); err != nil {
			return u, errors.Wrap(err, "enqueue mail")
		}
	}
	if err := a.notify(ctx, tx, u.Email, noticeEmailRequested, email); err != nil {
		return u, err
	}
	return changed, a.audit(ctx, q, actor, auditEvent{
		Action: "email.change_requested", TargetType: "user", Target: idText(u.ID),
		Detail: map[string]any{"from": u.Email, "to": email},
	})
}

// SendConfirmEmailMail carries out a ConfirmEmailMailArgs job.
func (a *App) SendConfirmEmailMail(ctx context.Context, args ConfirmEmailMailArgs) error {
	token, hash := auth.NewResetToken()
	m, err := mail.ConfirmEmail(a.ProjectName, args.Email, a.PublicURL+"/confirm-email#token="+token, int(emailChangeLife.Hours()))
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	n, err := a.queries.SetPendingEmailToken(ctx, db.SetPendingEmailTokenParams{
		ID: args.UserID, Email: args.Email, TokenHash: hash, Now: a.Now(),
	})
	if err != nil || n == 0 { // no longer wanted
		return wrap(err, "store token")
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}

// ConfirmEmail makes an address the account's with a token from the email, once. Errors: RateLimited, Invalid, Conflict.
func (a *App) ConfirmEmail(ctx context.Context, token string) error {
	counted, err := a.countAttempt(ctx, "confirm", "")
	if err != nil {
		return err
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		u, err := q.LockPendingEmail(ctx, db.LockPendingEmailParams{TokenHash: auth.HashResetToken(token), Now: a.Now()})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !u.IsActive {
			return invalid("/token", "is not valid, was used or has expired")
		} else if err != nil {
			return errors.Wrap(err, "lock user")
		}
		if err := q.ConfirmEmail(ctx, u.ID); err != nil {
			return errors.Wrap(err, "change address")
		}
		if err := q.DeletePasswordResets(ctx, u.ID); err != nil { // mailed to the old address
			return errors.Wrap(err, "delete reset tokens")
		}
		return a.emailChanged(ctx, tx, q, Actor{UserID: u.ID}, u, *u.PendingEmail)
	})
	if err != nil {
		return err
	}
	return counted.succeeded(ctx)
}

// emailChanged tells the old address of a user, and the audit trail.
func (a *App) emailChanged(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, old db.UserAccount, email string) error {
	if err := a.notify(ctx, tx, old.Email, noticeEmailChanged, email); err != nil {
		return err
	}
	return a.audit(ctx, q, actor, auditEvent{
		Action: "email.changed", TargetType: "user", Target: idText(old.ID),
		Detail: map[string]any{"from": old.Email, "to": email},
	})
}
