package client_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/gen/oas"
)

const (
	user = `{"id":1,"email":"ada@example.com","pending_email":null,"full_name":null,"is_active":true,"is_superuser":false,"totp_enabled":false,
		"created_at":"2026-01-30T12:00:00Z","updated_at":"2026-01-30T12:00:00Z"}`
	message = `{"message":"done"}`
)

// All operations are methods.
var _ oas.Invoker = (*client.Client)(nil)

func get(ctx context.Context, c *client.Client) error {
	_, err := c.GetCurrentUser(ctx)
	return err
}

func post(ctx context.Context, c *client.Client) error {
	_, err := c.SendTestEmail(ctx, &oas.TestEmail{EmailTo: "ada@example.com"})
	return err
}

func put(ctx context.Context, c *client.Client) error {
	return c.UpdateCurrentUserPassword(ctx, &oas.PasswordChange{})
}

func patch(ctx context.Context, c *client.Client) error {
	_, err := c.UpdateCurrentUser(ctx, &oas.UserUpdateMe{})
	return err
}

func remove(ctx context.Context, c *client.Client) error { return c.EndOtherSessions(ctx) }

// succeed answers any of them.
func succeed(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodDelete, http.MethodPut:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, message)
	default:
		answer(w, user)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	in := func(wait string) []string { return []string{"Retry-After", wait} }
	for _, c := range []struct {
		name    string
		call    func(context.Context, *client.Client) error
		status  int
		problem string
		headers []string
		fails   int // as often the server answers so
		options []client.Option

		sent   int
		waited time.Duration
		ok     bool
	}{
		{"429 of GET", get, 429, "rate-limited", in("7"), 2, nil, 3, 14 * time.Second, true},
		{"429 of POST", post, 429, "rate-limited", in("7"), 1, nil, 2, 7 * time.Second, true},
		{"503 of GET", get, 503, "unavailable", in("1"), 1, nil, 2, time.Second, true},
		{"503 of PUT", put, 503, "unavailable", in("1"), 1, nil, 2, time.Second, true},
		{"503 of DELETE", remove, 503, "unavailable", in("1"), 1, nil, 2, time.Second, true},
		{"503 of POST", post, 503, "unavailable", in("1"), 1, nil, 1, 0, false},
		{"503 of PATCH", patch, 503, "unavailable", in("1"), 1, nil, 1, 0, false},
		{"nothing was read", post, 503, "too-many-uploads", in("5"), 1, nil, 2, 5 * time.Second, true},
		{"500", get, 500, "internal", in("1"), 1, nil, 1, 0, false},
		{"404", get, 404, "not-found", in("1"), 1, nil, 1, 0, false},
		{"no time given", get, 503, "unavailable", nil, 3, nil, 4, 7 * time.Second, true},
		{"nonsense given", get, 503, "unavailable", in("soon"), 1, nil, 2, time.Second, true},
		{"a date", get, 503, "unavailable", in("Sat, 01 Jan 2000 00:00:20 GMT"), 1, nil, 2, 20 * time.Second, true},
		{"too often", get, 503, "unavailable", in("1"), 9, nil, 4, 3 * time.Second, false},
		{"oftener", get, 503, "unavailable", in("1"), 9, []client.Option{client.WithRetries(10, time.Minute)}, 10, 9 * time.Second, true},
		{"never", get, 503, "unavailable", in("1"), 1, []client.Option{client.WithRetries(1, time.Minute)}, 1, 0, false},
		{"too long", get, 429, "rate-limited", in("61"), 1, nil, 1, 0, false},
		{"too long in all", get, 429, "rate-limited", in("25"), 9, nil, 3, 50 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var bodies []string
				s := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
					text := []byte(nil)
					if r.Body != nil {
						text, _ = io.ReadAll(r.Body)
					}
					if bodies = append(bodies, string(text)); len(bodies) > c.fails {
						succeed(w, r)
						return
					}
					problem(w, c.status, c.problem, c.headers...)
				}, append(c.options, client.WithToken("secret"))...)
				begin := time.Now()
				err := c.call(t.Context(), s)
				assert.Equal(t, c.waited, time.Since(begin))
				assert.Len(t, bodies, c.sent)
				for _, body := range bodies {
					assert.Equal(t, bodies[0], body)
				}
				if c.ok {
					require.NoError(t, err)
				} else {
					assert.True(t, client.IsProblem(err, client.ProblemType(c.problem)), err)
				}
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			sent++
			problem(w, 429, "rate-limited", "Retry-After", "30")
		}, client.WithToken("secret"))

		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begin := time.Now()
		err := get(ctx, c)
		assert.Zero(t, time.Since(begin), "there is no use in waiting")
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		assert.Equal(t, 30*time.Second, p.RetryAfter)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		require.ErrorIs(t, get(ctx, c), context.Canceled)
		assert.Equal(t, 3*time.Second, time.Since(begin))
		assert.Equal(t, 2, sent)
	})
}

