package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is an SMTP server (RFC 5321) that keeps what it is given.
type server struct {
	t           *testing.T
	listener    net.Listener
	cert        tls.Certificate
	roots       *x509.CertPool
	implicitTLS bool
	startTLS    bool              // offered
	auth        string            // mechanisms offered
	replies     map[string]string // by verb ("" the greeting, "." the end of DATA): the reply instead of the usual one

	mu   sync.Mutex
	got  []delivery
	open sync.WaitGroup
}

type delivery struct {
	user, password string
	encrypted      bool
	from, to, data string
}

// hang as a reply means none: the server waits until the client leaves.
const hang = "hang"

func serve(t *testing.T, s *server) *server {
	t.Helper()
	// httptest has a certificate for 127.0.0.1 and example.com.
	h := httptest.NewTLSServer(nil)
	s.cert = h.TLS.Certificates[0]
	s.roots = x509.NewCertPool()
	s.roots.AddCert(h.Certificate())
	h.Close()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.t, s.listener = t, l
	if s.implicitTLS {
		s.listener = tls.NewListener(l, s.tlsConfig())
	}
	s.open.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() {
				defer conn.Close()
				s.session(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.open.Wait() // hangs when a client leaves its connection open
	})
	return s
}

func (s *server) tlsConfig() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{s.cert}} }

func (s *server) session(conn net.Conn) {
	var d delivery
	d.encrypted = s.implicitTLS
	text := textproto.NewConn(conn)
	reply := func(verb, usual string) (ok bool) {
		if r, ok := s.replies[verb]; ok {
			usual = r
		}
		if usual == hang {
			_, _ = text.ReadLine()
			return false
		}
		return text.PrintfLine("%s", usual) == nil
	}
	if !reply("", "220 test ESMTP") {
		return
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		usual := "250 OK"
		switch verb {
		case "EHLO":
			lines := []string{"250-test", "250-8BITMIME"}
			if s.startTLS && !d.encrypted {
				lines = append(lines, "250-STARTTLS")
			}
			if s.auth != "" {
				lines = append(lines, "250-AUTH "+s.auth)
			}
			usual = strings.Join(append(lines, "250 SMTPUTF8"), "\r\n")
		case "STARTTLS":
			if !reply(verb, "220 go on") {
				return
			}
			c := tls.Server(conn, s.tlsConfig())
			if c.Handshake() != nil {
				return
			}
			text, d.encrypted = textproto.NewConn(c), true
			continue
		case "AUTH":
			mechanism, response, _ := strings.Cut(arg, " ")
			raw, err := base64.StdEncoding.DecodeString(response)
			parts := strings.Split(string(raw), "\x00")
			if mechanism != "PLAIN" || err != nil || len(parts) != 3 {
				usual = "504 only PLAIN"
				break
			}
			d.user, d.password, usual = parts[1], parts[2], "235 OK"
		case "MAIL":
			d.from = arg
		case "RCPT":
			d.to += arg
		case "DATA":
			if !reply(verb, "354 go on") {
				return
			}
			data, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			d.data = string(data)
			s.mu.Lock()
			s.got = append(s.got, d)
			s.mu.Unlock()
			verb = "."
		case "QUIT":
			reply(verb, "221 bye")
			return
		}
		if !reply(verb, usual) {
			return
		}
	}
}

func (s *server) config() SMTPConfig {
	return SMTPConfig{
		Host: "127.0.0.1", Port: s.listener.Addr().(*net.TCPAddr).Port, RootCAs: s.roots,
		FromEmail: "info@edgevalue.example", FromName: "EdgeValue Zürich", Timeout: 10 * time.Second,
	}
}

func (s *server) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

var message = Message{
	To: "zoe@example.com", Subject: "Grüße – 価値 \U0001F4C8", HTML: "<p>Grüße &amp; mehr</p>",
	Text: "Grüße\n.\n.hidden dot\n" + strings.Repeat("long line ", 200) + "\n" + link + "\n",
}

