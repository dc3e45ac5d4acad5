package mail

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const link = "https://edgevalue.example/reset-password?token=a_b-c&x=1"

func TestMessages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message func() (Message, error)
		subject string
		text    []string
		html    []string
	}{
		"new account": {
			func() (Message, error) { return NewAccount("EdgeValue", "zoë@example.com", link) },
			"EdgeValue - New account for zoë@example.com",
			[]string{"Log in with your email address, zoë@example.com.", "\n" + link + "\n"},
			[]string{"<strong>zoë@example.com</strong>", `href="https://edgevalue.example/reset-password?token=a_b-c&amp;x=1"`},
		},
		"reset password": {
			func() (Message, error) { return ResetPassword("EdgeValue", "zoë@example.com", link, 48) },
			"EdgeValue - Password recovery for zoë@example.com",
			[]string{"account zoë@example.com.", "\n" + link + "\n", "for 48 hours."},
			[]string{`href="https://edgevalue.example/reset-password?token=a_b-c&amp;x=1"`, "for 48 hours."},
		},
		"reset password, one hour": {
			func() (Message, error) { return ResetPassword("EdgeValue", "zoë@example.com", link, 1) },
			"EdgeValue - Password recovery for zoë@example.com",
			[]string{"for 1 hour."},
			[]string{"for 1 hour."},
		},
		"activate": {
			func() (Message, error) { return Activate("EdgeValue", "zoë@example.com", link, 48) },
			"EdgeValue - Activate your account",
			[]string{"the address zoë@example.com at EdgeValue", "\n" + link + "\n", "for 48 hours."},
			[]string{`href="https://edgevalue.example/reset-password?token=a_b-c&amp;x=1"`, "for 48 hours."},
		},
		"already registered": {
			func() (Message, error) { return AlreadyRegistered("EdgeValue", "zoë@example.com", link) },
			"EdgeValue - You already have an account",
			[]string{"the address zoë@example.com at EdgeValue, which already has an account", "\n" + link + "\n"},
			[]string{"<strong>zoë@example.com</strong>, which already has an account", `href="https://edgevalue.example/reset-password?token=a_b-c&amp;x=1"`},
		},
		"test": {
			func() (Message, error) { return Test("EdgeValue", "zoë@example.com") },
			"EdgeValue - Test email",
			[]string{"test email from EdgeValue to zoë@example.com"},
			[]string{"test email to <strong>zoë@example.com</strong>", "<title>Test email from EdgeValue</title>"},
		},
		"hostile project name and link": {
			func() (Message, error) {
				return NewAccount("<b>&\r\nBcc: eve@example.com\r\n\r\n", "zoë@example.com", "javascript:alert(1)")
			},
			"<b>& Bcc: eve@example.com - New account for zoë@example.com",
			nil,
			[]string{"Welcome to &lt;b&gt;&amp;", `href="#ZgotmplZ"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := tt.message()
			require.NoError(t, err)
			assert.Equal(t, "zoë@example.com", m.To)
			assert.Equal(t, tt.subject, m.Subject)
			for _, s := range tt.text {
				assert.Contains(t, m.Text, s)
			}
			for _, s := range tt.html {
				assert.Contains(t, m.HTML, s)
			}
			assert.True(t, strings.HasPrefix(m.HTML, "<!doctype html>"))
			assert.NotContains(t, m.HTML+m.Text, "<no value>")
		})
	}
}

var badAddresses = []string{
	"", "zoe", "@example.com", "zoe@", "Zoe <zoe@example.com>", "<zoe@example.com>", "zoe@example.com, eve@example.com",
	"zoe@example.com\r\nBcc: eve@example.com", "zoe@example.com\n", "\"a\r\nb\"@example.com", "\"a\x7fb\"@example.com",
	"zoe@example.com\x00", "zoe@example.com (Zoe)", " zoe@example.com", "zoe@exam\xffple.com",
}

func TestMessagesRefuseAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range badAddresses {
		_, err := Test("EdgeValue", address)
		require.Error(t, err, "%q", address)
		assert.True(t, Permanent(err), "%q", address)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	m, err := ResetPassword("EdgeValue", "zoe@example.com", link, 48)
	require.NoError(t, err)
	var text, json bytes.Buffer
	require.NoError(t, Log{slog.New(slog.NewTextHandler(&text, nil))}.Send(t.Context(), m))
	require.NoError(t, Log{slog.New(slog.NewJSONHandler(&json, nil))}.Send(t.Context(), m))
	for _, out := range []string{text.String(), json.String()} {
		assert.Contains(t, out, link)
		assert.Contains(t, out, "zoe@example.com")
		assert.Equal(t, 1, strings.Count(out, "\n"), "one line")
	}
}
