package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// monitored is a server with a page for superusers below /jobs.
func monitored(t *testing.T, https bool) *fixture {
	return setup(t, options{
		app: func(c *app.Config) { c.AttemptsPerAccount = 5 },
		api: func(c *api.Config) {
			c.HTTPS, c.Domain = https, "edgevalue.example"
			c.Pages = http.NewServeMux()
			console, err := api.NewConsole(*c)
			require.NoError(t, err)
			console.Register(c.Pages)
			c.Pages.Handle("/jobs/", console.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = io.WriteString(w, "the monitor, "+r.Method+string(body))
			})))
		},
	})
}

const form = "application/x-www-form-urlencoded"

// logIn sends the form of /login.
func (f *fixture) logIn(email, password, next string, header ...string) (*http.Response, string) {
	f.t.Helper()
	values := url.Values{"email": {email}, "password": {password}, "otp": {""}, "next": {next}}
	res, body := f.call("", http.MethodPost, "/login", strings.NewReader(values.Encode()), append(header, "Content-Type", form)...)
	return res, string(body)
}

func cookieOf(t *testing.T, res *http.Response) *http.Cookie {
	t.Helper()
	require.Len(t, res.Cookies(), 1)
	return res.Cookies()[0]
}

func TestConsole(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	const name = "__Secure-edgevalue_console"
	get := func(header ...string) (*http.Response, string) {
		t.Helper()
		res, body := f.call("", http.MethodGet, "/jobs/queues?state=x", nil, header...)
		return res, string(body)
	}
	res, body := get()
	requireProblem(t, res, []byte(body), http.StatusUnauthorized, "a program")
	assert.NotContains(t, res.Header.Get("WWW-Authenticate"), "Basic")
	res, _ = get("Accept", "text/html,*/*")
	assert.Equal(t, http.StatusSeeOther, res.StatusCode, "a browser")
	assert.Equal(t, "/login?next=%2Fjobs%2Fqueues%3Fstate%3Dx", res.Header.Get("Location"))

	res, body = f.logIn("super@example.com", password, "/jobs/queues?state=x")
	require.Equal(t, http.StatusSeeOther, res.StatusCode, body)
	assert.Equal(t, "/jobs/queues?state=x", res.Header.Get("Location"))
	cookie := cookieOf(t, res)
	assert.Equal(t, name, cookie.Name)
	assert.True(t, cookie.HttpOnly && cookie.Secure)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, "edgevalue.example", cookie.Domain)
	assert.Equal(t, "/", cookie.Path)
	assert.Equal(t, int((12 * time.Hour).Seconds()), cookie.MaxAge)
	with := func(token string) string { return name + "=" + token }
	inactive := f.createUser("inactive@example.com")
	inactiveToken := f.login("inactive@example.com", password)
	f.exec("UPDATE user_account SET is_superuser = true, is_active = false WHERE id = $1", inactive.ID)
	for what, c := range map[string]struct {
		header []string
		status int
	}{
		"the cookie":                  {[]string{"Cookie", with(cookie.Value)}, http.StatusOK},
		"the cookie beside another":   {[]string{"Cookie", with("another") + "; " + with(cookie.Value)}, http.StatusOK},
		"an access token":             {[]string{"Authorization", "Bearer " + f.superToken}, http.StatusOK},
		"an ordinary user's":          {[]string{"Authorization", "Bearer " + f.userToken}, http.StatusForbidden},
		"an inactive superuser's":     {[]string{"Authorization", "Bearer " + inactiveToken}, http.StatusUnauthorized},
		"a wrong token":               {[]string{"Authorization", "Bearer nonsense"}, http.StatusUnauthorized},
		"a wrong cookie":              {[]string{"Cookie", with("nonsense")}, http.StatusUnauthorized},
		"a cookie's token elsewhere":  {[]string{"Authorization", "Bearer " + cookie.Value}, http.StatusUnauthorized},
		"an access token as a cookie": {[]string{"Cookie", with(f.superToken)}, http.StatusUnauthorized},
		"the cookie without prefix":   {[]string{"Cookie", "edgevalue_console=" + cookie.Value}, http.StatusUnauthorized},
		"Basic":                       {[]string{"Authorization", "Basic c3VwZXJAZXhhbXBsZS5jb206Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"}, http.StatusUnauthorized},
	} {
		res, body := get(c.header...)
		assert.Equal(t, c.status, res.StatusCode, "%s: %s", what, body)
		assert.Equal(t, c.status == http.StatusOK, body == "the monitor, GET", what)
		assert.Empty(t, res.Cookies(), what)
	}
	res, _ = f.call(cookie.Value, http.MethodGet, api.Prefix+"/users/me", nil)
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the API does not take the cookie's token")
	res, _ = f.call("", http.MethodGet, api.Prefix+"/users/me", nil, "Cookie", with(cookie.Value))
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the API does not take the cookie")

	// What changes something comes from a page of this origin, or from no browser.
	for _, c := range []struct {
		what   string
		header []string
		status int
	}{
		{"same origin", []string{"Sec-Fetch-Site", "same-origin", "Origin", f.url}, http.StatusOK},
		{"no browser", nil, http.StatusOK},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, http.StatusForbidden},
		{"another site, an old browser", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"a sibling", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://pgadmin.edgevalue.example"}, http.StatusForbidden},
	} {
		before := f.count("SELECT count(*) FROM audit_event WHERE action = 'jobs.cancel'")
		res, out := f.call("", http.MethodPost, "/jobs/api/jobs/cancel", strings.NewReader(`{"ids":["7"]}`), append(c.header, "Cookie", with(cookie.Value))...)
		assert.Equal(t, c.status, res.StatusCode, c.what)
		noted := f.count("SELECT count(*) FROM audit_event WHERE action = 'jobs.cancel' AND target = '/jobs/api/jobs/cancel' AND detail #>> '{input,ids,0}' = '7'")
		if c.status == http.StatusOK {
			before++
			assert.Equal(t, `the monitor, POST{"ids":["7"]}`, string(out))
		}
		assert.Equal(t, before, noted, c.what)
		if c.status == http.StatusForbidden {
			res, _ = f.logIn("super@example.com", password, "", c.header...)
			assert.Equal(t, http.StatusForbidden, res.StatusCode, c.what)
			res, _ = f.call("", http.MethodPost, "/logout", nil, append(c.header, "Cookie", with(cookie.Value))...)
			assert.Equal(t, http.StatusForbidden, res.StatusCode, c.what)
		}
	}

	f.clock.advance(12*time.Hour - time.Second)
	res, _ = get("Cookie", with(cookie.Value))
	assert.Equal(t, http.StatusOK, res.StatusCode)
	f.clock.advance(time.Second)
	res, _ = get("Cookie", with(cookie.Value))
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the cookie ends after 12 hours")
}

