package api_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/gen/oas"
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

// A site has ten times the attempts of a network: a /24 of IPv4, a /48 of IPv6.
func TestSitesHaveMoreAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	f.app.AttemptsPerAddress = 5
	for _, client := range []string{"192.0.2.%d", "2001:db8:1:%x::1"} {
		passed := 0
		for n := range 80 {
			if status, _ := f.tryLogin(fmt.Sprintf(client, n+1), unique("a")+"@example.com", "wrong"); status != http.StatusTooManyRequests {
				passed++
			}
		}
		assert.Equal(t, 50, passed, client)
	}
	status, _ := f.tryLogin("192.0.3.1", f.userEmail, password)
	assert.Equal(t, http.StatusOK, status, "another site")
	status, _ = f.tryLogin("2001:db8:2:1::1", f.userEmail, password)
	assert.Equal(t, http.StatusOK, status, "another site")
	assert.Equal(t, 2, f.count("SELECT count(*) FROM audit_event WHERE action = 'login.limited' AND reason LIKE '%site'"),
		"once for each in a window")
}

// An account that was tried very often, from wherever, answers later, and to the right password from another network.
func TestManyAttemptsAtAnAccountAreSlowed(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	const delay = time.Second
	f.app.AttemptDelay = delay
	unknown := unique("nobody") + "@example.com"
	f.app.Hasher.Queue.Waiting, f.app.Hasher.Queue.PerClient = 1000, 1000
	for _, email := range []string{f.userEmail, unknown} {
		for n := range 100 {
			status, _ := f.tryLogin(fmt.Sprintf("192.0.2.%d", n/10), email, "wrong")
			require.Equal(t, http.StatusUnauthorized, status)
		}
	}
	took := func(client, email, password string, want int) time.Duration {
		t.Helper()
		begin := time.Now()
		status, _ := f.tryLogin(client, email, password)
		require.Equal(t, want, status)
		return time.Since(begin)
	}
	assert.Less(t, took("198.51.100.1", "super@example.com", password, http.StatusOK), delay, "another account")
	assert.GreaterOrEqual(t, took("198.51.100.2", f.userEmail, "wrong", http.StatusUnauthorized), delay)
	assert.GreaterOrEqual(t, took("198.51.100.2", unknown, "wrong", http.StatusUnauthorized), delay, "an unknown account is no other")
	assert.GreaterOrEqual(t, took("198.51.100.3", f.userEmail, password, http.StatusOK), delay, "the right password works")
	for email, target := range map[string]int{f.userEmail: 1, unknown: 0} {
		assert.Equal(t, target, f.count(`SELECT count(*) FROM audit_event e JOIN user_account u ON u.id::text = e.target
			WHERE e.action = 'login.delayed' AND u.email = $1`, email), "once in a window")
	}
	assert.Equal(t, 2, f.count("SELECT count(*) FROM audit_event WHERE action = 'login.delayed'"))

	// Two of a network wait; the others are told at once to come back.
	f.app.AttemptDelay = 3 * time.Second
	var busy atomic.Int32
	var all errgroup.Group
	for range 6 {
		all.Go(func() error {
			status, header := f.tryLogin("203.0.113.1", f.userEmail, "wrong")
			if status == http.StatusServiceUnavailable {
				busy.Add(1)
				assert.NotEmpty(t, header.Get("Retry-After"))
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	assert.EqualValues(t, 4, busy.Load())
	assert.Equal(t, 2, f.count("SELECT attempts FROM rate_limit WHERE key = 'login:network:203.0.113.1/32'"), "who was sent away does not count")
}

// A new password by mail lets its account begin anew, from everywhere.
func TestResetForgetsAttempts(t *testing.T) {
	t.Parallel()
	o := limits()
	o.jobs = true
	f := setup(t, o)
	for n := range 30 {
		f.tryLogin("192.0.2.1", f.userEmail, "wrong")
		f.tryLogin(fmt.Sprintf("192.0.2.%d", n), f.userEmail, "wrong")
	}
	status, _ := f.tryLogin("192.0.2.1", f.userEmail, password)
	require.Equal(t, http.StatusTooManyRequests, status)
	_, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: oas.Email(strings.ToUpper(f.userEmail))})
	require.NoError(t, err)
	_, err = f.anon.ResetPassword(t.Context(), &oas.PasswordReset{Token: f.mailedToken(f.userEmail), NewPassword: "staple battery horse"})
	require.NoError(t, err)
	status, _ = f.tryLogin("192.0.2.1", f.userEmail, "staple battery horse")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, 0, f.count("SELECT coalesce(sum(attempts), 0) FROM rate_limit WHERE key LIKE 'login:account:%'"))
	assert.Equal(t, 1, f.count(`SELECT count(*) FROM audit_event e JOIN user_account u ON u.id::text = e.target
		WHERE e.action = 'password.recovery_requested' AND u.email = $1`, f.userEmail))
	assert.NotContains(t, f.log.String(), f.userEmail)
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
		c.Hasher = auth.NewHasher(costly)
	}})
	var busy atomic.Int32
	var slowest atomic.Int64
	var all errgroup.Group
	logins := 15 * (runtime.GOMAXPROCS(0) + 2) // many times as many as are hashed and wait
	for range logins {
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
	assert.GreaterOrEqual(t, int(busy.Load()), logins*2/3, "of %d logins at once from one client; the slowest took %v", logins, time.Duration(slowest.Load()))
	assert.Equal(t, logins-int(busy.Load()), f.count("SELECT coalesce(sum(attempts), 0) FROM rate_limit WHERE key LIKE 'login:network:%'"),
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
	for bad, rule := range map[string]string{
		"123456789012":               "sequences",
		"password1234":               "common passwords",
		"passwordpassword":           "common passwords",
		"qwertyuiopas":               "rows of keys",
		"ada.lovelace@example.org":   "your address, your name",
		"Lovelace1815":               "your address, your name",
		strings.Repeat(" ", 12):      "5 different visible characters",
		strings.Repeat("\u200b", 12): "5 different visible characters",
		"eleven char":                "must have 12 to 128 characters",
	} {
		body := fmt.Sprintf(`{"email": "ada.lovelace@example.org", "full_name": "Ada Lovelace", "password": "%s"}`, bad)
		res, out := f.callJSON(f.superToken, http.MethodPost, "/users", body)
		if assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%q", bad) {
			assert.Contains(t, mistakes(t, out)["/password"], rule, "%q", bad)
		}
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

// The rules hold wherever a password is set, and know whose it is.
func TestPasswordRulesEverywhere(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	u, err := f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: "grace@wertpapier.example", Password: password, FullName: oas.NewOptNilFullName("Grace Hopper"),
	})
	require.NoError(t, err)
	_, err = f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: u.Email})
	require.NoError(t, err)
	token := f.mailedToken(string(u.Email))
	hers := f.client(f.login(string(u.Email), password))
	for _, bad := range []oas.Password{"password1234", "gracehopper1906", "wertpapier.example", "edgevalue 2026 edgevalue"} {
		var e *app.Error
		_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{Password: oas.NewOptPassword(bad)}, oas.UpdateUserParams{ID: u.ID})
		assert.Contains(t, fieldProblem(t, err, "/password"), "must be harder to guess")
		err = hers.UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{CurrentPassword: password, NewPassword: bad})
		assert.Contains(t, fieldProblem(t, err, "/new_password"), "must be harder to guess")
		_, err = f.anon.ResetPassword(t.Context(), &oas.PasswordReset{Token: token, NewPassword: bad})
		assert.Contains(t, fieldProblem(t, err, "/new_password"), "must be harder to guess")
		_, err = f.app.SetPassword(t.Context(), app.System, string(u.Email), string(bad))
		assert.ErrorAs(t, err, &e)
	}
	_, err = f.app.EnsureSuperuser(t.Context(), "first@example.com", "edgevalue 2026 edgevalue")
	require.ErrorContains(t, err, "password must be harder to guess")
	_, err = f.anon.ResetPassword(t.Context(), &oas.PasswordReset{Token: token, NewPassword: "staple battery horse"})
	require.NoError(t, err, "a refused password does not use the token up")
}