func newSMTP(t *testing.T, cfg SMTPConfig) *SMTP {
	t.Helper()
	s, err := NewSMTP(cfg)
	require.NoError(t, err)
	return s
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		server         *server
		tls            bool
		user, password string
	}{
		"plain":                   {server: &server{}},
		"plain, TLS offered":      {server: &server{startTLS: true}},
		"STARTTLS":                {server: &server{startTLS: true}, tls: true},
		"STARTTLS and password":   {server: &server{startTLS: true, auth: "LOGIN PLAIN"}, tls: true, user: "u", password: "pä ss"},
		"TLS from the start":      {server: &server{implicitTLS: true, auth: "PLAIN"}, tls: true, user: "u", password: "p"},
		"fails after taking it":   {server: &server{replies: map[string]string{"RSET": "451 busy", "QUIT": "421 busy"}}},
		"hangs up after delivery": {server: &server{replies: map[string]string{"QUIT": ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(t, tt.server)
			cfg := srv.config()
			cfg.TLS, cfg.User, cfg.Password = tt.tls, tt.user, tt.password
			if srv.implicitTLS {
				cfg.Port = implicitTLSPort
			}
			s := newSMTP(t, cfg)
			if srv.implicitTLS {
				dial := s.dial
				s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					assert.Equal(t, "127.0.0.1:465", address)
					return dial(ctx, network, srv.listener.Addr().String())
				}
			}
			require.NoError(t, s.Send(t.Context(), message))

			got := srv.deliveries()
			require.Len(t, got, 1)
			assert.Equal(t, tt.user, got[0].user)
			assert.Equal(t, tt.password, got[0].password)
			assert.Equal(t, tt.tls, got[0].encrypted)
			assert.Contains(t, got[0].from, "FROM:<info@edgevalue.example>")
			assert.Equal(t, "TO:<zoe@example.com>", got[0].to)
			checkMIME(t, got[0].data)
		})
	}
}

func checkMIME(t *testing.T, data string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	assert.Equal(t, message.Subject, subject)
	from, err := m.Header.AddressList("From")
	require.NoError(t, err)
	assert.Equal(t, []*netmail.Address{{Name: "EdgeValue Zürich", Address: "info@edgevalue.example"}}, from)
	to, err := m.Header.AddressList("To")
	require.NoError(t, err)
	assert.Equal(t, []*netmail.Address{{Address: "zoe@example.com"}}, to)
	date, err := m.Header.Date()
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), date, time.Minute)
	assert.Regexp(t, `^<[A-Z0-9]{26}@edgevalue\.example>$`, m.Header.Get("Message-Id"))
	assert.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))

	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", mediaType)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct{ mediaType, body string }{
		{"text/plain", message.Text},
		{"text/html", message.HTML},
	} {
		p, err := parts.NextRawPart()
		require.NoError(t, err)
		mediaType, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		assert.Equal(t, want.mediaType, mediaType)
		assert.Equal(t, "UTF-8", params["charset"])
		require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(want.body), strings.TrimSpace(string(body)))
	}
	_, err = parts.NextPart()
	assert.ErrorIs(t, err, io.EOF)
}

func TestSMTPFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		server    *server
		change    func(*SMTPConfig)
		permanent bool
		says      string // part of the error
	}{
		"sender refused":     {&server{replies: map[string]string{"MAIL": "550 5.7.1 no"}}, nil, true, "550"},
		"recipient unknown":  {&server{replies: map[string]string{"RCPT": "550 5.1.1 no such user"}}, nil, true, "no such user"},
		"recipient greylist": {&server{replies: map[string]string{"RCPT": "451 4.7.1 later"}}, nil, false, "451"},
		"data refused":       {&server{replies: map[string]string{"DATA": "554 no"}}, nil, true, "554"},
		"content refused":    {&server{replies: map[string]string{".": "554 5.6.0 spam"}}, nil, true, "554"},
		"content later":      {&server{replies: map[string]string{".": "452 4.3.1 disk full"}}, nil, false, "452"},
		"login needed":       {&server{replies: map[string]string{"MAIL": "530 5.7.0 log in"}}, nil, false, "530"},
		"greeting refuses":   {&server{replies: map[string]string{"": "554 no service"}}, nil, false, "554"},
		"greeting later":     {&server{replies: map[string]string{"": "421 later"}}, nil, false, "421"},
		"no STARTTLS":        {&server{}, func(c *SMTPConfig) { c.TLS = true }, false, "STARTTLS"},
		"STARTTLS refused": {
			&server{startTLS: true, replies: map[string]string{"STARTTLS": "454 no"}},
			func(c *SMTPConfig) { c.TLS = true }, false, "454",
		},
		"unknown certificate": {
			&server{startTLS: true},
			func(c *SMTPConfig) { c.TLS, c.RootCAs = true, x509.NewCertPool() }, false, "unknown authority",
		},
		"login refused": {
			&server{startTLS: true, auth: "PLAIN", replies: map[string]string{"AUTH": "535 5.7.8 wrong"}},
			func(c *SMTPConfig) { c.TLS, c.User, c.Password = true, "user", "hunter2" }, false, "535",
		},
		"no password in the clear": {
			&server{auth: "PLAIN LOGIN"}, func(c *SMTPConfig) { c.User, c.Password = "user", "hunter2" }, false, "",
		},
		"greeting never comes": {
			&server{replies: map[string]string{"": hang}},
			func(c *SMTPConfig) { c.Timeout = 50 * time.Millisecond }, false, "timeout",
		},
		"reply never comes": {
			&server{replies: map[string]string{"RCPT": hang}},
			func(c *SMTPConfig) { c.Timeout = 50 * time.Millisecond }, false, "timeout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(t, tt.server)
			cfg := srv.config()
			if tt.change != nil {
				tt.change(&cfg)
			}
			err := newSMTP(t, cfg).Send(t.Context(), message)
			require.Error(t, err)
			assert.Equal(t, tt.permanent, Permanent(err), "%v", err)
			assert.Contains(t, err.Error(), tt.says)
			assert.NotContains(t, err.Error(), "hunter2")
			for _, d := range srv.deliveries() {
				assert.Empty(t, d.password)
			}
		})
	}
}

func TestSMTPNoServer(t *testing.T) {
	t.Parallel()
	srv := serve(t, &server{})
	cfg := srv.config()
	require.NoError(t, srv.listener.Close())
	err := newSMTP(t, cfg).Send(t.Context(), message)
	require.Error(t, err)
	assert.False(t, Permanent(err))
}

func TestSMTPContext(t *testing.T) {
	t.Parallel()
	srv := serve(t, &server{replies: map[string]string{"RCPT": hang}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := newSMTP(t, srv.config()).Send(ctx, message)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.False(t, Permanent(err))
	assert.Less(t, time.Since(start), 5*time.Second, "does not wait for the configured 10 s")
}

func TestSMTPInjection(t *testing.T) {
	t.Parallel()
	srv := serve(t, &server{})
	cfg := srv.config()
	cfg.FromName = "EdgeValue\r\nBcc: eve@example.com\r\n\r\nbody"
	s := newSMTP(t, cfg)

	for _, address := range badAddresses {
		err := s.Send(t.Context(), Message{To: address, Subject: "s", Text: "t", HTML: "h"})
		require.Error(t, err, "%q", address)
		assert.True(t, Permanent(err), "%q", address)
	}
	require.Empty(t, srv.deliveries())

	subject := "Hello\r\nBcc: eve@example.com\r\n\r\nbody"
	require.NoError(t, s.Send(t.Context(), Message{To: "zoe@example.com", Subject: subject, Text: "t", HTML: "h"}))
	require.Len(t, srv.deliveries(), 1)
	m, err := netmail.ReadMessage(strings.NewReader(srv.deliveries()[0].data))
	require.NoError(t, err)
	assert.Empty(t, m.Header.Get("Bcc"))
	assert.Equal(t, "TO:<zoe@example.com>", srv.deliveries()[0].to)
	assert.Contains(t, m.Header.Get("Content-Type"), "multipart/alternative", "the header goes on to its end")
}

func TestNewSMTPRefuses(t *testing.T) {
	t.Parallel()
	good := SMTPConfig{Host: "mail.example.com", Port: 587, FromEmail: "info@example.com"}
	newSMTP(t, good)
	for name, change := range map[string]func(*SMTPConfig){
		"host": func(c *SMTPConfig) { c.Host = "" },
		"port": func(c *SMTPConfig) { c.Port = 70000 },
		"from": func(c *SMTPConfig) { c.FromEmail = "info" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			change(&cfg)
			_, err := NewSMTP(cfg)
			require.Error(t, err)
		})
	}
}
