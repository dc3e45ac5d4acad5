package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// Whoever has stolen an access token, and no more, cannot take the account for good, and the token ends with its hour.
func TestStolenTokenTakesNoAccount(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	super, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	own := fmt.Sprintf("/users/%d", super.ID)
	for _, c := range []struct{ token, method, path, body string }{
		{f.userToken, http.MethodPatch, "/users/me", `{"email": "thief@example.com"}`},
		{f.userToken, http.MethodPatch, "/users/me", `{"email": "thief@example.com", "current_password": "a wrong guess"}`},
		{f.userToken, http.MethodDelete, "/users/me", `{"current_password": "a wrong guess"}`},
		{f.superToken, http.MethodPatch, own, `{"email": "thief@example.com"}`},
		{f.superToken, http.MethodPatch, own, `{"password": "staple battery horse"}`},
		{f.superToken, http.MethodPatch, own, `{"is_superuser": false}`},
		{f.superToken, http.MethodPatch, own, `{"is_active": false, "current_password": "a wrong guess"}`},
	} {
		res, body := f.callJSON(c.token, c.method, c.path, c.body)
		assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s %s %s: %s", c.method, c.path, c.body, body)
		var p struct{ Errors []struct{ Field string } }
		assert.NoError(t, json.Unmarshal(body, &p))
		if assert.Len(t, p.Errors, 1) {
			assert.Equal(t, "/current_password", p.Errors[0].Field)
		}
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM user_account WHERE email = 'thief@example.com'"))
}

// A logged-out token is worth nothing at once.
func TestLogout(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	other := f.login(f.userEmail, password)
	res, body := f.call(f.userToken, http.MethodPost, api.Prefix+"/logout", nil)
	require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)
	for token, want := range map[string]int{f.userToken: http.StatusUnauthorized, other: http.StatusOK} {
		res, body = f.call(token, http.MethodGet, api.Prefix+"/users/me", nil)
		assert.Equal(t, want, res.StatusCode, "%s", body)
	}
}

// grant is what a login answers.
type grant struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
}