func TestConsoleLogout(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	res, _ := f.logIn("super@example.com", password, "")
	assert.Equal(t, "/jobs", res.Header.Get("Location"))
	cookie := cookieOf(t, res)
	header := cookie.Name + "=" + cookie.Value
	res, _ = f.call("", http.MethodGet, "/login?next=/jobs/x", nil, "Cookie", header)
	assert.Equal(t, "/jobs/x", res.Header.Get("Location"), "who is logged in needs no form")
	res, _ = f.call("", http.MethodPost, "/logout", nil, "Cookie", header)
	assert.Equal(t, http.StatusSeeOther, res.StatusCode)
	assert.Equal(t, "/", res.Header.Get("Location"))
	gone := cookieOf(t, res)
	assert.Equal(t, cookie.Name, gone.Name)
	assert.Empty(t, gone.Value)
	assert.Negative(t, gone.MaxAge)
	assert.Equal(t, cookie.Domain, gone.Domain)
	res, _ = f.call("", http.MethodGet, "/jobs/", nil, "Cookie", header)
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the cookie is dead, whoever kept it")
	res, _ = f.call("", http.MethodPost, "/logout", nil)
	assert.Equal(t, http.StatusSeeOther, res.StatusCode, "who is not logged in may log out, too")
	res, _ = f.call("", http.MethodGet, "/logout", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'console.opened' AND actor = 'user'"))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'console.closed' AND actor = 'user'"))
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	f := monitored(t, false)
	res, body := f.call("", http.MethodGet, `/login?next="><script>alert(1)</script>`, nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	policy := res.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "form-action 'self' https://edgevalue.example:* https://*.edgevalue.example:*")
	assert.NotContains(t, policy, "script-src")
	assert.NotContains(t, string(body), "<script")
	assert.Regexp(t, `<form method="post" action="/login">`, string(body))

	res, out := f.logIn(`"><script>x@example.com`, "wrong", "/jobs/x")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	assert.Empty(t, res.Cookies())
	assert.Contains(t, out, "Wrong email or password.")
	assert.Contains(t, out, `name="next" value="/jobs/x"`)
	assert.NotContains(t, out, "<script")
	res, out = f.logIn(f.userEmail, password, "")
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
	assert.Empty(t, res.Cookies())
	assert.Contains(t, out, "Only a superuser may do this.")

	for range 5 {
		f.logIn("super@example.com", "wrong", "")
	}
	res, out = f.logIn("super@example.com", password, "")
	assert.Equal(t, http.StatusTooManyRequests, res.StatusCode, "logins are limited here, too")
	assert.NotEmpty(t, res.Header.Get("Retry-After"))
	assert.Contains(t, out, "Too many attempts")

	f.clock.advance(time.Hour)
	res, _ = f.logIn("super@example.com", password, "")
	cookie := cookieOf(t, res)
	assert.Equal(t, "edgevalue_console", cookie.Name)
	assert.False(t, cookie.Secure, "a browser would not send it back")
	assert.Empty(t, cookie.Domain)
}

