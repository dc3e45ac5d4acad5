package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

const (
	cookieName = "__Host-edgevalue_session" // over HTTPS
	loginPath  = api.Prefix + "/login/session"
	mePath     = api.Prefix + "/users/me"
)

// sameSite and crossSite are how browsers say which page sent something; old ones say no Sec-Fetch-Site.
var (
	sameSite  = []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://edgevalue.example"}
	crossSite = map[string][]string{
		"another site":     {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a sibling":        {"Sec-Fetch-Site", "same-site", "Origin", "https://pgadmin.edgevalue.example"},
		"an old browser":   {"Origin", "https://evil.example"},
		"a sandbox":        {"Origin", "null"},
		"the other scheme": {"Sec-Fetch-Site", "cross-site", "Origin", "http://edgevalue.example"},
		"a page that may call the API with a token": {"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"},
	}
)

// overHTTPS is a server whose public address is encrypted.
func overHTTPS(t *testing.T, configure func(*app.Config)) *fixture {
	t.Helper()
	return setup(t, options{app: configure, api: func(c *api.Config) {
		c.HTTPS = true
		c.CORSOrigins = []string{"https://app.example"}
	}})
}

// signIn logs the page in.
func (f *fixture) signIn(email, password, otp string, header ...string) (*http.Response, []byte) {
	f.t.Helper()
	sent := map[string]string{"email": email, "password": password}
	if otp != "" {
		sent["otp"] = otp
	}
	body, err := json.Marshal(sent)
	require.NoError(f.t, err)
	return f.call("", http.MethodPost, loginPath, strings.NewReader(string(body)), append(header, "Content-Type", "application/json",
		"User-Agent", "a browser/1.0")...)
}

// open is signIn for the Cookie header that a browser sends from then on.
func (f *fixture) open(email string, header ...string) string {
	f.t.Helper()
	res, body := f.signIn(email, password, "", header...)
	require.Equal(f.t, http.StatusCreated, res.StatusCode, "%s", body)
	c := cookieOf(f.t, res)
	return c.Name + "=" + c.Value
}

// with calls an operation with a Cookie header.
func (f *fixture) with(cookie, method, path, body string, header ...string) (*http.Response, []byte) {
	f.t.Helper()
	if body != "" {
		header = append(header, "Content-Type", "application/json")
	}
	return f.call("", method, api.Prefix+path, strings.NewReader(body), append(header, "Cookie", cookie)...)
}

// lives reports whether a cookie is somebody's.
func (f *fixture) lives(cookie string) bool {
	f.t.Helper()
	res, _ := f.with(cookie, http.MethodGet, "/users/me", "")
	return res.StatusCode == http.StatusOK
}

func TestCookie(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	u := f.newUser()
	res, body := f.signIn(strings.ToUpper(u.email), password, "", sameSite...)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	var me oas.User
	require.NoError(t, me.UnmarshalJSON(body))
	assert.Equal(t, u.id, me.ID)
	assert.EqualValues(t, u.email, me.Email)
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	c := cookieOf(t, res)
	assert.NotContains(t, string(body), c.Value)
	assert.Regexp(t, `^`+cookieName+`=[^;]{43,}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$`, res.Header.Get("Set-Cookie"))
	assert.NotContains(t, f.dump(), c.Value)

	cookie := c.Name + "=" + c.Value
	res, body = f.with(cookie, http.MethodGet, "/users/me/sessions", "")
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	assert.Empty(t, res.Cookies())
	var page oas.SessionPage
	require.NoError(t, page.UnmarshalJSON(body))
	require.Len(t, page.Items, 2)
	own := page.Items[0]
	assert.True(t, own.Current)
	assert.False(t, page.Items[1].Current)
	assert.Equal(t, oas.NewNilString("a browser/1.0"), own.UserAgent)
	assert.Equal(t, f.clock.Now().Add(30*24*time.Hour), own.ExpiresAt.UTC())
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'login.succeeded' AND target = $1::bigint::text", own.ID))

	// A cookie opens what an access token does, writes included, for who it is.
	res, body = f.with(cookie, http.MethodPatch, "/users/me", `{"full_name": "Ada"}`, sameSite...)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	assert.Contains(t, string(body), "Ada")
	res, body = f.with(cookie, http.MethodGet, "/audit-events", "")
	requireProblem(t, res, body, http.StatusForbidden, "an ordinary user")
	res, body = f.with(f.open("super@example.com"), http.MethodGet, "/audit-events", "")
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)

	// A Basic login is a proxy's, and no other than the cookie's.
	res, body = f.with(cookie, http.MethodGet, "/users/me", "", "Authorization", "Basic c3RhZmY6c3RhZmY=")
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	res, body = f.with(cookie, http.MethodHead, "/users/me", "")
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
}

