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

// registrationLife is how long the link works that begins an account.
const registrationLife = 48 * time.Hour

// unaskedMailWindow is the time in which an address gets at most three mails that anybody can ask for, of all kinds.
const unaskedMailWindow = time.Hour

// mayMail counts a mail to an address that nobody has logged in for, and reports whether it may be sent.
func (a *App) mayMail(ctx context.Context, q *db.Queries, email string) (bool, error) {
	now := a.Now()
	n, err := q.CountUnaskedMail(ctx, db.CountUnaskedMailParams{
		AddressHash: addressHash(email), Now: now, Since: now.Add(-unaskedMailWindow),
	})
	return n > 0, wrap(err, "count mail")
}

var errNoRegistration = &Error{Code: Forbidden, Message: "open registration is off"}

// RegisterUser keeps what an ordinary user is to be made of, if registration is open, and enqueues the mail to their
// address. Only the job finds out whether it is known, so that neither the response nor its time tells. Errors:
// Forbidden, Invalid, RateLimited, Unavailable.
func (a *App) RegisterUser(ctx context.Context, in UserInput) error {
	if !a.OpenRegistration {
		return errNoRegistration
	}
	var v validator
	v.email("/email", &in.Email)
	a.checkNewUser(&v, &in)
	if err := v.err(); err != nil {
		return err
	}
	counted, err := a.countAttempt(ctx, "register", "")
	if err != nil {
		return err
	}
	hash, err := a.hash(ctx, in.Password)
	if err != nil {
		return counted.takeBack(ctx, err)
	}
	return a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		if ok, err := a.mayMail(ctx, q, in.Email); err != nil || !ok {
			return err
		}
		id, err := q.CreateRegistration(ctx, db.CreateRegistrationParams{
			Email: in.Email, FullName: in.FullName, PasswordHash: hash, ExpiresAt: a.Now().Add(registrationLife),
		})
		if err != nil {
			return errors.Wrap(err, "keep registration")
		}
		if err := a.audit(ctx, q, Actor{}, auditEvent{Action: "user.registered", Detail: map[string]any{"registration_id": id}}); err != nil {
			return err
		}
		_, err = a.jobs.InsertTx(ctx, tx, RegistrationMailArgs{RegistrationID: id}, nil)
		return wrap(err, "enqueue mail")
	})
}

// SendRegistrationMail carries out a RegistrationMailArgs job.
func (a *App) SendRegistrationMail(ctx context.Context, id int64) error {
	r, err := a.queries.GetRegistration(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // activated or expired in the meantime
	} else if err != nil {
		return errors.Wrap(err, "get registration")
	}
	switch _, err := userByEmail(ctx, a.queries, r.Email); {
	case err == nil:
		m, err := mail.AlreadyRegistered(a.ProjectName, r.Email, a.PublicURL+"/")
		if err != nil {
			return errors.Wrap(err, "write email")
		}
		if err := a.Mail.Send(ctx, m); err != nil {
			return errors.Wrap(err, "send email")
		}
		return wrap(a.queries.DeleteRegistration(ctx, id), "delete registration")
	case !errors.Is(err, pgx.ErrNoRows):
		return errors.Wrap(err, "get user")
	}
	token, hash := auth.NewResetToken()
	m, err := mail.Activate(a.ProjectName, r.Email, a.PublicURL+"/activate#token="+token, int(registrationLife.Hours()))
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	if err := a.queries.SetRegistrationToken(ctx, db.SetRegistrationTokenParams{ID: id, TokenHash: hash}); err != nil {
		return errors.Wrap(err, "store token")
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}

// ActivateUser makes a registration an account with the token from its mail, if registration is still open. Errors:
// Forbidden, RateLimited, Invalid, Conflict.
func (a *App) ActivateUser(ctx context.Context, token string) (u db.UserAccount, err error) {
	if !a.OpenRegistration {
		return u, errNoRegistration
	}
	counted, err := a.countAttempt(ctx, "activate", "")
	if err != nil {
		return u, err
	}
	err = a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		r, err := q.TakeRegistration(ctx, db.TakeRegistrationParams{TokenHash: auth.HashResetToken(token), Now: a.Now()})
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid("/token", "is not valid, was used or has expired")
		} else if err != nil {
			return errors.Wrap(err, "take registration")
		}
		switch _, err := userByEmail(ctx, q, r.Email); {
		case err == nil:
			return &Error{Code: Conflict, Message: "there is an account with this address by now: log in, or recover its password"}
		case !errors.Is(err, pgx.ErrNoRows):
			return errors.Wrap(err, "get user")
		}
		u, err = q.CreateUser(ctx, db.CreateUserParams{
			Email: r.Email, FullName: r.FullName, PasswordHash: r.PasswordHash, IsActive: true, IsSuperuser: false,
		})
		if err != nil {
			return errors.Wrap(err, "create user")
		}
		if err := q.DeleteRegistrationsOf(ctx, u.Email); err != nil {
			return errors.Wrap(err, "delete other registrations")
		}
		e := auditEvent{Action: "user.activated"}
		e.of(u)
		return a.audit(ctx, q, Actor{UserID: u.ID}, e)
	})
	if err != nil {
		return db.UserAccount{}, err
	}
	return u, counted.succeeded(ctx)
}
