// Package mail composes EdgeValue's emails from embedded templates, and sends them by SMTP or, if no server is configured,
// logs them.
package mail

import (
	"context"
	"embed"
	htmltemplate "html/template"
	"log/slog"
	netmail "net/mail"
	"strings"
	texttemplate "text/template"
	"unicode"

	"github.com/go-faster/errors"
)

// Message is one email to one recipient, its content as HTML and as plain text.
type Message struct {
	To      string // the bare address, without a name
	Subject string
	HTML    string
	Text    string
}

// Sender delivers a message, or passes it to a server that will. Permanent identifies errors that a retry cannot fix.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// NewAccount tells the owner of a new account where to log in.
func NewAccount(project, email, link string) (Message, error) {
	return newAccount.message(content{Project: project, Email: email, Link: link})
}

// ResetPassword has the link with which the user chooses a new password.
func ResetPassword(project, email, link string, validHours int) (Message, error) {
	return resetPassword.message(content{Project: project, Email: email, Link: link, ValidHours: validHours})
}

// Activate has the link that begins an account.
func Activate(project, email, link string, validHours int) (Message, error) {
	return activate.message(content{Project: project, Email: email, Link: link, ValidHours: validHours})
}

// AlreadyRegistered tells who tried to register that there is an account.
func AlreadyRegistered(project, email, link string) (Message, error) {
	return alreadyRegistered.message(content{Project: project, Email: email, Link: link})
}

// ConfirmEmail has the link with which the owner of an account confirms a new address.
func ConfirmEmail(project, email, link string, validHours int) (Message, error) {
	return confirmEmail.message(content{Project: project, Email: email, Link: link, ValidHours: validHours})
}

// Event is what happened to an account.
type Event struct {
	Heading, Text, Advice string
	NewEmail              string // if there is one
	At                    string
	Client                string // the network address it came from, if it did
}

// Notice tells the owner of an account what happened to it.
func Notice(project, email string, e Event) (Message, error) {
	return notice.message(content{Project: project, Email: email, Event: e})
}

// Test shows that sending works.
func Test(project, email string) (Message, error) {
	return test.message(content{Project: project, Email: email})
}

//go:embed templates
var files embed.FS

var (
	newAccount        = parse("new_account")
	resetPassword     = parse("reset_password")
	activate          = parse("activate")
	alreadyRegistered = parse("already_registered")
	confirmEmail      = parse("confirm_email")
	notice            = parse("notice")
	test              = parse("test")
)

type templates struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

type content struct {
	Project, Email, Link string
	ValidHours           int
	Event                Event
}

func parse(name string) templates {
	html := "templates/" + name + ".html"
	return templates{
		html: htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html", html)),
		text: texttemplate.Must(texttemplate.ParseFS(files, "templates/"+name+".txt")),
	}
}

func (t templates) message(c content) (Message, error) {
	to, err := parseAddress(c.Email)
	if err != nil {
		return Message{}, err
	}
	c.Email = to.Address
	var subject, html, text strings.Builder
	if err := t.text.ExecuteTemplate(&subject, "subject", c); err != nil {
		return Message{}, errors.Wrap(err, "write subject")
	}
	if err := t.html.ExecuteTemplate(&html, "layout", c); err != nil {
		return Message{}, errors.Wrap(err, "write HTML")
	}
	if err := t.text.Execute(&text, c); err != nil {
		return Message{}, errors.Wrap(err, "write text")
	}
	oneLine := strings.Join(strings.Fields(subject.String()), " ")
	return Message{To: c.Email, Subject: oneLine, HTML: html.String(), Text: text.String()}, nil
}

var errAddress = errors.New("invalid email address")

// parseAddress parses a bare address: no name, no comment, no control characters.
func parseAddress(s string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || strings.ContainsFunc(s, unicode.IsControl) {
		return nil, errors.Wrapf(errAddress, "%.100q", s)
	}
	return a, nil
}

// Log is a Sender for development: it logs the recipient, the subject and the whole text, including links with their
// secret tokens.
type Log struct{ Logger *slog.Logger }

// Send never fails.
func (l Log) Send(ctx context.Context, m Message) error {
	l.Logger.InfoContext(ctx, "email not sent: no SMTP server is configured",
		"to", m.To, "subject", m.Subject, "text", m.Text)
	return nil
}