// Over plain HTTP a browser would neither keep a cookie with the prefix nor send one that is Secure.
func TestCookieOverHTTP(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	res, body := f.signIn(f.userEmail, password, "", "Origin", f.url)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	c := cookieOf(t, res)
	assert.Equal(t, "edgevalue_session", c.Name)
	assert.True(t, c.HttpOnly && !c.Secure && c.Domain == "" && c.SameSite == http.SameSiteStrictMode && c.Path == "/")
	cookie := c.Name + "=" + c.Value
	assert.True(t, f.lives(cookie))
	assert.True(t, f.lives(c.Name+"=another; "+cookie), "one beside it, of another path or a domain above")
	assert.False(t, f.lives(strings.Repeat(c.Name+"=another; ", 10)+cookie), "as many as would be work")
	assert.False(t, f.lives(cookieName+"="+c.Value))
}

// What a cookie holds is no access token, refresh token or console's, nor the other way round.
func TestCookieIsNoOtherToken(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	cookie := f.open("super@example.com")
	token := strings.TrimPrefix(cookie, cookieName+"=")
	session := f.session("super@example.com")
	console, _, err := f.app.OpenConsole(t.Context(), "super@example.com", password, "")
	require.NoError(t, err)
	key, _ := f.createKey(f.superToken, "write")
	for what, value := range map[string]string{
		"nothing": "", "nonsense": "nonsense", "an access token": session.AccessToken, "a refresh token": session.RefreshToken,
		"a console's": console, "an API key": key, "changed": token[:len(token)-2] + "xx",
	} {
		res, body := f.with(cookieName+"="+value, http.MethodGet, "/users/me", "")
		requireProblem(t, res, body, http.StatusUnauthorized, what)
		assert.Contains(t, string(body), "the session has ended", what)
	}
	assert.False(t, f.alive(token))
	status, _, _ := f.refresh(token)
	assert.Equal(t, http.StatusUnauthorized, status)
	_, err = f.app.IdentifyConsole(t.Context(), token)
	require.Error(t, err)
	assert.False(t, f.lives("edgevalue_session="+token), "the name without its prefix, which another host can set")
	assert.True(t, f.lives(cookie))
}

// Who sends a credential of their own is whoever that says, or nobody.
func TestHeaderBeatsCookie(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	cookie := f.open("super@example.com")
	key, _ := f.createKey(f.userToken, "read")
	get := func(path string, header ...string) (*http.Response, []byte) {
		t.Helper()
		return f.with(cookie, http.MethodGet, path, "", header...)
	}
	res, body := get("/users/me", "Authorization", "Bearer "+f.userToken)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	assert.Contains(t, string(body), f.userEmail)
	for what, header := range map[string][]string{
		"an invalid token": {"Authorization", "Bearer nonsense"},
		"an invalid key":   {"X-API-Key", "nonsense"},
	} {
		res, body = get("/users/me", header...)
		requireProblem(t, res, body, http.StatusUnauthorized, what)
	}
	for _, header := range [][]string{{"X-API-Key", key}, {"Authorization", "Bearer " + key}} {
		res, body = get("/users/me", header...)
		requireProblem(t, res, body, http.StatusForbidden, header[0])
		assert.Contains(t, string(body), "api-key-not-allowed")
	}
	for what, header := range crossSite {
		res, body = f.with(cookie, http.MethodPatch, "/users/me", `{"full_name": "Ada"}`, append(header, "Authorization", "Bearer "+f.userToken)...)
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s with a token of its own: %s", what, body)
	}
}

