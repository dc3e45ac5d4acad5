package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
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

func TestLogin(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	form := func(email, password string) *oas.AccessTokenForm {
		return &oas.AccessTokenForm{Username: email, Password: password}
	}
	token, err := f.anon.CreateAccessToken(t.Context(), form(strings.ToUpper(f.userEmail), password))
	require.NoError(t, err, "the case of an address does not matter")
	assert.Equal(t, oas.AccessTokenTokenTypeBearer, token.TokenType)
	assert.Positive(t, token.ExpiresIn)
	u, err := f.client(token.AccessToken).TestAccessToken(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, f.userEmail, u.Email)
	assert.False(t, u.IsSuperuser)

	idle := f.createUser(unique("idle") + "@example.com")
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(false)}, oas.UpdateUserParams{
		ID: idle.ID,
	})
	require.NoError(t, err)
	var answers []string
	for name, in := range map[string]*oas.AccessTokenForm{
		"wrong password": form(f.userEmail, "correct horse batteri"),
		"unknown":        form(unique("nobody")+"@example.com", password),
		"deactivated":    form(string(idle.Email), password),
		"no address":     form(unique("nobody"), password),
		"NUL":            form(f.userEmail+"\x00", password),
		"long":           form(f.userEmail, strings.Repeat("é", 1000)),
	} {
		if remote() && name != "wrong password" && name != "deactivated" {
			continue // each counts against the limit of this machine's address
		}
		_, err := f.anon.CreateAccessToken(t.Context(), in)
		p := problem(t, err, http.StatusUnauthorized)
		answers = append(answers, p.Detail.Value)
	}
	for _, a := range answers {
		assert.Equal(t, answers[0], a, "a failed login does not tell why")
	}

	res, _ := f.call("", http.MethodPost, api.Prefix+"/login/access-token",
		strings.NewReader(url.Values{"username": {unique("a") + "@b.c"}, "password": {"x"}}.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Bearer")
	for body, status := range map[string]int{
		"username=a%40b.c":     http.StatusUnprocessableEntity,
		"username=&password=x": http.StatusUnprocessableEntity,
		"username=a%40b.c&password=x&grant_type=authorization":   http.StatusUnprocessableEntity,
		"username=a%40b.c&password=" + strings.Repeat("x", 1001): http.StatusUnprocessableEntity,
		"username=%zz&password=x":                                http.StatusBadRequest,
		"username=%ff%fe&password=%00":                           http.StatusUnauthorized,
	} {
		res, out := f.call("", http.MethodPost, api.Prefix+"/login/access-token", strings.NewReader(body), "Content-Type",
			"application/x-www-form-urlencoded")
		assert.Equal(t, status, res.StatusCode, "%.100s: %s", body, out)
	}
}

func TestLoginRehashes(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	other := cheap
	other.Iterations = 3
	hash, err := auth.NewHasher(other).Hash(t.Context(), "", password)
	require.NoError(t, err)
	f.exec("UPDATE user_account SET password_hash = $1 WHERE email = $2", hash, f.userEmail)
	stored := func() (hash string) {
		require.NoError(t,
			f.pool.QueryRow(t.Context(), "SELECT password_hash FROM user_account WHERE email = $1",
				f.userEmail).Scan(&hash))
		return hash
	}

	f.login(f.userEmail, password)
	rehashed := stored()
	assert.Contains(t, rehashed, "m=64,t=1,p=1")
	_, err = f.user.TestAccessToken(t.Context())
	require.NoError(t, err, "a new hash of the same password ends no token")
	f.login(f.userEmail, password)
	assert.Equal(t, rehashed, stored(), "once is enough")
}

// limited calls until the answer is 429, and returns how many calls came before and after how long to try again.
func limited(t *testing.T, call func() (int, http.Header)) (before int, retryAfter string) {
	t.Helper()
	for before = range 50 {
		status, header := call()
		if status == http.StatusTooManyRequests {
			return before, header.Get("Retry-After")
		}
	}
	t.Fatal("never limited")
	return 0, ""
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := setup(t, options{
		app: func(c *app.Config) { c.AttemptsPerAddress, c.AttemptsPerAccount = 8, 3 },
		api: func(c *api.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} },
	})
	login := func(client, email, password string) (int, http.Header) {
		res, _ := f.call("", http.MethodPost, api.Prefix+"/login/access-token",
			strings.NewReader(url.Values{"username": {email}, "password": {password}}.Encode()),
			"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", client)
		return res.StatusCode, res.Header
	}

	// An account, from one network.
	const client, neighbour = "192.0.2.1", "192.0.2.2"
	before, retry := limited(t, func() (int, http.Header) { return login(client, f.userEmail, "wrong") })
	assert.Equal(t, 3, before)
	assert.Equal(t, "900", retry)
	status, _ := login(client, strings.ToUpper(f.userEmail), password)
	assert.Equal(t, http.StatusTooManyRequests, status, "the right password does not help, nor does another case")
	status, _ = login(neighbour, f.userEmail, password)
	assert.Equal(t, http.StatusOK, status, "other networks go on")
	status, _ = login(client, "super@example.com", password)
	assert.Equal(t, http.StatusOK, status, "other accounts go on")
	f.clock.advance(14 * time.Minute)
	status, header := login(client, f.userEmail, password)
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Equal(t, "60", header.Get("Retry-After"))
	f.clock.advance(61 * time.Second)
	status, _ = login(client, f.userEmail, password)
	assert.Equal(t, http.StatusOK, status)

	// A login that succeeds lets an account begin anew.
	for range 3 {
		for range 2 {
			status, _ = login(neighbour, f.userEmail, "wrong")
			assert.Equal(t, http.StatusUnauthorized, status)
		}
		status, _ = login(neighbour, f.userEmail, password)
		assert.Equal(t, http.StatusOK, status)
	}

	// An address, at whatever account.
	before, _ = limited(t, func() (int, http.Header) {
		return login("198.51.100.1", unique("a")+"@example.com", "wrong")
	})
	assert.Equal(t, 8, before)
	status, _ = login("198.51.100.2", f.userEmail, password)
	assert.Equal(t, http.StatusOK, status, "other addresses go on")

	// What succeeds does not count, so that an office behind one address is not locked out; what fails does.
	for n := range 30 {
		status, _ = login("198.51.100.3", f.userEmail, password)
		assert.Equal(t, http.StatusOK, status)
		if n%5 == 0 {
			status, _ = login("198.51.100.3", unique("a")+"@example.com", "wrong")
			assert.Equal(t, http.StatusUnauthorized, status)
		}
	}
	before, _ = limited(t, func() (int, http.Header) {
		return login("198.51.100.3", unique("a")+"@example.com", "wrong")
	})
	assert.Equal(t, 8-6, before)
	status, _ = login("198.51.100.3", f.userEmail, password)
	assert.Equal(t, http.StatusTooManyRequests, status)

	// Attempts at the same time are no more.
	var tried errgroup.Group
	var wrong atomic.Int32
	for n := range 60 {
		tried.Go(func() error {
			if n%3 == 0 {
				login("198.51.100.4", "super@example.com", password)
			} else if status, _ := login("198.51.100.4", unique("a")+"@example.com", "wrong"); status == http.StatusUnauthorized {
				wrong.Add(1)
			}
			return nil
		})
	}
	require.NoError(t, tried.Wait())
	assert.LessOrEqual(t, wrong.Load(), int32(8))

	post := func(token, method, path, body string) func() (int, http.Header) {
		return func() (int, http.Header) {
			fill := strings.NewReplacer("{}", unique("a")+"@example.com")
			res, _ := f.call(token, method, api.Prefix+fill.Replace(path), strings.NewReader(fill.Replace(body)),
				"Content-Type", "application/json", "X-Forwarded-For", "203.0.113.7")
			return res.StatusCode, res.Header
		}
	}
	for _, c := range []struct {
		name   string
		call   func() (int, http.Header)
		before int
	}{
		{"reset", post("", http.MethodPost, "/reset-password", `{"token": "none", "new_password": "`+password+`"}`), 8},
		{"register", post("", http.MethodPost, "/users/open", `{"email": "{}", "password": "`+password+`"}`), 8},
		{"password", post(f.login(f.userEmail, password), http.MethodPut, "/users/me/password",
			`{"current_password": "wrong", "new_password": "`+password+`"}`), 3},
		{"activate", post("", http.MethodPost, "/users/activate", `{"token": "none"}`), 8},
		{"recovery", post("", http.MethodPost, "/password-recovery", `{"email": "{}"}`), 8},
	} {
		before, retry := limited(t, c.call)
		assert.Equal(t, c.before, before, c.name)
		assert.NotEmpty(t, retry, c.name)
	}

	// Changes of a password that succeed do not count either.
	email := unique("u") + "@example.com"
	f.createUser(email)
	for n := range 12 {
		from, to := fmt.Sprintf("%s %d", password, n), fmt.Sprintf("%s %d", password, n+1)
		if n == 0 {
			from = password
		}
		status, _ := post(f.login(email, from), http.MethodPut, "/users/me/password",
			fmt.Sprintf(`{"current_password": "%s", "new_password": "%s"}`, from, to))()
		require.Equal(t, http.StatusNoContent, status)
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM rate_limit WHERE key LIKE '%@%'"), "what was typed is not kept")
}

// dump is the text of every row of the database.
func (f *fixture) dump() string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	require.NoError(f.t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(f.t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(f.t, rows.Err())
	var all strings.Builder
	for _, name := range tables {
		var text string
		require.NoError(f.t,
			f.pool.QueryRow(f.t.Context(),
				`SELECT coalesce(string_agg(t::text, E'\n'), '') FROM "`+name+`" t`).Scan(&text))
		all.WriteString(text)
	}
	return all.String()
}

func TestAccessTokenEnds(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	me := func(token string) error {
		_, err := f.client(token).TestAccessToken(t.Context())
		return err
	}
	newUser := func() (*oas.User, string) {
		u := f.createUser(unique("u") + "@example.com")
		token := f.login(string(u.Email), password)
		require.NoError(t, me(token))
		return u, token
	}
	change := func(id int64, in *oas.UserUpdate) {
		_, err := f.super.UpdateUser(t.Context(), in, oas.UpdateUserParams{ID: id})
		require.NoError(t, err)
	}

	u, token := newUser()
	require.NoError(t, f.client(token).UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{
		CurrentPassword: password, NewPassword: "staple battery horse",
	}))
	problem(t, me(token), http.StatusUnauthorized)
	require.NoError(t, me(f.login(string(u.Email), "staple battery horse")))

	u, token = newUser()
	change(u.ID, &oas.UserUpdate{Password: oas.NewOptPassword("staple battery horse")})
	problem(t, me(token), http.StatusUnauthorized)

	u, token = newUser()
	change(u.ID, &oas.UserUpdate{IsActive: oas.NewOptBool(false)})
	problem(t, me(token), http.StatusUnauthorized)
	change(u.ID, &oas.UserUpdate{IsActive: oas.NewOptBool(true)})
	problem(t, me(token), http.StatusUnauthorized)
	require.NoError(t, me(f.login(string(u.Email), password)))

	u, token = newUser()
	change(u.ID, &oas.UserUpdate{
		FullName: oas.NewOptNilFullName("Ada"), Email: oas.NewOptEmail(oas.Email(unique("v") + "@example.com")),
	})
	require.NoError(t, me(token), "a new name or address ends no token")
	require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.ID}))
	problem(t, me(token), http.StatusUnauthorized)

	_, token = newUser()
	parts := strings.Split(token, ".")
	for _, forged := range map[string]string{
		"nothing":       "x",
		"no signature":  parts[0] + "." + parts[1] + ".",
		"algorithm":     "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + ".",
		"other payload": parts[0] + "." + strings.Split(f.superToken, ".")[1] + "." + parts[2],
		"very long":     strings.Repeat("x", 8000),
	} {
		problem(t, me(forged), http.StatusUnauthorized)
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic " + token, "Bearer  " + token + " x"} {
		res, _ := f.call("", http.MethodPost, api.Prefix+"/login/test-token", nil, "Authorization", header)
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "%q", header)
		assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Bearer")
	}
}

