package api_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// limits are those of an installation; the clients are behind a proxy.
func limits() options {
	return options{
		app: func(c *app.Config) { c.AttemptsPerAddress, c.AttemptsPerAccount = 100, 10 },
		api: func(c *api.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} },
	}
}

// tryLogin logs in from a client's address.
func (f *fixture) tryLogin(client, email, password string) (int, http.Header) {
	f.t.Helper()
	res, _ := f.call("", http.MethodPost, api.Prefix+"/login/access-token",
		strings.NewReader(url.Values{"username": {email}, "password": {password}}.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", client)
	return res.StatusCode, res.Header
}

// A /64 of IPv6 is one client, a /48 ten, and so is a /24 of IPv4, wherever attempts count.
func TestNetworksCountAsOneClient(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	post := func(path, body string) func(client string) (int, http.Header) {
		return func(client string) (int, http.Header) {
			fill := strings.NewReplacer("{}", unique("a")+"@example.com")
			res, _ := f.call("", http.MethodPost, api.Prefix+fill.Replace(path), strings.NewReader(fill.Replace(body)),
				"Content-Type", "application/json", "X-Forwarded-For", client)
			return res.StatusCode, res.Header
		}
	}
	for name, try := range map[string]func(client string) (int, http.Header){
		"login": func(client string) (int, http.Header) {
			return f.tryLogin(client, unique("a")+"@example.com", "wrong")
		},
		"recovery":     post("/password-recovery/{}", ""),
		"reset":        post("/reset-password", `{"token": "none", "new_password": "`+password+`"}`),
		"registration": post("/users/open", `{"email": "{}", "password": "`+password+`"}`),
	} {
		passed := 0
		for n := range 130 {
			if status, _ := try(fmt.Sprintf("2001:db8:1:1::%x", n+1)); status != http.StatusTooManyRequests {
				passed++
			}
		}
		assert.Equal(t, 100, passed, "%s: of 130 attempts from one /64", name)
	}
}

// Wrong passwords from anywhere lock nobody out.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	for n := range 30 {
		status, _ := f.tryLogin(fmt.Sprintf("192.0.2.%d", n/3), f.userEmail, "wrong")
		require.Equal(t, http.StatusUnauthorized, status, "attempt %d", n)
	}
	status, _ := f.tryLogin("198.51.100.1", f.userEmail, password)
	assert.Equal(t, http.StatusOK, status, "the right password from another network, after 30 wrong ones")
}

// What the argon2id queue has no room for is refused at once, and does not count.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) {
		costly := auth.DefaultParams
		costly.Iterations = 20
		hasher, err := auth.NewHasher(costly)
		require.NoError(t, err)
		c.Hasher = hasher
	}})
	var busy atomic.Int32
	var slowest atomic.Int64
	var all errgroup.Group
	for range 60 {
		all.Go(func() error {
			start := time.Now()
			if status, header := f.tryLogin("", f.userEmail, "wrong"); status == http.StatusServiceUnavailable {
				busy.Add(1)
				assert.NotEmpty(t, header.Get("Retry-After"))
			} else {
				assert.Equal(t, http.StatusUnauthorized, status)
			}
			slowest.Store(max(slowest.Load(), int64(time.Since(start))))
			return nil
		})
	}
	require.NoError(t, all.Wait())
	assert.GreaterOrEqual(t, busy.Load(), int32(40), "of 60 logins at once from one client; the slowest took %v", time.Duration(slowest.Load()))
	assert.Equal(t, 60-int(busy.Load()), f.count("SELECT coalesce(sum(attempts), 0) FROM rate_limit WHERE key LIKE 'login:network:%'"),
		"a refused one does not count")
}

func TestLogHasNoAddresses(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	for _, path := range []string{
		"/password-recovery/ada@example.com", "/password-recovery/ada@example.com/", "/password-recovery//ada@example.com",
		"/password-recovery/ada%40example.com", "/password-recovery/ada%2540example.com", "/password-recoverry/ada@example.com",
		"/password-recovery/a%2Fda@example.com", "/password-recovery/ada@example.com/x", "/password-recovery/ada@example.com%00",
		"/users/ada@example.com",
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodOptions, http.MethodHead} {
			f.call("", method, api.Prefix+path, nil)
			f.call("", method, path, nil)
		}
	}
	require.Contains(t, f.log.String(), "password-recovery")
	for line := range strings.SplitSeq(f.log.String(), "\n") {
		assert.NotRegexp(t, `da(@|%40|%2540)example`, line)
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	for n, bad := range []string{
		"123456789012", "password1234", strings.Repeat(" ", 12), strings.Repeat("\u200b", 12), "ada.lovelace@example.org",
		"passwordpassword", "qwertyuiopas", "Lovelace1815",
	} {
		body := fmt.Sprintf(`{"email": "ada.lovelace@example.org", "full_name": "Ada Lovelace", "password": "%s"}`, bad)
		res, out := f.callJSON(f.superToken, http.MethodPost, "/users", body)
		if !assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%q", bad) {
			f.callJSON(f.superToken, http.MethodDelete, fmt.Sprintf("/users/%d", n+3), "")
			continue
		}
		assert.Contains(t, mistakes(t, out), "/password", "%q", bad)
	}
}

func TestAddressRules(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	for _, bad := range []string{
		"ada@[192.0.2.1]", "ada@192.0.2.1", "a\u200bda@example.com", "ada\u00ad@example.com", "ada@exam\u200dple.com", "ada@exa_mple.com",
		"ada@-example.com", `"ada"@example.com`, "a\u3000da@example.com", "ada@example..com", "ada@" + strings.Repeat("a", 64) + ".com",
	} {
		res, out := f.callJSON(f.superToken, http.MethodPost, "/users", fmt.Sprintf(`{"email": %q, "password": %q}`, bad, password))
		if assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%q", bad) {
			assert.Contains(t, mistakes(t, out), "/email", "%q", bad)
		}
	}
}