// No page of another origin logs anybody in or out, or changes something as somebody.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	u := f.newUser()
	cookie := f.open(u.email)
	refused := func(res *http.Response, body []byte, what string) {
		t.Helper()
		requireProblem(t, res, body, http.StatusForbidden, what)
		assert.Equal(t, "/problems/cross-origin", decodeProblem(t, body).Type, what)
		assert.Empty(t, res.Cookies(), what)
	}
	sessions := f.count("SELECT count(*) FROM session")
	events := f.count("SELECT count(*) FROM audit_event")
	for what, header := range crossSite {
		res, body := f.signIn(u.email, password, "", header...)
		refused(res, body, what)
		assert.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"), what)
		for _, c := range []string{cookie, ""} {
			res, body = f.with(c, http.MethodDelete, "/login/session", "", header...)
			refused(res, body, what)
		}
		for _, op := range operations() {
			if op.Security == nil || op.method == http.MethodGet {
				continue
			}
			r := op.example(t)
			res, body = f.call("", op.method, r.url(), strings.NewReader(r.body), append(header, "Cookie", cookie, "Content-Type", r.contentType())...)
			refused(res, body, what+": "+op.OperationID)
		}
		res, body = f.with(cookie, http.MethodGet, "/users/me", "", header...)
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s: who cannot read it: %s", what, body)
		assert.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"), what)
	}
	assert.Equal(t, sessions, f.count("SELECT count(*) FROM session"))
	assert.Equal(t, events, f.count("SELECT count(*) FROM audit_event"))

	for what, header := range map[string][]string{
		"the own page, whose host a proxy hides": {"Origin", "https://edgevalue.example"},
		"the own page, of the host asked":        {"Origin", f.url},
		"the own page":                           sameSite,
		"a person":                               {"Sec-Fetch-Site", "none"},
		"no browser":                             nil,
	} {
		res, body := f.with(cookie, http.MethodPatch, "/users/me", `{"full_name": "Ada"}`, header...)
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", what, body)
	}
}

// Each login is a session of its own, whatever cookie a browser had before; that one's ends.
func TestLoginReplacesCookie(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	first, elsewhere := f.open(f.userEmail), f.open(f.userEmail)
	planted := f.open("super@example.com")
	second := f.open(f.userEmail, "Cookie", first)
	assert.NotEqual(t, first, second)
	assert.False(t, f.lives(first))
	assert.True(t, f.lives(second) && f.lives(elsewhere))
	third := f.open(f.userEmail, "Cookie", planted)
	assert.False(t, f.lives(planted))
	assert.True(t, f.lives(third))
	res, body := f.signIn(f.userEmail, "wrong", "", "Cookie", third)
	requireProblem(t, res, body, http.StatusUnauthorized, "a wrong password")
	assert.Empty(t, res.Cookies())
	assert.True(t, f.lives(third), "a failed login ends nothing")
}

func TestCookieLogout(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	cookie, other := f.open(f.userEmail), f.open(f.userEmail)
	for _, sent := range []string{cookie, cookie, cookieName + "=nonsense", "x=y"} {
		res, body := f.with(sent, http.MethodDelete, "/login/session", "", sameSite...)
		require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)
		assert.Equal(t, cookieName+"=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict", res.Header.Get("Set-Cookie"), sent)
		assert.False(t, f.lives(cookie), "it is dead, whoever kept it")
	}
	assert.True(t, f.lives(other))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'session.ended' AND actor = 'user'"))
	res, body := f.with(other, http.MethodPost, "/logout", "")
	require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)
	assert.False(t, f.lives(other))
}

