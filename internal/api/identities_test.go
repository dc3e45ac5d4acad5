package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// follower is another server of a fixture's database, which follows the changes of accounts until cut is called.
type follower struct {
	*fixture
	cut func()
}

// followers returns servers beside that of the fixture.
func followers(t *testing.T, configure func(*app.Config)) (f *fixture, a, b follower) {
	t.Helper()
	var cfg app.Config
	f = setup(t, options{app: func(c *app.Config) { cfg = *c }})
	if configure != nil {
		configure(&cfg)
	}
	return f, f.follower(cfg), f.follower(cfg)
}

func (f *fixture) follower(cfg app.Config) follower {
	f.t.Helper()
	cfg.Changes = pg.NewChanges(cfg.Pool, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); cfg.Changes.Run(ctx) }()
	cut := func() { stop(); <-ended }
	f.t.Cleanup(cut)
	require.Eventually(f.t, func() bool { _, ok := cfg.Changes.State(pg.Accounts); return ok }, time.Minute, time.Millisecond)
	var err error
	g := *f
	g.pool = cfg.Pool
	g.app, err = app.New(cfg)
	require.NoError(f.t, err)
	handler, err := api.New(api.Config{App: g.app, Logger: cfg.Logger})
	require.NoError(f.t, err)
	s := httptest.NewServer(handler)
	f.t.Cleanup(s.Close)
	g.url = s.URL
	g.super = g.client(g.superToken)
	return follower{&g, cut}
}

// asks sends a request that reads nothing itself for who may not list users, and one page for who may. It returns the status
// and how often the server read who that is.
func (f *fixture) asks(token string) (status int, reads int64) {
	f.t.Helper()
	before := f.pool.Stat().AcquireCount()
	res, _ := f.call(token, http.MethodGet, api.Prefix+"/users", nil)
	reads = f.pool.Stat().AcquireCount() - before
	if res.StatusCode == http.StatusOK {
		reads--
	}
	return res.StatusCode, reads
}

// remembers waits until all that the server is told has arrived, and it reads nothing to answer a token with the status.
func (f follower) remembers(token string, status int) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		got, reads := f.asks(token)
		return got == status && reads == 0
	}, time.Minute, time.Millisecond)
}

// Whom a token or a key stands for is read once by a server that follows the changes, and each time by one that was cut off from them.
func TestIdentitiesAreRemembered(t *testing.T) {
	t.Parallel()
	f, a, _ := followers(t, nil)
	key, _ := f.createKey(f.superToken, "read")
	for token, status := range map[string]int{f.superToken: http.StatusOK, f.userToken: http.StatusForbidden, key: http.StatusForbidden} {
		a.remembers(token, status)
	}
	a.cut()
	for token, status := range map[string]int{f.superToken: http.StatusOK, f.userToken: http.StatusForbidden, key: http.StatusForbidden} {
		for range 2 {
			got, reads := a.asks(token)
			assert.Equal(t, status, got)
			assert.EqualValues(t, 1, reads, "a server that was cut off")
		}
	}
}