// form posts a form and returns the answer with the grant in it, if there is one.
func (f *fixture) form(path string, fields ...string) (*http.Response, grant, []byte) {
	f.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	res, body := f.call("", http.MethodPost, api.Prefix+path, strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", "the tests/1.0")
	var g grant
	_ = json.Unmarshal(body, &g)
	return res, g, body
}

func (f *fixture) refresh(token string) (int, grant, []byte) {
	f.t.Helper()
	res, g, body := f.form("/login/refresh", "grant_type", "refresh_token", "refresh_token", token)
	return res.StatusCode, g, body
}

func (f *fixture) session(email string, more ...string) grant {
	f.t.Helper()
	res, g, body := f.form("/login/access-token", append([]string{"username", email, "password", password}, more...)...)
	require.Equal(f.t, http.StatusOK, res.StatusCode, "%s", body)
	return g
}

func (f *fixture) alive(token string) bool {
	f.t.Helper()
	res, _ := f.call(token, http.MethodGet, api.Prefix+"/users/me", nil)
	return res.StatusCode == http.StatusOK
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	first := f.session(f.userEmail)
	assert.Equal(t, 3600, first.ExpiresIn)
	assert.Equal(t, 30*24*3600, first.RefreshExpiresIn)
	assert.NotContains(t, f.dump(), first.RefreshToken, "stored hashed")
	f.clock.advance(61 * time.Minute)
	assert.False(t, f.alive(first.AccessToken))
	status, second, body := f.refresh(first.RefreshToken)
	require.Equal(t, http.StatusOK, status, "%s", body)
	assert.True(t, f.alive(second.AccessToken))
	assert.NotEqual(t, first.RefreshToken, second.RefreshToken)

	// Another tab with the same token, at the same moment: nobody is logged out.
	f.clock.advance(5 * time.Second)
	status, _, body = f.refresh(first.RefreshToken)
	assert.Equal(t, http.StatusConflict, status, "%s", body)
	assert.True(t, f.alive(second.AccessToken))

	// Later it is theft: whoever of the two has the newest token loses it, too.
	f.clock.advance(time.Minute)
	status, _, body = f.refresh(first.RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, status, "%s", body)
	assert.False(t, f.alive(second.AccessToken))
	status, _, _ = f.refresh(second.RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'token.reused'"))
	f.mails.wait(t, f.userEmail, "used twice", 1)
	for _, token := range []string{"none", first.AccessToken} {
		status, _, _ = f.refresh(token)
		assert.Equal(t, http.StatusUnauthorized, status)
	}
	res, _, _ := f.form("/login/refresh", "grant_type", "password", "refresh_token", "x")
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode)
}

// A login slides for 30 days after each use, and ends after 180 days.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	idle, used := f.session(f.userEmail), f.session(f.userEmail)
	for range 8 {
		f.clock.advance(20 * 24 * time.Hour)
		status, next, body := f.refresh(used.RefreshToken)
		require.Equal(t, http.StatusOK, status, "%s", body)
		used = next
	}
	status, _, _ := f.refresh(idle.RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, 20*24*3600, used.RefreshExpiresIn, "not beyond the 180th day")
	f.clock.advance(20 * 24 * time.Hour)
	status, _, _ = f.refresh(used.RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Positive(t, f.count("SELECT count(*) FROM session"))
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Equal(t, 0, f.count("SELECT count(*) FROM session"))
	assert.Equal(t, 0, f.count("SELECT count(*) FROM refresh_token"))
}

func TestSessions(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	u := f.newUser()
	others := []grant{f.session(u.email), f.session(u.email), f.session(u.email)}
	page, err := u.client.ListSessions(t.Context(), oas.ListSessionsParams{PageSize: oas.NewOptInt32(3)})
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	rest, err := u.client.ListSessions(t.Context(), oas.ListSessionsParams{PageToken: oas.NewOptString(page.NextPageToken.Value)})
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	assert.True(t, rest.Items[0].Current)
	newest := page.Items[0]
	assert.False(t, newest.Current)
	assert.Equal(t, oas.NewNilString("the tests/1.0"), newest.UserAgent)
	assert.Contains(t, []string{"127.0.0.1", "::1"}, newest.Client.Value)
	assert.Equal(t, f.clock.Now().Add(30*24*time.Hour), newest.ExpiresAt.UTC())

	problem(t, f.user.EndSession(t.Context(), oas.EndSessionParams{ID: newest.ID}), http.StatusNotFound)
	assert.True(t, f.alive(others[2].AccessToken), "another's is not one's own to end")
	require.NoError(t, u.client.EndSession(t.Context(), oas.EndSessionParams{ID: newest.ID}))
	assert.False(t, f.alive(others[2].AccessToken))
	status, _, _ := f.refresh(others[2].RefreshToken)
	assert.Equal(t, http.StatusUnauthorized, status)
	problem(t, u.client.EndSession(t.Context(), oas.EndSessionParams{ID: newest.ID}), http.StatusNotFound)
	require.NoError(t, u.client.EndOtherSessions(t.Context()))
	assert.False(t, f.alive(others[0].AccessToken) || f.alive(others[1].AccessToken))
	assert.True(t, f.alive(u.token))
	assert.True(t, f.alive(f.userToken), "others' sessions go on")
}

// A new password and a deactivation end all sessions, and their refresh tokens.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for what, end := range map[string]func(u *person){
		"changed": func(u *person) {
			require.NoError(t, u.client.UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{
				CurrentPassword: password, NewPassword: "staple battery horse",
			}))
		},
		"set by a superuser": func(u *person) {
			_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{Password: oas.NewOptPassword("staple battery horse")}, oas.UpdateUserParams{ID: u.id})
			require.NoError(t, err)
		},
		"deactivated": func(u *person) {
			_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(false)}, oas.UpdateUserParams{ID: u.id})
			require.NoError(t, err)
		},
		"deleted": func(u *person) {
			require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.id}))
		},
	} {
		u := f.newUser()
		s := f.session(u.email)
		end(u)
		status, _, _ := f.refresh(s.RefreshToken)
		assert.Equal(t, http.StatusUnauthorized, status, what)
		assert.False(t, f.alive(s.AccessToken), what)
		assert.Equal(t, 0, f.count("SELECT count(*) FROM session WHERE user_id = $1", u.id), what)
	}
}

// Of many that use one refresh token at the same time, one gets the next, and nobody is logged out.
func TestRefreshAtTheSameTime(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	s := f.session(f.userEmail)
	statuses := make([]int, 8)
	var g errgroup.Group
	for i := range statuses {
		g.Go(func() error { statuses[i], _, _ = f.refresh(s.RefreshToken); return nil })
	}
	require.NoError(t, g.Wait())
	assert.Equal(t, 1, strings.Count(fmt.Sprint(statuses), "200"), "%v", statuses)
	assert.Equal(t, 7, strings.Count(fmt.Sprint(statuses), "409"), "%v", statuses)
	assert.True(t, f.alive(s.AccessToken))
}