// A session ends when its cookie is not used for 30 days, and after 180 days. One that is used says so once an hour.
func TestCookieExpires(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	idle, cookie := f.open(f.userEmail), f.open(f.userEmail)
	use := func(path string) *http.Cookie {
		t.Helper()
		res, body := f.with(cookie, http.MethodGet, path, "", "User-Agent", "a browser/2.0")
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
		if len(res.Cookies()) == 0 {
			return nil
		}
		return cookieOf(t, res)
	}
	f.clock.advance(time.Hour - time.Second)
	assert.Nil(t, use("/users/me"))
	f.clock.advance(time.Second)
	renewed := use("/users/me")
	require.NotNil(t, renewed)
	assert.Equal(t, cookie, renewed.Name+"="+renewed.Value)
	assert.Equal(t, int((30 * 24 * time.Hour).Seconds()), renewed.MaxAge)
	assert.True(t, renewed.HttpOnly && renewed.Secure && renewed.SameSite == http.SameSiteStrictMode)
	assert.Nil(t, use("/users/me"))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM session WHERE user_agent = 'a browser/2.0' AND last_used_at = $1 AND expires_at = $2",
		f.clock.Now(), f.clock.Now().Add(30*24*time.Hour)))

	f.clock.advance(30*24*time.Hour - time.Hour - time.Second)
	assert.True(t, f.lives(cookie))
	f.clock.advance(time.Second)
	assert.False(t, f.lives(idle))
	for range 5 {
		f.clock.advance(29 * 24 * time.Hour)
		require.NotNil(t, use("/users/me"))
	}
	f.clock.advance(4 * 24 * time.Hour)
	assert.Equal(t, int((24 * time.Hour).Seconds()), use("/users/me").MaxAge, "not beyond the 180th day")
	f.clock.advance(24 * time.Hour)
	assert.False(t, f.lives(cookie))
}

// What ends sessions ends those of cookies.
func TestCookieSessionEnds(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	update := func(u *person, in oas.UserUpdate) {
		t.Helper()
		_, err := f.super.UpdateUser(t.Context(), &in, oas.UpdateUserParams{ID: u.id})
		require.NoError(t, err)
	}
	for what, end := range map[string]func(u *person, cookie string){
		"ended in the list": func(u *person, _ string) {
			page, err := u.client.ListSessions(t.Context(), oas.ListSessionsParams{})
			require.NoError(t, err)
			require.NoError(t, u.client.EndSession(t.Context(), oas.EndSessionParams{ID: page.Items[0].ID}))
		},
		"ended with the others": func(u *person, _ string) { require.NoError(t, u.client.EndOtherSessions(t.Context())) },
		"password changed with it": func(_ *person, cookie string) {
			res, body := f.with(cookie, http.MethodPut, "/users/me/password", `{"current_password": "`+password+`", "new_password": "staple battery horse"}`)
			require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)
		},
		"password set by a superuser": func(u *person, _ string) {
			update(u, oas.UserUpdate{Password: oas.NewOptPassword("staple battery horse")})
		},
		"deactivated": func(u *person, _ string) { update(u, oas.UserUpdate{IsActive: oas.NewOptBool(false)}) },
		"deleted": func(u *person, _ string) {
			require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.id}))
		},
	} {
		u := f.newUser()
		cookie := f.open(u.email)
		require.True(t, f.lives(cookie), what)
		end(u, cookie)
		assert.False(t, f.lives(cookie), what)
	}
}

