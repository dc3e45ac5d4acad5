package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	gomail "github.com/wneessen/go-mail"
)

const (
	implicitTLSPort    = 465
	defaultSMTPTimeout = 15 * time.Second
)

// SMTPConfig says how to reach the mail server, and who the sender is.
type SMTPConfig struct {
	Host string
	Port int
	// TLS requires an encrypted connection with a valid certificate: from the start on port 465, else by STARTTLS. Without
	// it nothing is encrypted, and the password is used only if the server offers a challenge-response mechanism.
	TLS bool
	// User and Password are sent when User is set, with the best mechanism that the server offers.
	User, Password      string
	FromEmail, FromName string
	// Timeout limits connecting and sending, each; 0 means 15 s.
	Timeout time.Duration
	// RootCAs are the authorities to trust; nil means those of the system.
	RootCAs *x509.CertPool
}

// SMTP is a Sender that passes each message to a mail server over a connection of its own. It is safe for concurrent use.
type SMTP struct {
	cfg  SMTPConfig
	from *netmail.Address
	dial gomail.DialContextFunc
	opts []gomail.Option
}

// NewSMTP checks the configuration; it does not connect.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	from, err := parseAddress(cfg.FromEmail)
	if err != nil {
		return nil, errors.Wrap(err, "from address")
	}
	from.Name = cfg.FromName
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultSMTPTimeout
	}
	tlsConfig := &tls.Config{ServerName: cfg.Host, RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}
	s := &SMTP{
		cfg:  cfg,
		from: from,
		dial: (&net.Dialer{}).DialContext,
		opts: []gomail.Option{
			gomail.WithPort(cfg.Port), gomail.WithTimeout(cfg.Timeout), gomail.WithTLSConfig(tlsConfig),
		},
	}
	switch {
	case !cfg.TLS:
		s.opts = append(s.opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case cfg.Port == implicitTLSPort:
		// The policy only makes go-mail look at the connection: it is encrypted already.
		s.dial = (&tls.Dialer{Config: tlsConfig}).DialContext
		s.opts = append(s.opts, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		s.opts = append(s.opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if cfg.User != "" {
		s.opts = append(s.opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(cfg.User), gomail.WithPassword(cfg.Password))
	}
	if _, err := gomail.NewClient(cfg.Host, s.opts...); err != nil {
		return nil, errors.Wrap(err, "SMTP settings")
	}
	return s, nil
}

// Send returns nil once the server has accepted the message.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := s.send(ctx, m); err != nil {
		return SendError{err}
	}
	return nil
}

// SendError is an error of Send, which can look like one of another server.
type SendError struct{ error }

func (e SendError) Unwrap() error { return e.error }

func (s *SMTP) send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}

	// go-mail leaves the connection open if the greeting, STARTTLS or the login fails, and ignores ctx after the dial: the
	// connection is closed here, at the latest when ctx ends.
	var conn net.Conn
	dial := func(ctx context.Context, network, address string) (c net.Conn, err error) {
		conn, err = s.dial(ctx, network, address)
		return conn, err
	}
	client, err := gomail.NewClient(s.cfg.Host, append(slices.Clip(s.opts), gomail.WithDialContextFunc(dial))...)
	if err != nil {
		return errors.Wrap(err, "SMTP settings")
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if conn != nil {
		defer func() { _ = conn.Close() }()
	}
	if err != nil {
		return errors.Wrap(err, "connect to mail server")
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := client.SendWithSMTPClient(session, msg); err != nil && !msg.IsDelivered() {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return errors.Wrap(err, "send email")
	}
	_ = session.Quit() // accepted already: a failure now must not make the caller send it again
	return nil
}

func (s *SMTP) compose(m Message) (*gomail.Msg, error) {
	to, err := parseAddress(m.To)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDate()
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// Permanent reports whether an error of Send or of the message constructors will recur for the same message: its address
// is invalid, or the server refused sender, recipient or content with a 5xx reply. A failed connection, TLS handshake or
// login is not permanent, whatever the reply: it says nothing about the message, and is fixed elsewhere.
func Permanent(err error) bool {
	if errors.Is(err, errAddress) {
		return true
	}
	const authenticationRequired = 530
	var sendErr *gomail.SendError
	return errors.As(err, &sendErr) && sendErr.ErrorCode() >= 500 && sendErr.ErrorCode() != authenticationRequired
}