// requestEmail asks for a new address.
func (f *fixture) requestEmail(token, email string) *oas.User {
	f.t.Helper()
	u, err := f.client(token).UpdateCurrentUser(f.t.Context(), &oas.UserUpdateMe{
		Email: oas.NewOptEmail(oas.Email(email)), CurrentPassword: oas.NewOptCurrentPassword(password),
	})
	require.NoError(f.t, err)
	return u
}

// confirmToken is the token in the n-th mail to a new address.
func (f *fixture) confirmToken(email string, n int) string {
	f.t.Helper()
	m := f.mails.wait(f.t, email, "/confirm-email#token=", n)
	_, after, _ := strings.Cut(m.Text, "https://edgevalue.example/confirm-email#token=")
	return strings.Fields(after)[0]
}

func TestEmailChange(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	confirm := func(token string) error {
		_, err := f.anon.ConfirmEmail(t.Context(), &oas.EmailConfirmation{Token: token})
		return err
	}
	recover := func(email string) {
		_, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: oas.Email(email)})
		require.NoError(t, err)
	}
	u := f.newUser()
	first, second := unique("first")+"@example.com", unique("second")+"@example.com"
	f.requestEmail(u.token, first)
	told := f.mails.wait(t, u.email, first, 1)
	assert.Contains(t, told.Subject, "asked for")
	assert.Contains(t, told.Text, "From: 127.0.0.1")
	older := f.confirmToken(first, 1)
	assert.NotContains(t, f.dump(), older, "the token is nowhere at rest")
	recover(first)
	f.requestEmail(u.token, second)
	token := f.confirmToken(second, 1)
	fieldProblem(t, confirm(older), "/token")
	fieldProblem(t, confirm("none"), "/token")
	f.login(u.email, password)

	require.NoError(t, confirm(token))
	fieldProblem(t, confirm(token), "/token")
	me, err := u.client.GetCurrentUser(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, second, me.Email)
	assert.True(t, me.PendingEmail.Null)
	assert.Contains(t, f.mails.wait(t, u.email, "no longer belongs", 1).Text, second)
	f.login(second, password)
	_, err = f.anon.CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: u.email, Password: password})
	problem(t, err, http.StatusUnauthorized)
	recover(u.email)
	recover(second)
	f.mails.wait(t, second, "/reset-password#token=", 1)
	require.Eventually(t, func() bool {
		return f.count("SELECT count(*) FROM river_job WHERE state <> 'completed'") == 0
	}, 10*time.Second, 10*time.Millisecond)
	assert.Empty(t, f.mails.to(first, "/reset-password"), "one that was not confirmed recovers nothing")
	assert.Empty(t, f.mails.to(u.email, "/reset-password"))

	// One that is taken is only found out by whoever can read its mail.
	answer := f.requestEmail(u.token, f.userEmail)
	assert.Equal(t, oas.NewNilString(f.userEmail), answer.PendingEmail)
	problem(t, confirm(f.confirmToken(f.userEmail, 1)), http.StatusConflict)

	// A link ends after a day, with a new password, and with the account's deactivation.
	third := unique("third") + "@example.com"
	f.requestEmail(u.token, third)
	token = f.confirmToken(third, 1)
	require.NoError(t, f.client(f.login(second, password)).UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{
		CurrentPassword: password, NewPassword: "staple battery horse",
	}))
	fieldProblem(t, confirm(token), "/token")
	f.mails.wait(t, second, "password of your account was changed", 1)
	v := f.newUser()
	f.requestEmail(v.token, third)
	token = f.confirmToken(third, 2)
	f.clock.advance(24*time.Hour + time.Second)
	fieldProblem(t, confirm(token), "/token")
	for action, n := range map[string]int{"email.change_requested": 5, "email.changed": 1, "password.changed": 1} {
		assert.Equal(t, n, f.count("SELECT count(*) FROM audit_event WHERE action = $1", action), action)
	}
}