func TestAccessTokenExpires(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	me := func(token string) error {
		_, err := f.client(token).TestAccessToken(t.Context())
		return err
	}
	foreign, _, err := auth.NewTokens("another secret, long enough too", time.Hour, f.clock.Now).Issue(auth.Claims{UserID: 1, SessionID: 1})
	require.NoError(t, err)
	problem(t, me(foreign), http.StatusUnauthorized)
	f.clock.advance(time.Hour - time.Second)
	require.NoError(t, me(f.userToken))
	f.clock.advance(2 * time.Second)
	problem(t, me(f.userToken), http.StatusUnauthorized)
}

// resetLink waits for the email with a link to reset the password of an address, and returns the link's token.
func (f *fixture) resetLink(email string) (token string) {
	f.t.Helper()
	link := regexp.MustCompile(`/reset-password#token=(\S+)`)
	if !remote() {
		return link.FindStringSubmatch(f.mails.wait(f.t, email, "#token=", 1).Text)[1]
	}
	base := strings.TrimSuffix(os.Getenv("EDGEVALUE_TEST_MAIL_URL"), "/") + "/api/v1/"
	get := func(t require.TestingT, path string, to any) {
		req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, base+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.NoError(t, json.NewDecoder(res.Body).Decode(to))
	}
	require.EventuallyWithT(f.t, func(t *assert.CollectT) {
		var list struct {
			Messages []struct {
				ID string
				To []struct{ Address string }
			} `json:"messages"`
		}
		get(t, "messages?limit=500", &list)
		for _, m := range list.Messages {
			if len(m.To) != 1 || m.To[0].Address != email {
				continue
			}
			var mail struct{ Text, HTML string }
			get(t, "message/"+m.ID, &mail)
			if found := link.FindStringSubmatch(mail.Text); found != nil {
				token = found[1]
				assert.Contains(t, mail.HTML, token)
			}
		}
		require.NotEmpty(t, token, "no mail to %s with a link", email)
	}, 30*time.Second, 250*time.Millisecond)
	return token
}

