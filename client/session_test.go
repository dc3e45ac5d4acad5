package client_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/gen/oas"
)

// sessions serves logins in memory. Tokens are numbered; the newest access token is the valid one.
type sessions struct {
	mu      sync.Mutex
	log     []string // the requests for tokens
	tokens  int
	invalid bool                                          // whether no access token is valid
	before  func(w http.ResponseWriter, path string) bool // reports whether it has answered
}

func (s *sessions) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	if s.before != nil && s.before(w, path) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch path {
	case "/login/access-token", "/login/refresh":
		_ = r.ParseForm()
		s.log = append(s.log, path[len("/login/"):]+r.Form.Get("refresh_token")+r.Form.Get("otp"))
		s.tokens++
		answer(w, fmt.Sprintf(`{"access_token":"a%[1]d","token_type":"bearer","expires_in":600,"refresh_token":" r%[1]d","refresh_expires_in":6000}`, s.tokens))
	case "/logout":
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		s.log = append(s.log, "logout "+token)
		if token != fmt.Sprintf("a%d", s.tokens) {
			problem(w, 401, "unauthenticated")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		if s.invalid || r.Header.Get("Authorization") != fmt.Sprintf("Bearer a%d", s.tokens) {
			problem(w, 401, "unauthenticated")
			return
		}
		succeed(w, r)
	}
}

// said returns the requests for tokens since it was called last.
func (s *sessions) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.log = nil }()
	return strings.Join(s.log, ", ")
}

func (s *sessions) client(t *testing.T, options ...client.Option) *client.Client {
	return inMemory(t, s.serve, append(options, client.WithPassword("ada@example.com", "correct horse"))...)
}

func TestSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sessions{}
		c := s.client(t)
		_, err := c.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: "ada@example.com"})
		require.True(t, client.IsProblem(err, client.Unauthenticated), "the fake's answer to a request without a token")
		assert.Empty(t, s.said(), "it needs no login")

		require.NoError(t, get(t.Context(), c))
		require.NoError(t, get(t.Context(), c))
		assert.Equal(t, "access-token", s.said())

		time.Sleep(539 * time.Second)
		require.NoError(t, get(t.Context(), c))
		assert.Empty(t, s.said())
		time.Sleep(2 * time.Second)
		require.NoError(t, get(t.Context(), c))
		assert.Equal(t, "refresh r1", s.said(), "before it expires")

		s.tokens++ // a2 is revoked
		require.NoError(t, post(t.Context(), c))
		assert.Equal(t, "refresh r2", s.said(), "after 401")

		s.invalid = true
		assert.True(t, client.IsProblem(get(t.Context(), c), client.Unauthenticated))
		assert.Equal(t, "refresh r4", s.said(), "once")
		s.invalid = false

		require.NoError(t, c.Logout(t.Context()))
		assert.Equal(t, "logout a5", s.said())
		require.ErrorIs(t, get(t.Context(), c), client.ErrLoggedOut)
		require.NoError(t, c.Logout(t.Context()))
		assert.Empty(t, s.said())

		c = s.client(t)
		require.NoError(t, c.Logout(t.Context()))
		require.ErrorIs(t, get(t.Context(), c), client.ErrLoggedOut)
		assert.Empty(t, s.said(), "there was no session")

		c = s.client(t)
		require.NoError(t, get(t.Context(), c))
		s.tokens++ // the access token is revoked, and the session goes on
		s.said()
		require.NoError(t, c.Logout(t.Context()))
		assert.Equal(t, "logout a6, refresh r6, logout a8", s.said())
	})
}

// However many operations meet an old token, it is refreshed once.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sessions{before: func(_ http.ResponseWriter, path string) bool {
			if strings.HasPrefix(path, "/login/") {
				time.Sleep(time.Second)
			}
			return false
		}}
		c := s.client(t)
		all := func() {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { assert.NoError(t, get(t.Context(), c)) })
			}
			wg.Wait()
		}
		all()
		assert.Equal(t, "access-token", s.said())
		time.Sleep(10 * time.Minute)
		all()
		assert.Equal(t, "refresh r1", s.said())
		s.tokens++
		all()
		assert.Equal(t, "refresh r2", s.said())
	})
}

// A failed refresh: what comes of the session.
func TestRefreshFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		fail   func(w http.ResponseWriter)
		err    error         // of the connection
		after  time.Duration // the first request with a token that is to be renewed
		now    string        // what the server is asked next
		errors bool          // what that request meets
		later  string        // and two seconds later
	}{
		{"session ended", func(w http.ResponseWriter) { problem(w, 401, "unauthenticated") }, nil, 550 * time.Second, "access-token", false, ""},
		{"token just used", func(w http.ResponseWriter) { problem(w, 409, "refresh-token-just-used") }, nil, 550 * time.Second, "access-token", false, ""},
		{"answer lost", nil, errors.New("connection reset"), 550 * time.Second, "access-token", false, ""},
		{"proxy's error", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, nil, 550 * time.Second, "access-token", false, ""},
		{"busy", func(w http.ResponseWriter) { problem(w, 503, "unavailable") }, nil, 550 * time.Second, "", false, "refresh r1"},
		{"busy, and the token has expired", func(w http.ResponseWriter) { problem(w, 503, "unavailable") }, nil, 600 * time.Second, "", true, "refresh r1"},
		{"no connection", nil, &net.OpError{Op: "dial", Err: errors.New("refused")}, 550 * time.Second, "", false, "refresh r1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &sessions{}
				fails := 1
				api := client.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/refresh") && fails > 0 {
						if fails--; c.err != nil {
							return nil, c.err
						}
						return handler(func(w http.ResponseWriter, _ *http.Request) { c.fail(w) }).RoundTrip(r)
					}
					return handler(s.serve).RoundTrip(r)
				})})
				ada, err := client.New("http://edgevalue.example", client.WithPassword("ada@example.com", "correct horse"), api)
				require.NoError(t, err)
				require.NoError(t, get(t.Context(), ada))
				assert.Equal(t, "access-token", s.said())
				time.Sleep(c.after)
				assert.Equal(t, c.errors, get(t.Context(), ada) != nil)
				assert.Equal(t, c.now, s.said())
				time.Sleep(2 * time.Second)
				require.NoError(t, get(t.Context(), ada))
				assert.Equal(t, c.later, s.said())
			})
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		problem(w, 401, "unauthenticated")
	}, client.WithPassword("ada@example.com", "wrong"))
	for range 3 {
		assert.True(t, client.IsProblem(get(t.Context(), c), client.Unauthenticated))
	}
	assert.EqualValues(t, 1, sent.Load(), "more would count as attempts")
}

