package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

// behindProxy makes the clients of a fixture a proxy that is believed.
func behindProxy(c *api.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// from calls a path as a client at an address.
func (f *fixture) from(address, path string) (*http.Response, []byte) {
	f.t.Helper()
	return f.call("", http.MethodGet, path, nil, "X-Forwarded-For", address)
}

// Requests above the bound of one network, of a site or of the process are refused at once; probes are not, and a
// place is free again when its request ends.
func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	var (
		mu      sync.Mutex
		refused []string
		arrived = make(chan struct{})
		release = make(chan struct{})
	)
	f := setup(t, options{api: func(c *api.Config) {
		behindProxy(c)
		c.Limits = api.Limits{InFlight: 6, InFlightPerNetwork: 2, Refused: func(by string) {
			mu.Lock()
			defer mu.Unlock()
			refused = append(refused, by)
		}}
		c.Pages = http.NewServeMux()
		c.Pages.HandleFunc("GET /wait", func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
		for _, path := range []string{"/livez", "/readyz"} {
			c.Pages.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
		}
	}})
	var waiting sync.WaitGroup
	wait := func(address string) {
		waiting.Go(func() {
			res, _ := f.from(address, "/wait")
			assert.Equal(t, http.StatusOK, res.StatusCode)
		})
		<-arrived
	}
	isRefused := func(address, by string) {
		t.Helper()
		res, body := f.from(address, api.Prefix+"/users/me")
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		assert.Equal(t, "1", res.Header.Get("Retry-After"))
		assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
		assert.Contains(t, decodeProblem(t, body).Detail.Value, "too many requests are being served")
		mu.Lock()
		defer mu.Unlock()
		require.NotEmpty(t, refused)
		assert.Equal(t, by, refused[len(refused)-1])
	}
	wait("2001:db8:1:1::1")
	wait("2001:db8:1:1::2")
	isRefused("2001:db8:1:1::3", "network")
	wait("2001:db8:1:2::1")
	wait("2001:db8:1:3::1")
	isRefused("2001:db8:1:4::1", "site") // (2 + 6) / 2
	wait("192.0.2.1")
	wait("198.51.100.1")
	isRefused("203.0.113.1", "process")
	for _, path := range []string{"/livez", "/readyz"} {
		res, _ := f.from("203.0.113.1", path)
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
	}
	close(release)
	waiting.Wait()
	res, _ := f.from("2001:db8:1:1::3", api.Prefix+"/users/me")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}

// While lists are being made, others wait, and what is no list does not.
func TestListsTakeTurns(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) { c.Limits.ListItems = 1000 }})
	tx, err := f.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)

	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := f.super.ListAuditEvents(t.Context(), oas.ListAuditEventsParams{PageSize: oas.NewOptInt32(1000)})
		first <- err
	}()
	require.Eventually(t, func() bool {
		return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, 10*time.Second, 5*time.Millisecond)
	go func() {
		_, err := f.super.ListUsers(t.Context(), oas.ListUsersParams{})
		second <- err
	}()
	_, err = f.user.GetCurrentUser(t.Context())
	require.NoError(t, err, "what is no list does not wait")
	select {
	case err := <-first:
		t.Fatalf("the first list was made without its table: %v", err)
	case err := <-second:
		t.Fatalf("the second list did not wait for the first: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-first)
	require.NoError(t, <-second)
}

// Every list ends its turn, also one that is refused or fails: with room for one, any number can follow.
func TestTurnsEnd(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) { c.Limits.ListItems = 1 }})
	for _, path := range []string{
		"/users?page_size=1000", "/users?page_size=0", "/users?page_token=x", "/audit-events", "/api-keys?user_id=9007199254740991",
		"/audit-events?page_size=1000&since=x", "/users",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+api.Prefix+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+f.superToken)
		res, err := f.http.Do(r)
		require.NoError(t, err, path)
		assert.Less(t, res.StatusCode, 500, path)
		require.NoError(t, res.Body.Close())
		cancel()
	}
}