// What superusers do to others' accounts is told to them; to their own, it is as for everybody.
func TestSuperusersAndAddresses(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	u := f.newUser()
	email := oas.Email(unique("new") + "@example.com")
	_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{Email: oas.NewOptEmail(email), Password: oas.NewOptPassword("staple battery horse")},
		oas.UpdateUserParams{ID: u.id})
	require.NoError(t, err)
	f.mails.wait(t, u.email, "no longer belongs", 1)
	f.mails.wait(t, u.email, "password of your account was changed", 1)

	me, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	got, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{
		Email: oas.NewOptEmail("root@example.com"), CurrentPassword: oas.NewOptCurrentPassword(password),
	}, oas.UpdateUserParams{ID: me.ID})
	require.NoError(t, err)
	assert.Equal(t, me.Email, got.Email)
	assert.Equal(t, oas.NewNilString("root@example.com"), got.PendingEmail)
	problem(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: me.ID}), http.StatusConflict)

	w := f.newUser()
	require.NoError(t, w.client.DeleteCurrentUser(t.Context(), &oas.PasswordConfirmation{CurrentPassword: password}))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'user.deleted' AND target = $1", fmt.Sprint(w.id)))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = 'password.changed' AND target = $1", fmt.Sprint(u.id)))
}

// Each guess of the current password counts, whatever it is for.
func TestCurrentPasswordIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.AttemptsPerAccount = 4 }})
	wrong := []struct{ method, path, body string }{
		{http.MethodPatch, "/users/me", `{"email": "a@example.com", "current_password": "a wrong guess"}`},
		{http.MethodDelete, "/users/me", `{"current_password": "a wrong guess"}`},
		{http.MethodPost, "/users/me/totp", `{"current_password": "a wrong guess"}`},
		{http.MethodPut, "/users/me/password", `{"current_password": "a wrong guess", "new_password": "staple battery horse"}`},
	}
	for _, c := range wrong {
		res, body := f.callJSON(f.userToken, c.method, c.path, c.body)
		requireProblem(t, res, body, http.StatusUnprocessableEntity, c.path)
	}
	for _, c := range wrong {
		res, body := f.callJSON(f.userToken, c.method, c.path, strings.ReplaceAll(c.body, "a wrong guess", password))
		requireProblem(t, res, body, http.StatusTooManyRequests, c.path)
	}
}

// Whoever knows the old password is too late once the new one is set, however close.
func TestOldPasswordIsTooLate(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for what, call := range map[string]func(u *person) int{
		"login": func(u *person) int {
			res, _, _ := f.form("/login/access-token", "username", u.email, "password", password)
			return res.StatusCode
		},
		"password": func(u *person) int {
			res, _ := f.callJSON(u.token, http.MethodPut, "/users/me/password", `{"current_password": "`+password+`", "new_password": "staple battery horse"}`)
			return res.StatusCode
		},
		"address": func(u *person) int {
			res, _ := f.callJSON(u.token, http.MethodPatch, "/users/me", `{"current_password": "`+password+`", "email": "thief@example.com"}`)
			return res.StatusCode
		},
		"second factor": func(u *person) int {
			res, _ := f.callJSON(u.token, http.MethodPost, "/users/me/totp", `{"current_password": "`+password+`"}`)
			return res.StatusCode
		},
	} {
		u := f.newUser()
		tx, err := f.pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
		_, err = tx.Exec(t.Context(), "UPDATE user_account SET password_hash = 'x', token_version = token_version + 1 WHERE id = $1", u.id)
		require.NoError(t, err)
		status := make(chan int, 1)
		go func() { status <- call(u) }()
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") > 0
		}, 10*time.Second, 5*time.Millisecond, what)
		require.NoError(t, tx.Commit(t.Context()))
		assert.Equal(t, map[bool]int{true: http.StatusUnauthorized, false: http.StatusUnprocessableEntity}[what == "login"], <-status, what)
		assert.Equal(t, 0, f.count("SELECT count(*) FROM user_account WHERE pending_email IS NOT NULL OR totp_secret IS NOT NULL"), what)
	}
}

func TestConfirmationIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.AttemptsPerAddress = 5 }})
	before, _ := limited(t, func() (int, http.Header) {
		res, _ := f.callJSON("", http.MethodPost, "/users/confirm-email", `{"token": "none"}`)
		return res.StatusCode, res.Header
	})
	assert.Equal(t, 5, before)
}

// Nobody floods a stranger's mailbox with changes of their own address.
func TestMailsToANewAddress(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	u := f.newUser()
	for range 5 {
		f.requestEmail(u.token, "victim@example.com")
		f.requestEmail(u.token, "other.victim@example.com")
	}
	assert.Equal(t, 3, f.count("SELECT count(*) FROM river_job WHERE kind = 'confirm_email_mail' AND args ->> 'email' = 'victim@example.com'"))
}