// What ends a token or a key, or changes what it may do, counts at once on the server that does it, and on another as soon as
// that is told.
func TestRememberedIdentitiesEnd(t *testing.T) {
	t.Parallel()
	superuser := func(f *fixture) *person {
		p := f.newUser()
		_, err := f.super.UpdateUser(f.t.Context(), &oas.UserUpdate{IsSuperuser: oas.NewOptBool(true)}, oas.UpdateUserParams{ID: p.id})
		require.NoError(f.t, err)
		return p
	}
	do := func(f *fixture, token, method, path, body string) {
		f.t.Helper()
		res, answer := f.callJSON(token, method, path, body)
		require.Less(f.t, res.StatusCode, http.StatusBadRequest, "%s", answer)
	}
	for name, tt := range map[string]struct {
		end           func(f *fixture, p *person, keyID int64)
		byKey         bool
		before, after int
		configure     func(*app.Config)
	}{
		"logout": {
			end:    func(f *fixture, p *person, _ int64) { do(f, p.token, http.MethodPost, "/logout", "") },
			before: http.StatusOK, after: http.StatusUnauthorized,
		},
		"end of other sessions": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, f.login(p.email, password), http.MethodDelete, "/users/me/sessions", "")
			},
			before: http.StatusOK, after: http.StatusUnauthorized,
		},
		"another password": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, p.token, http.MethodPut, "/users/me/password", `{"current_password": "`+password+`", "new_password": "staple battery horse"}`)
			},
			before: http.StatusOK, after: http.StatusUnauthorized,
		},
		"deactivation": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, f.superToken, http.MethodPatch, fmt.Sprintf("/users/%d", p.id), `{"is_active": false}`)
			},
			before: http.StatusOK, after: http.StatusUnauthorized,
		},
		"deactivation, and a key": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, f.superToken, http.MethodPatch, fmt.Sprintf("/users/%d", p.id), `{"is_active": false}`)
			},
			byKey: true, before: http.StatusForbidden, after: http.StatusUnauthorized,
		},
		"deletion": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, f.superToken, http.MethodDelete, fmt.Sprintf("/users/%d", p.id), "")
			},
			before: http.StatusOK, after: http.StatusUnauthorized,
		},
		"no superuser any more": {
			end: func(f *fixture, p *person, _ int64) {
				do(f, f.superToken, http.MethodPatch, fmt.Sprintf("/users/%d", p.id), `{"is_superuser": false}`)
			},
			before: http.StatusOK, after: http.StatusForbidden,
		},
		"a second factor": {
			end:    func(f *fixture, p *person, _ int64) { p.enrol() },
			before: http.StatusForbidden, after: http.StatusOK,
			configure: func(c *app.Config) { c.RequireSuperuser2FA = true },
		},
		"a revoked key": {
			end: func(f *fixture, p *person, keyID int64) {
				do(f, p.token, http.MethodDelete, fmt.Sprintf("/api-keys/%d", keyID), "")
			},
			byKey: true, before: http.StatusForbidden, after: http.StatusUnauthorized,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, a, b := followers(t, tt.configure)
			p := superuser(f)
			token, keyID := p.token, int64(0)
			if tt.byKey {
				key, info := f.createKey(p.token, "write")
				token, keyID = key, info.ID
			}
			a.remembers(token, tt.before)
			b.remembers(token, tt.before)
			p.f, p.client = a.fixture, a.client(p.token)
			tt.end(a.fixture, p, keyID)
			got, _ := a.asks(token)
			assert.Equal(t, tt.after, got, "the server that did it")
			require.Eventually(t, func() bool { got, _ := b.asks(token); return got == tt.after }, time.Minute, time.Millisecond)
		})
	}
}

// Nothing is remembered for longer than it lasts.
func TestRememberedIdentitiesExpire(t *testing.T) {
	t.Parallel()
	f, a, _ := followers(t, func(c *app.Config) { c.AccessTokenLife = 30 * 24 * time.Hour })
	_, info := f.createKey(f.superToken, "read")
	key, _ := f.createKey(f.superToken, "read")
	a.remembers(key, http.StatusForbidden)
	f.clock.advance(info.ExpiresAt.Sub(f.clock.Now()))
	got, _ := a.asks(key)
	assert.Equal(t, http.StatusUnauthorized, got)

	cookie := f.open(f.userEmail)
	g := a.fixture
	require.True(t, g.lives(cookie))
	f.clock.advance(29 * 24 * time.Hour)
	require.True(t, g.lives(cookie), "it is renewed")
	f.clock.advance(29 * 24 * time.Hour)
	require.True(t, g.lives(cookie), "and so goes on")
	f.clock.advance(30 * 24 * time.Hour)
	assert.False(t, g.lives(cookie))
}

// The use of a remembered key is noted as that of others is.
func TestRememberedKeyIsNotedAsUsed(t *testing.T) {
	t.Parallel()
	f, a, _ := followers(t, nil)
	key, info := f.createKey(f.superToken, "read")
	used := func() (at time.Time) {
		t.Helper()
		a.remembers(key, http.StatusForbidden)
		require.NoError(t, f.pool.QueryRow(t.Context(), "SELECT last_used_at FROM api_key WHERE id = $1", info.ID).Scan(&at))
		return at
	}
	assert.Equal(t, start, used())
	f.clock.advance(59 * time.Second)
	assert.Equal(t, start, used(), "at most once a minute")
	f.clock.advance(2 * time.Second)
	assert.Equal(t, start.Add(61*time.Second), used())
}