// A /64 of IPv6 is one client, and a /48 one site with more; the headers say what is left. Pages and clients on this
// machine are not counted.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) {
		behindProxy(c)
		c.Limits = api.Limits{PerMinute: 3, PerMinuteSite: 5}
		c.CORSOrigins = []string{"https://app.example"}
		c.Pages = http.NewServeMux()
		c.Pages.HandleFunc("GET /page", func(http.ResponseWriter, *http.Request) {})
	}})
	const path = api.Prefix + "/users/me" // which nobody may, and which counts
	get := func(address string, status int, rate, policy string) *http.Response {
		t.Helper()
		res, _ := f.from(address, path)
		require.Equal(t, status, res.StatusCode)
		assert.Regexp(t, `^"`+rate+`;t=[1-6]?\d$`, res.Header.Get("RateLimit"))
		assert.Equal(t, policy, res.Header.Get("RateLimit-Policy"))
		return res
	}
	const client, site = `"client";q=3;w=60`, `"site";q=5;w=60`
	get("2001:db8:1:1::1", 401, `client";r=2`, client)
	get("2001:db8:1:1::2", 401, `client";r=1`, client)
	get("2001:db8:1:1:ffff::3", 401, `client";r=0`, client)
	res := get("2001:db8:1:1::4", 429, `client";r=0`, client)
	after, err := strconv.Atoi(res.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.Greater(t, after, 0)
	assert.LessOrEqual(t, after, 60)
	get("2001:db8:1:2::1", 401, `site";r=1`, site)
	get("2001:db8:1:3::1", 401, `site";r=0`, site)
	get("2001:db8:1:4::1", 429, `site";r=0`, site)
	get("2001:db8:2:1::1", 401, `client";r=2`, client)
	for range 3 {
		get("192.0.2.1", 401, `client";r=\d`, client)
	}
	get("192.0.2.1", 429, `client";r=0`, client)
	get("192.0.2.2", 401, `site";r=1`, site)

	for range 10 {
		for _, address := range []string{"127.0.0.1", "::1"} {
			res, _ := f.from(address, path)
			assert.Equal(t, 401, res.StatusCode)
			assert.Empty(t, res.Header.Get("RateLimit"))
		}
		res, _ := f.from("192.0.2.1", "/page")
		assert.Equal(t, 200, res.StatusCode)
	}
	res, _ = f.call("", http.MethodGet, path, nil, "X-Forwarded-For", "192.0.2.1", "Origin", "https://app.example")
	assert.Equal(t, 429, res.StatusCode)
	exposed := strings.ToLower(res.Header.Get("Access-Control-Expose-Headers"))
	assert.Contains(t, exposed, "ratelimit-policy")
	assert.Regexp(t, `\bratelimit\b`, exposed)
}

// deadlines is a response that remembers what it was given.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// An operation's response must be read within its time; an upload has more for both directions.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	f := setup(t, options{api: func(c *api.Config) {
		var err error
		handler, err = api.New(*c)
		require.NoError(t, err)
	}})
	for _, tt := range []struct {
		method, path string
		read, write  time.Duration // 0 is the server's own
	}{
		{http.MethodGet, "/users", 0, 45 * time.Second},
		{http.MethodPost, "/imports/splits", 5 * time.Minute, 5*time.Minute + 15*time.Second}, // newproject:companies
	} {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), tt.method, api.Prefix+tt.path, strings.NewReader("x"))
		r.Header.Set("Authorization", "Bearer "+f.superToken)
		handler.ServeHTTP(w, r)
		near := func(want time.Duration, got time.Time) {
			t.Helper()
			if want == 0 {
				assert.Zero(t, got, tt.path)
				return
			}
			assert.WithinDuration(t, time.Now().Add(want), got, 20*time.Second, tt.path)
		}
		near(tt.read, w.read)
		near(tt.write, w.write)
	}
}
