package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// monitored is a server with a page for superusers below /jobs.
func monitored(t *testing.T, https bool) *fixture {
	return setup(t, options{
		app: func(c *app.Config) { c.AttemptsPerAccount = 5 },
		api: func(c *api.Config) {
			c.HTTPS = https
			c.Pages = http.NewServeMux()
			c.Pages.Handle("/jobs/", api.SuperusersOnly(*c, "/jobs/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "the monitor, "+r.Method)
			})))
		},
	})
}

func TestSuperusersOnly(t *testing.T) {
	t.Parallel()
	f := monitored(t, true)
	get := func(set func(*http.Request)) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/jobs/queues", nil)
		require.NoError(t, err)
		set(r)
		res, err := f.http.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res, string(body)
	}
	basic := func(email, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(email, password) }
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}

	res, body := get(func(*http.Request) {})
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, body)
	assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Basic ")
	assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
	assert.Empty(t, res.Cookies())
	for name, c := range map[string]struct {
		set    func(*http.Request)
		status int
	}{
		"wrong password":   {basic("super@example.com", "wrong"), http.StatusUnauthorized},
		"unknown":          {basic("nobody@example.com", password), http.StatusUnauthorized},
		"ordinary user":    {basic(f.userEmail, password), http.StatusForbidden},
		"ordinary token":   {bearer(f.userToken), http.StatusForbidden},
		"wrong token":      {bearer("nonsense"), http.StatusUnauthorized},
		"wrong cookie":     {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "edgevalue_jobs", Value: "nonsense"}) }, http.StatusUnauthorized},
		"ordinary cookie":  {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "edgevalue_jobs", Value: f.userToken}) }, http.StatusUnauthorized},
		"superuser token":  {bearer(f.superToken), http.StatusOK},
		"superuser cookie": {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "edgevalue_jobs", Value: f.superToken}) }, http.StatusOK},
	} {
		res, body := get(c.set)
		assert.Equal(t, c.status, res.StatusCode, "%s: %s", name, body)
		assert.Equal(t, c.status == http.StatusOK, body == "the monitor, GET", name)
		assert.Empty(t, res.Cookies(), name)
	}

	res, body = get(basic("super@example.com", password))
	require.Equal(t, http.StatusOK, res.StatusCode, body)
	require.Len(t, res.Cookies(), 1)
	cookie := res.Cookies()[0]
	assert.True(t, cookie.HttpOnly && cookie.Secure)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, "/jobs/", cookie.Path)
	assert.Positive(t, cookie.MaxAge)
	withCookie := func(r *http.Request) { r.AddCookie(cookie) }
	res, _ = get(withCookie)
	assert.Equal(t, http.StatusOK, res.StatusCode)

	// What changes something comes from a page of this origin, or from no browser.
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"same origin", []string{"Sec-Fetch-Site", "same-origin", "Origin", f.url}, http.StatusOK},
		{"no browser", nil, http.StatusOK},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, http.StatusForbidden},
		{"another site, an old browser", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"a sibling", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://sub.edgevalue.example"}, http.StatusForbidden},
	} {
		for _, set := range []func(*http.Request){withCookie, basic("super@example.com", password)} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/jobs/api/jobs/cancel",
				strings.NewReader("{}"))
			require.NoError(t, err)
			set(r)
			for i := 0; i < len(c.header); i += 2 {
				r.Header.Set(c.header[i], c.header[i+1])
			}
			res, err := f.http.Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, c.status, res.StatusCode, c.name)
		}
	}

	for range 5 {
		get(basic("super@example.com", "wrong"))
	}
	res, _ = get(basic("super@example.com", password))
	assert.Equal(t, http.StatusTooManyRequests, res.StatusCode, "logins are limited here too")
	assert.NotEmpty(t, res.Header.Get("Retry-After"))
	res, _ = get(withCookie)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	f.clock.advance(13 * time.Hour)
	res, _ = get(withCookie)
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode, "the cookie ends with its token")
}

func TestCookieWithoutHTTPS(t *testing.T) {
	t.Parallel()
	f := monitored(t, false)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/jobs/", nil)
	require.NoError(t, err)
	r.SetBasicAuth("super@example.com", password)
	res, err := f.http.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Len(t, res.Cookies(), 1)
	assert.False(t, res.Cookies()[0].Secure, "a browser would not send it back")
}
