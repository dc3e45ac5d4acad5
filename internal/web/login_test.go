package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoginPage(t *testing.T) {
	t.Parallel()
	page, err := NewLoginPage("https://*.edgevalue.example:*")
	require.NoError(t, err)
	w := httptest.NewRecorder()
	require.NoError(t, page.Write(w, http.StatusUnauthorized, LoginForm{ProjectName: "Edge<Value>", Email: `"><b>`, Next: "/jobs?a&b", Message: "No."}))
	body := w.Body.String()
	assert.Equal(t, http.StatusUnauthorized, w.Code)
	assert.Equal(t, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'; style-src 'self'; "+
		"form-action 'self' https://*.edgevalue.example:*", w.Header().Get("Content-Security-Policy"))
	assert.Contains(t, body, "Edge&lt;Value&gt;")
	assert.Contains(t, body, `<p role="alert">No.</p>`)
	assert.NotContains(t, body, "<b>")
	assert.Contains(t, body, `value="/jobs?a&amp;b"`)
	mux := newMux(t, sampleConfig())
	links := assetURL.FindAllStringSubmatch(body, -1)
	require.Len(t, links, 2)
	for _, m := range links {
		assert.Equal(t, http.StatusOK, get(mux, http.MethodGet, m[1]).Code, m[1])
	}
}

// Swagger UI would keep the password of a login in the browser's storage, in clear.
func TestSwaggerUIKeepsNoLogin(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	for _, m := range assetURL.FindAllStringSubmatch(get(mux, http.MethodGet, "/docs").Body.String(), -1) {
		if body := get(mux, http.MethodGet, m[1]).Body.String(); len(body) < 10_000 {
			assert.NotContains(t, body, "persistAuthorization: true", m[1])
		}
	}
}