// The rest of the login is that of /login/access-token: codes, limits, and no word about which accounts there are.
func TestCookieLogin(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, func(c *app.Config) { c.AttemptsPerAccount = 5 })
	u, idle := f.newUser(), f.newUser()
	codes := u.enrol()
	cookieless := func(res *http.Response, body []byte, status int, kind, what string) string {
		t.Helper()
		requireProblem(t, res, body, status, what)
		assert.Empty(t, res.Cookies(), what)
		p := decodeProblem(t, body)
		assert.Equal(t, "/problems/"+kind, p.Type, what)
		return p.Detail.Value
	}
	res, body := f.signIn(u.email, password, "")
	cookieless(res, body, http.StatusUnauthorized, "second-factor-required", "no code")
	res, body = f.signIn(u.email, "wrong", codes[0])
	wrong := cookieless(res, body, http.StatusUnauthorized, "unauthenticated", "a wrong password with a right code")
	res, body = f.signIn(u.email, password, codes[0])
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	res, body = f.signIn(u.email, password, codes[0])
	cookieless(res, body, http.StatusUnauthorized, "second-factor-required", "a code again")

	_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(false)}, oas.UpdateUserParams{ID: idle.id})
	require.NoError(t, err)
	for what, email := range map[string]string{"unknown": "nobody@example.com", "deactivated": idle.email, "no address": "\u0000x"} {
		res, body = f.signIn(email, password, "")
		assert.Equal(t, wrong, cookieless(res, body, http.StatusUnauthorized, "unauthenticated", what), what)
	}
	for reason, n := range map[string]int{"wrong_password": 1, "no_second_factor": 1, "deactivated": 1, "unknown_account": 2} {
		assert.Equal(t, n, f.count("SELECT count(*) FROM audit_event WHERE action = 'login.failed' AND reason = $1", reason), reason)
	}
	for range 4 { // one attempt was made with another operation
		f.signIn(f.userEmail, "wrong", "")
	}
	f.form("/login/access-token", "username", f.userEmail, "password", "wrong")
	res, body = f.signIn(f.userEmail, password, "")
	cookieless(res, body, http.StatusTooManyRequests, "rate-limited", "both logins count together")
	assert.NotEmpty(t, res.Header.Get("Retry-After"))

	for _, sent := range []string{`{"email": "a@example.com"}`, `{"email": "", "password": "x"}`, `{"email": "a@example.com", "password": "x", "remember": true}`} {
		res, body = f.callJSON("", http.MethodPost, "/login/session", sent)
		cookieless(res, body, http.StatusUnprocessableEntity, "invalid", sent)
	}
}

// A person logs in once: a superuser's cookie of the page opens the job monitor, and nothing else of the console.
func TestCookieOpensMonitor(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	cookie, ordinary := f.open("super@example.com"), f.open(f.userEmail)
	res, body := f.call("", http.MethodGet, "/jobs/", nil, "Cookie", cookie, "Accept", "text/html")
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	assert.Empty(t, res.Cookies())
	res, _ = f.call("", http.MethodGet, "/jobs/", nil, "Cookie", ordinary, "Accept", "text/html")
	assert.Equal(t, "/login?next=%2Fjobs%2F", res.Header.Get("Location"))
	res, body = f.call("", http.MethodGet, "/jobs/", nil, "Cookie", ordinary)
	requireProblem(t, res, body, http.StatusUnauthorized, "an ordinary user")
	res, _ = f.call("", http.MethodGet, "/forward-auth", nil, "Cookie", cookie)
	assert.Equal(t, http.StatusFound, res.StatusCode, "another host's guard wants the console's cookie")

	for what, header := range crossSite {
		res, body = f.call("", http.MethodPost, "/jobs/api/jobs/cancel", strings.NewReader(`{"ids":["7"]}`), append(header, "Cookie", cookie)...)
		requireProblem(t, res, body, http.StatusForbidden, what)
		assert.Equal(t, "/problems/cross-origin", decodeProblem(t, body).Type, what)
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM audit_event WHERE action = 'jobs.cancel'"))
	res, body = f.call("", http.MethodPost, "/jobs/api/jobs/cancel", strings.NewReader(`{"ids":["7"]}`), append(sameSite, "Cookie", cookie)...)
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'jobs.cancel' AND actor = 'user'"))

	f.clock.advance(time.Hour)
	res, _ = f.call("", http.MethodGet, "/jobs/", nil, "Cookie", cookie)
	assert.Equal(t, cookieName, cookieOf(t, res).Name, "the monitor renews it as well")
	f.with(cookie, http.MethodDelete, "/login/session", "")
	res, _ = f.call("", http.MethodGet, "/jobs/", nil, "Cookie", cookie)
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}

// A superuser who has to have a second factor and has none may set it up with the cookie, and no more.
func TestCookieOfUnenrolledSuperuser(t *testing.T) {
	t.Parallel()
	f := overHTTPS(t, nil)
	f.app.RequireSuperuser2FA = true
	cookie := f.open("super@example.com")
	res, body := f.with(cookie, http.MethodGet, "/users", "")
	requireProblem(t, res, body, http.StatusForbidden, "users")
	assert.Contains(t, string(body), "second-factor-enrolment-required")
	res, body = f.with(cookie, http.MethodPost, "/users/me/totp", `{"current_password": "`+password+`"}`, sameSite...)
	assert.Less(t, res.StatusCode, 300, "%s", body)
}