func TestAbort(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	c := fake(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}, client.WithToken("secret"))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	require.ErrorIs(t, get(ctx, c), context.Canceled)
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		problem client.Problem
		text    string
	}{
		{
			"of the server", func(w http.ResponseWriter, _ *http.Request) { problem(w, 422, "invalid") },
			client.Problem{
				Type: client.Invalid, Status: 422, Title: "Title", Detail: "what is wrong", RequestID: "abc",
				Errors: []oas.FieldError{{Field: "/email", Message: "must be an address"}},
			},
			"422 Title (invalid): what is wrong; /email: must be an address [request abc]",
		},
		{
			"of a newer server", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, `{"type":"https://elsewhere.example/problems/teapot","title":"A teapot","status":418,"colour":"brown"}`)
			},
			client.Problem{Type: "teapot", Status: 418, Title: "A teapot"},
			"418 A teapot (teapot)",
		},
		{
			"of a proxy", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "def")
				w.WriteHeader(http.StatusBadGateway)
				_, _ = io.WriteString(w, strings.Repeat("<html>", 1<<20))
			},
			client.Problem{Status: 502, Title: "Bad Gateway", RequestID: "def"},
			"502 Bad Gateway [request def]",
		},
		{
			"broken", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, `{"type":`)
			},
			client.Problem{Status: 500, Title: "Internal Server Error"},
			"500 Internal Server Error",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := get(t.Context(), fake(t, c.answer, client.WithToken("secret")))
			var p *client.Problem
			require.ErrorAs(t, err, &p)
			assert.Equal(t, c.problem, *p)
			assert.EqualError(t, p, c.text)
			assert.True(t, client.IsProblem(err, client.Conflict, c.problem.Type))
			assert.False(t, client.IsProblem(err, client.Conflict, client.NotFound))
			assert.False(t, client.IsProblem(err))
		})
	}
	assert.False(t, client.IsProblem(nil, client.Invalid))
	assert.False(t, client.IsProblem(errors.New("other"), client.Invalid))
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	look := func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		succeed(w, r)
	}
	c := fake(t, look, client.WithToken("secret"))
	require.NoError(t, get(t.Context(), c))
	assert.Equal(t, "Bearer secret", got.Get("Authorization"))
	assert.Equal(t, "edgevalue-go", got.Get("User-Agent"))
	_, err := c.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: "ada@example.com"})
	require.NoError(t, err)
	assert.Equal(t, "Bearer secret", got.Get("Authorization"), "its requests count as the key's")

	c = fake(t, look, client.WithUserAgent("screener/1.2"), client.WithToken(""))
	_, err = c.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: "ada@example.com"})
	require.NoError(t, err)
	assert.Empty(t, got.Get("Authorization"))
	assert.Equal(t, "screener/1.2", got.Get("User-Agent"))
	got = nil
	require.ErrorIs(t, get(t.Context(), c), client.ErrNoToken)
	assert.Nil(t, got, "it was not sent")
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	var asked []string
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token 2" {
			problem(w, 401, "unauthenticated")
			return
		}
		succeed(w, r)
	}, client.WithTokenSource(func(_ context.Context, refused string) (string, error) {
		asked = append(asked, refused)
		return "token " + strconv.Itoa(len(asked)), nil
	}))
	require.NoError(t, patch(t.Context(), c))
	assert.Equal(t, []string{"", "token 1"}, asked)
	assert.True(t, client.IsProblem(patch(t.Context(), c), client.Unauthenticated), "one other token is tried")
	assert.Equal(t, []string{"", "token 1", "", "token 3"}, asked)

	no := errors.New("no token today")
	c = fake(t, succeed, client.WithTokenSource(func(context.Context, string) (string, error) { return "", no }))
	require.ErrorIs(t, get(t.Context(), c), no)
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, path, mistake string }{
		{"http://edgevalue.example", "/api/v1/users/me", ""},
		{"http://edgevalue.example/", "/api/v1/users/me", ""},
		{"http://edgevalue.example/api/v1", "/api/v1/users/me", ""},
		{"http://edgevalue.example/api/v1/", "/api/v1/users/me", ""},
		{"http://edgevalue.example/below/?a=b#c", "/below/api/v1/users/me", ""},
		{"", "", `"" does not begin with http:// or https:// and a host`},
		{"localhost:8080", "", `does not begin with http://`},
		{"/api/v1", "", `does not begin with http://`},
		{"http://a b", "", "invalid character"},
	} {
		path := ""
		s, err := client.New(c.address, client.WithToken("secret"), client.WithHTTPClient(&http.Client{
			Transport: handler(func(w http.ResponseWriter, r *http.Request) {
				path = r.URL.Path
				succeed(w, r)
			}),
		}))
		if c.mistake != "" {
			require.ErrorContains(t, err, c.mistake, c.address)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, get(t.Context(), s))
		assert.Equal(t, c.path, path)
	}
}
