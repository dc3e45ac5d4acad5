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
	"github.com/edgevalue/edgevalue/internal/mail"
)

// countAttempt counts an attempt from the client's address and, unless account is empty, at the account. It returns a
// RateLimited error when one of them has had too many. An attempt counts before its outcome is known, so that those at
// the same time are no more; succeeded takes it back from the address and lets the account begin anew.
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

// Login answers an access token and its lifetime for the address and password of an active account. Whatever is wrong,
// the error is the same and takes as long.
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

// Authenticate is Login without the token.
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

// Identify answers whose access token this is. The error is Unauthenticated when it is not valid (any more).
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

// RecoverPassword enqueues the mail with a reset token. Whether the address is known is found out by the job alone, so
// that neither the answer nor its time tells.
func (a *App) RecoverPassword(ctx context.Context, client, email string) error {
	var v validator
	v.email("email", email)
	if err := v.err(); err != nil {
		return err
	}
	if _, err := a.countAttempt(ctx, "recovery", client, email); err != nil {
		return err
	}
	_, err := a.jobs.Insert(ctx, ResetMailArgs{Email: email}, nil)
	return wrap(err, "enqueue mail")
}

// ResetPassword sets a password with a token from the mail, once. Errors: RateLimited, Invalid.
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
		return setPassword(ctx, q, id, hash)
	})
}

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

// TestMailArgs is the job that sends a test mail.
type TestMailArgs struct {
	Email string `json:"email"`
}

func (TestMailArgs) Kind() string { return "test_mail" }

// EchoArgs is the job of /utils/test-job.
type EchoArgs struct {
	Word string `json:"word"`
}

func (EchoArgs) Kind() string { return "echo" }

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
		return errors.Wrap(err, "write mail")
	}
	return wrap(a.Mail.Send(ctx, m), "send mail")
}

// SendResetMail carries out a ResetMailArgs job.
func (a *App) SendResetMail(ctx context.Context, email string) error {
	u, err := a.queries.GetUserByEmail(ctx, email)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !u.IsActive {
		return nil
	} else if err != nil {
		return errors.Wrap(err, "get user")
	}
	token, hash := auth.NewResetToken()
	m, err := mail.ResetPassword(a.ProjectName, u.Email, a.PublicURL+"/reset-password#token="+token, int(a.ResetTokenLife.Hours()))
	if err != nil {
		return errors.Wrap(err, "write mail")
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.DeletePasswordResets(ctx, u.ID); err != nil {
			return errors.Wrap(err, "delete earlier tokens")
		}
		return wrap(q.CreatePasswordReset(ctx, db.CreatePasswordResetParams{TokenHash: hash, UserID: u.ID, ExpiresAt: a.resetDeadline()}), "store reset token")
	})
	if err != nil {
		return err
	}
	return wrap(a.Mail.Send(ctx, m), "send mail")
}

// StartTestMail enqueues a test mail for a superuser.
func (a *App) StartTestMail(ctx context.Context, actor Actor, to string) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	var v validator
	v.email("/email_to", to)
	if err := v.err(); err != nil {
		return err
	}
	return a.inTx(ctx, func(tx pgx.Tx, _ *db.Queries) error {
		_, err := a.jobs.InsertTx(ctx, tx, TestMailArgs{Email: to}, nil)
		return wrap(err, "enqueue mail")
	})
}

// SendTestMail carries out a TestMailArgs job.
func (a *App) SendTestMail(ctx context.Context, to string) error {
	m, err := mail.Test(a.ProjectName, to)
	if err != nil {
		return errors.Wrap(err, "write mail")
	}
	return wrap(a.Mail.Send(ctx, m), "send mail")
}

// StartTestJob enqueues a job that echoes a word, for a superuser, and answers its id.
func (a *App) StartTestJob(ctx context.Context, actor Actor, word string) (id int64, err error) {
	if err := actor.superuser(); err != nil {
		return 0, err
	}
	var v validator
	v.text("/word", word)
	if err := v.err(); err != nil {
		return 0, err
	}
	err = a.inTx(ctx, func(tx pgx.Tx, _ *db.Queries) error {
		res, err := a.jobs.InsertTx(ctx, tx, EchoArgs{Word: word}, nil)
		if err != nil {
			return errors.Wrap(err, "enqueue job")
		}
		id = res.Job.ID
		return nil
	})
	return id, err
}