// However an address is written, it is one.
func TestAddressesAreKeptInOneForm(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	other := f.createUser(unique("other") + "@example.com")
	u := f.createUser("Zoe\u0308@B\u00dcCHER.example")
	assert.EqualValues(t, "Zo\u00eb@xn--bcher-kva.example", u.Email)
	for _, same := range []string{"zo\u00eb@b\u00fccher.example", "ZOE\u0308@bu\u0308cher.EXAMPLE", "zo\u00eb@XN--BCHER-KVA.example", "zo\u00eb@b\u00fccher\u3002example"} {
		f.login(same, password)
		_, err := f.super.CreateUser(t.Context(), &oas.UserCreate{Email: oas.Email(same), Password: password})
		problem(t, err, http.StatusConflict)
		_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{Email: oas.NewOptEmail(oas.Email(same))}, oas.UpdateUserParams{ID: other.ID})
		problem(t, err, http.StatusConflict)
		_, err = f.app.SetPassword(t.Context(), app.System, same, password)
		require.NoError(t, err)
	}
	got, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{Email: oas.NewOptEmail("ada@STRASSE.example")}, oas.UpdateUserParams{ID: u.ID})
	require.NoError(t, err)
	assert.EqualValues(t, "ada@strasse.example", got.Email)
	f.createUser("ada@stra\u00dfe.example") // another domain since 2008

	// An account whose address was kept in another form is still found.
	f.exec("UPDATE user_account SET email = 'ada@b\u00fccher.example' WHERE id = $1", u.ID)
	f.login("Ada@b\u00fccher.example", password)
	_, err = f.super.CreateUser(t.Context(), &oas.UserCreate{Email: "ada@b\u00fccher.example", Password: password})
	problem(t, err, http.StatusConflict)
}
