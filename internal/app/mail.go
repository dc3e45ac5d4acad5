package app

import (
	"context"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/mail"
)

// NewAccountMailArgs is the job that tells a user of their account.
type NewAccountMailArgs struct {
	UserID int64 `json:"user_id"`
}

func (NewAccountMailArgs) Kind() string { return "new_account_mail" }

// ResetMailArgs is the job that sends a reset token to an address, if it belongs to an active account. The token is
// made by the job, so that it is nowhere at rest.
type ResetMailArgs struct {
	Email string `json:"email"`
}

func (ResetMailArgs) Kind() string { return "reset_mail" }

// RegistrationMailArgs is the job that sends the link which begins an account or, if the address has one, a hint to that.
// The token is made by the job, so that it is nowhere at rest.
type RegistrationMailArgs struct {
	RegistrationID int64 `json:"registration_id"`
}

func (RegistrationMailArgs) Kind() string { return "registration_mail" }

// TestMailArgs is the job that sends a test email.
type TestMailArgs struct {
	Email string `json:"email"`
}

func (TestMailArgs) Kind() string { return "test_mail" }

// SendNewAccountMail carries out a NewAccountMailArgs job.
func (a *App) SendNewAccountMail(ctx context.Context, userID int64) error {
	u, err := a.queries.GetUser(ctx, userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted in the meantime
	} else if err != nil {
		return errors.Wrap(err, "get user")
	}
	m, err := mail.NewAccount(a.ProjectName, u.Email, a.PublicURL+"/")
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}

// SendResetMail carries out a ResetMailArgs job.
func (a *App) SendResetMail(ctx context.Context, email string) error {
	u, err := userByEmail(ctx, a.queries, email)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !u.IsActive {
		return nil
	} else if err != nil {
		return errors.Wrap(err, "get user")
	}
	token, hash := auth.NewResetToken()
	m, err := mail.ResetPassword(a.ProjectName, u.Email, a.PublicURL+"/reset-password#token="+token, int(a.ResetTokenLife.Hours()))
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	err = a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if _, err := q.LockUser(ctx, u.ID); err != nil {
			return found(err, "user")
		}
		if err := q.DeletePasswordResets(ctx, u.ID); err != nil {
			return errors.Wrap(err, "delete earlier tokens")
		}
		return wrap(q.CreatePasswordReset(ctx, db.CreatePasswordResetParams{TokenHash: hash, UserID: u.ID, ExpiresAt: a.Now().Add(a.ResetTokenLife)}), "store reset token")
	})
	if err != nil {
		return err
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}

// StartTestMail enqueues a test email for a superuser. Errors: Unauthenticated, Forbidden, Invalid.
func (a *App) StartTestMail(ctx context.Context, actor Actor, to string) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	var v validator
	v.email("/email_to", &to)
	if err := v.err(); err != nil {
		return err
	}
	_, err := a.enqueue(ctx, TestMailArgs{Email: to})
	return err
}

// SendTestMail carries out a TestMailArgs job.
func (a *App) SendTestMail(ctx context.Context, to string) error {
	m, err := mail.Test(a.ProjectName, to)
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}
