package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/internal/mail"
)

// NoticeMailArgs is the job that tells the owner of an account what happened to it. It goes to the address that was the
// owner's before.
type NoticeMailArgs struct {
	Email    string    `json:"email"`
	Notice   notice    `json:"notice"`
	NewEmail string    `json:"new_email,omitempty"`
	At       time.Time `json:"at"`
	Client   string    `json:"client,omitempty"`
}

func (NoticeMailArgs) Kind() string { return "notice_mail" }

type notice string

const (
	noticePasswordChanged  notice = "password_changed"
	noticeEmailRequested   notice = "email_requested"
	noticeEmailChanged     notice = "email_changed"
	noticeTokenReused      notice = "token_reused"
	noticeTOTPEnabled      notice = "totp_enabled"
	noticeTOTPRemoved      notice = "totp_removed"
	noticeRecoveryCodeUsed notice = "recovery_code_used"
)

// resetAdvice is what to do when somebody else did it.
const resetAdvice = `If it was not you, set a new password at once with "forgot password" (POST /api/v1/password-recovery), ` +
	"which ends all sessions, and tell the operators of this service."

// notices are the heading and the text of each, and what to do if it was somebody else.
var notices = map[notice][3]string{
	noticePasswordChanged: {
		"Your password was changed", "The password of your account was changed. All its sessions have ended.", resetAdvice,
	},
	noticeEmailRequested: {
		"A new email address was asked for",
		"Someone who knows your password asked to replace this address. It stays yours until the link that was mailed to the new address is opened.",
		"If it was not you, change your password at once: that withdraws the request and ends all sessions.",
	},
	noticeEmailChanged: {
		"Your email address was changed", "This address no longer belongs to your account.",
		"If it was not you, tell the operators of this service at once: links for a new password now go to the new address.",
	},
	noticeTokenReused: {
		"A session was ended", "A refresh token of your account was used twice: two programs had it, and one of them may have stolen it. The session has ended.",
		"Log in again. If you do not know why, change your password, which ends all other sessions.",
	},
	noticeTOTPEnabled: {"A second factor was set up", "A login to your account now needs a code from an authenticator app.", resetAdvice},
	noticeTOTPRemoved: {"The second factor was removed", "A login to your account no longer needs a code.", resetAdvice},
	noticeRecoveryCodeUsed: {
		"A recovery code was used", "Somebody logged in to your account with your password and a recovery code, which no longer works.", resetAdvice,
	},
}

// notify enqueues a notice in the transaction of what it is about.
func (a *App) notify(ctx context.Context, tx pgx.Tx, email string, n notice, newEmail string) error {
	args := NoticeMailArgs{Email: email, Notice: n, NewEmail: newEmail, At: a.Now().UTC()}
	if client := OriginOf(ctx).client(); client != nil {
		args.Client = *client
	}
	_, err := a.jobs.InsertTx(ctx, tx, args, nil)
	return wrap(err, "enqueue notice")
}

// SendNoticeMail carries out a NoticeMailArgs job.
func (a *App) SendNoticeMail(ctx context.Context, args NoticeMailArgs) error {
	text, ok := notices[args.Notice]
	if !ok {
		return &Error{Code: Invalid, Message: "no such notice: " + string(args.Notice)}
	}
	m, err := mail.Notice(a.ProjectName, args.Email, mail.Event{
		Heading: text[0], Text: text[1], Advice: text[2], NewEmail: args.NewEmail,
		At: args.At.UTC().Format("2 January 2006, 15:04 UTC"), Client: args.Client,
	})
	if err != nil {
		return errors.Wrap(err, "write email")
	}
	return wrap(a.Mail.Send(ctx, m), "send email")
}