// A user who forgot the password asks for a mail, follows its link and logs in. With EDGEVALUE_TEST_URL, the mail is
// looked for in the Mailpit at EDGEVALUE_TEST_MAIL_URL.
func TestPasswordRecovery(t *testing.T) {
	t.Parallel()
	if remote() && os.Getenv("EDGEVALUE_TEST_MAIL_URL") == "" {
		t.Skip("EDGEVALUE_TEST_MAIL_URL does not name the Mailpit that has the server's mail")
	}
	f := setupAnywhere(t)
	_, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: oas.Email(f.userEmail)})
	require.NoError(t, err)
	reset := &oas.PasswordReset{Token: f.resetLink(f.userEmail), NewPassword: "staple battery horse"}
	_, err = f.anon.ResetPassword(t.Context(), reset)
	require.NoError(t, err)
	_, err = f.user.GetCurrentUser(t.Context())
	problem(t, err, http.StatusUnauthorized)
	_, err = f.client(f.login(f.userEmail, "staple battery horse")).GetCurrentUser(t.Context())
	require.NoError(t, err)
	_, err = f.anon.ResetPassword(t.Context(), reset)
	fieldProblem(t, err, "/token")
}

// resetToken is the token in the n-th mail to an address about its password.
func (f *fixture) resetToken(email string, n int) string {
	f.t.Helper()
	m := f.mails.wait(f.t, email, "#token=", n)
	_, after, _ := strings.Cut(m.Text, "https://edgevalue.example/reset-password#token=")
	token := strings.Fields(after)[0]
	require.Len(f.t, token, 43)
	assert.Contains(f.t, m.HTML, token)
	return token
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	recover := func(email string) *oas.Message {
		m, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: oas.Email(email)})
		require.NoError(t, err)
		return m
	}
	reset := func(token, password string) error {
		_, err := f.anon.ResetPassword(t.Context(), &oas.PasswordReset{Token: token, NewPassword: oas.Password(password)})
		return err
	}
	known, unknown := recover(f.userEmail), recover("nobody@example.com")
	assert.Equal(t, known, unknown, "the answer does not tell whether the address is known")
	token := f.resetToken(f.userEmail, 1)

	assert.NotContains(t, f.dump(), token, "the token is nowhere at rest")
	assert.Equal(t, 1, f.count("SELECT count(*) FROM password_reset WHERE token_hash = $1", auth.HashResetToken(token)))
	assert.NotContains(t, f.log.String(), token)

	fieldProblem(t, reset("no such token", password), "/token")
	fieldProblem(t, reset(token, "too short"), "/new_password")
	require.NoError(t, reset(token, "staple battery horse"), "a refused password does not use the token up")
	_, err := f.user.GetCurrentUser(t.Context())
	problem(t, err, http.StatusUnauthorized)
	f.login(f.userEmail, "staple battery horse")
	fieldProblem(t, reset(token, "once more, please"), "/token")
	f.login(f.userEmail, "staple battery horse")

	recover(f.userEmail)
	older := f.resetToken(f.userEmail, 2)
	recover(f.userEmail)
	newer := f.resetToken(f.userEmail, 3)
	fieldProblem(t, reset(older, password), "/token")
	f.clock.advance(48*time.Hour + time.Second)
	fieldProblem(t, reset(newer, password), "/token")

	recover(f.userEmail)
	token = f.resetToken(f.userEmail, 4)
	me, err := f.client(f.login(f.userEmail, "staple battery horse")).GetCurrentUser(t.Context())
	require.NoError(t, err)
	f.super = f.client(f.login("super@example.com", password))
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(false)}, oas.UpdateUserParams{
		ID: me.ID,
	})
	require.NoError(t, err)
	fieldProblem(t, reset(token, password), "/token")
	recover(f.userEmail)
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(true)}, oas.UpdateUserParams{
		ID: me.ID,
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return f.count("SELECT count(*) FROM river_job WHERE kind = 'reset_mail' AND state <> 'completed'") == 0
	}, 10*time.Second, 10*time.Millisecond)
	assert.Empty(t, f.mails.to("nobody@example.com", ""))

	for _, bad := range []string{"nobody", "Ada <ada@example.com>", "a@b\x00.c", "a@b\n.c", "ä@", strings.Repeat("a", 255) + "@example.com", "a@", "\xff@example.com"} {
		res, body := f.call("", http.MethodPost, api.Prefix+"/password-recovery/"+escape(bad), nil)
		assert.Contains(t, []int{400, 422}, res.StatusCode, "%q: %s", bad, body)
		assert.Equal(t, "@1795651200", res.Header.Get("Deprecation"), "%q", bad)
		_, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: oas.Email(bad)})
		require.Error(t, err, "%q", bad)
	}
}