// A login leads to this host and those of the domain, and nowhere else.
func TestWhereALoginLeads(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	for next, want := range map[string]string{
		"":                                  "/jobs",
		"/":                                 "/",
		"/jobs/queues?x=1#top":              "/jobs/queues?x=1#top",
		"https://edgevalue.example/docs":    "https://edgevalue.example/docs",
		"https://pgadmin.edgevalue.example": "https://pgadmin.edgevalue.example",
		"https://pgAdmin.EdgeValue.example:8443/a?b": "https://pgAdmin.EdgeValue.example:8443/a?b",
		"http://pgadmin.edgevalue.example/":          "/jobs",
		"//evil.example":                             "/jobs",
		"///evil.example":                            "/jobs",
		`/\evil.example`:                             "/jobs",
		`\\evil.example`:                             "/jobs",
		"/\tevil.example":                            "/jobs",
		"/\n/evil.example":                           "/jobs",
		"https:evil.example":                         "/jobs",
		"https:/evil.example":                        "/jobs",
		"https://evil.example":                       "/jobs",
		"https://evil-edgevalue.example":             "/jobs",
		"https://edgevalue.example.evil.example":     "/jobs",
		"https://edgevalue.example@evil.example":     "/jobs",
		"https://evil.example#.edgevalue.example":    "/jobs",
		`https://evil.example\.edgevalue.example`:    "/jobs",
		"javascript:alert(1)":                        "/jobs",
		"data:text/html,x":                           "/jobs",
		"jobs":                                       "/jobs",
		"%2F%2Fevil.example":                         "/jobs",
	} {
		res, _ := f.logIn("super@example.com", password, next)
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		assert.Equal(t, want, res.Header.Get("Location"), "%q", next)
	}
}

func TestForwardAuth(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	res, _ := f.logIn("super@example.com", password, "")
	cookie := cookieOf(t, res)
	ask := func(host, uri string, header ...string) *http.Response {
		t.Helper()
		res, _ := f.call("", http.MethodGet, "/forward-auth", nil, append(header, "X-Forwarded-Proto", "https", "X-Forwarded-Host", host,
			"X-Forwarded-Uri", uri)...)
		return res
	}
	assert.Equal(t, http.StatusNoContent, ask("pgadmin.edgevalue.example", "/", "Cookie", cookie.Name+"="+cookie.Value).StatusCode)
	for _, c := range []struct{ host, uri, next string }{
		{"pgadmin.edgevalue.example", "/browser/?a=1&b=2", "?next=https%3A%2F%2Fpgadmin.edgevalue.example%2Fbrowser%2F%3Fa%3D1%26b%3D2"},
		{"evil.example", "/", ""},
		{"pgadmin.edgevalue.example@evil.example", "/", ""},
		{"", "", ""},
	} {
		for _, header := range [][]string{nil, {"Cookie", cookie.Name + "=nonsense"}, {"Cookie", cookie.Name + "=" + f.superToken},
			{"Authorization", "Bearer " + f.superToken}} {
			res := ask(c.host, c.uri, header...)
			assert.Equal(t, http.StatusFound, res.StatusCode, c.host)
			assert.Equal(t, "https://edgevalue.example/login"+c.next, res.Header.Get("Location"), c.host)
		}
	}
	res = ask("pgadmin.edgevalue.example", "/misc/ping", "X-Forwarded-Method", "POST")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "what is no page is not sent to one")
	f.exec("UPDATE user_account SET is_superuser = false WHERE email = 'super@example.com'")
	assert.Equal(t, http.StatusFound, ask("pgadmin.edgevalue.example", "/", "Cookie", cookie.Name+"="+cookie.Value).StatusCode)
}

// The tokens of a console and of the API are signed with keys of their own.
func TestConsoleTokenIsNoAccessToken(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	forged, _, err := auth.NewTokens("a secret of the tests, long enough", time.Hour, f.clock.Now).Issue(auth.Claims{UserID: 1, SessionID: 1, Version: 0})
	require.NoError(t, err)
	_, err = f.app.IdentifyConsole(context.Background(), forged)
	require.Error(t, err)
	token, _, err := f.app.OpenConsole(t.Context(), "super@example.com", password, "")
	require.NoError(t, err)
	_, err = f.app.Identify(t.Context(), token)
	require.Error(t, err)
	_, err = f.app.IdentifyConsole(t.Context(), token)
	require.NoError(t, err)
}

func TestMonitorTakesNoAPIKey(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	key, _ := f.createKey(f.superToken, "write")
	for _, header := range [][]string{{"Authorization", "Bearer " + key}, {"X-API-Key", key}} {
		res, body := f.call("", http.MethodPost, "/jobs/api/jobs/cancel", bytes.NewReader(nil), header...)
		requireProblem(t, res, body, http.StatusForbidden, header[0])
	}
}