// The password changes during a session whose refresh is refused.
func TestChangedPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		changed, attempts := false, 0
		s := &sessions{before: func(w http.ResponseWriter, path string) bool {
			if refused := changed && strings.HasPrefix(path, "/login/"); refused {
				attempts++
				problem(w, 401, "unauthenticated")
				return true
			}
			return false
		}}
		c := s.client(t)
		require.NoError(t, get(t.Context(), c))
		changed = true
		time.Sleep(541 * time.Second)
		for range 50 { // seconds of the access token's last minute
			require.NoError(t, get(t.Context(), c))
			time.Sleep(time.Second)
		}
		assert.Equal(t, 2, attempts, "one refresh, one login")
		time.Sleep(time.Minute)
		for range 3 {
			assert.True(t, client.IsProblem(get(t.Context(), c), client.Unauthenticated))
		}
		assert.Equal(t, 3, attempts)
	})
}

func TestOTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sessions{}
		needs := func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/login/access-token" && r.FormValue("otp") != "123456" {
				problem(w, 401, "second-factor-required")
				return
			}
			s.serve(w, r)
		}
		ada := client.WithPassword("ada@example.com", "correct horse")
		assert.True(t, client.IsProblem(get(t.Context(), inMemory(t, needs, ada)), client.SecondFactorRequired))

		codes := make(chan string)
		var gone atomic.Int32
		c := inMemory(t, needs, ada, client.WithOTP(func(ctx context.Context) (string, error) {
			select {
			case code := <-codes:
				return code, nil
			case <-ctx.Done():
				gone.Add(1)
				return "", ctx.Err()
			}
		}))
		one, stopOne := context.WithCancel(t.Context())
		two, stopTwo := context.WithCancel(t.Context())
		done := make(chan error, 2)
		for _, ctx := range []context.Context{one, two} {
			go func() { done <- get(ctx, c) }()
		}
		synctest.Wait()
		stopOne()
		require.ErrorIs(t, <-done, context.Canceled)
		synctest.Wait()
		assert.Zero(t, gone.Load(), "another operation waits for the code")
		stopTwo()
		require.ErrorIs(t, <-done, context.Canceled)
		synctest.Wait()
		assert.EqualValues(t, 1, gone.Load())

		go func() { done <- get(t.Context(), c) }()
		codes <- "000000"
		assert.True(t, client.IsProblem(<-done, client.SecondFactorRequired))
		go func() { done <- get(t.Context(), c) }()
		codes <- "123456"
		require.NoError(t, <-done)
		assert.Equal(t, "access-token123456", s.said())
	})
}

// Against the server itself: a login, a refresh, and the end of the session.
func TestServerSession(t *testing.T) {
	t.Parallel()
	c := superuser(t)
	me, err := c.TestAccessToken(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, server.Superuser, me.Email)

	var current []oas.Session
	for s, err := range client.Pages(t.Context(), c.ListSessions, oas.ListSessionsParams{PageSize: oas.NewOptInt32(1)}) {
		require.NoError(t, err)
		if s.Current {
			current = append(current, s)
		}
	}
	require.Len(t, current, 1)
	assert.Equal(t, "edgevalue-go", current[0].UserAgent.Value)

	require.NoError(t, c.EndSession(t.Context(), oas.EndSessionParams{ID: current[0].ID}))
	_, err = c.TestAccessToken(t.Context())
	require.NoError(t, err, "a new session begins")
	require.NoError(t, c.Logout(t.Context()))
	_, err = c.TestAccessToken(t.Context())
	require.ErrorIs(t, err, client.ErrLoggedOut)

	c, err = client.New(server.URL, client.WithPassword(server.Superuser, "wrong"))
	require.NoError(t, err)
	_, err = c.TestAccessToken(t.Context())
	assert.True(t, client.IsProblem(err, client.Unauthenticated), err)

	key, err := superuser(t).CreateApiKey(t.Context(), &oas.ApiKeyCreate{Name: "client", CurrentPassword: server.Password, Scopes: []oas.ApiKeyScope{oas.ApiKeyScopeRead}})
	require.NoError(t, err)
	c, err = client.New(server.URL, client.WithToken(key.Key))
	require.NoError(t, err)
	_, err = c.GetCurrentUser(t.Context())
	assert.True(t, client.IsProblem(err, client.APIKeyNotAllowed), err)
}
