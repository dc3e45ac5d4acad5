package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
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
