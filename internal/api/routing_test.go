package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
)

// Only an operation that takes in a file takes a large body, whatever its path begins with.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	large := "date,close\n" + strings.Repeat("2020-01-02,100\n", 1<<17)
	statuses := map[string]int{
		"/users":          http.StatusRequestEntityTooLarge,
		"/utils/test-job": http.StatusRequestEntityTooLarge,
		"/users/open":     http.StatusRequestEntityTooLarge,
	}
	// newproject:companies
	f.createCompany("AAPL")
	statuses["/imports/prices?ticker=AAPL"] = http.StatusAccepted
	statuses["/imports/prices"] = http.StatusUnprocessableEntity // no ticker; no more than the beginning of the file is read
	// newproject:end
	for path, status := range statuses {
		res, body := f.call(f.superToken, http.MethodPost, api.Prefix+path, strings.NewReader(large),
			"Content-Type", "application/json", "Expect", "100-continue")
		assert.Equal(t, status, res.StatusCode, "%s: %s", path, body)
	}
}

// A request's log line has the operation, also when it is refused before the operation is called.
func TestRoutesOfRefusals(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for _, c := range []struct{ name, token, method, path, route string }{
		{"nobody", "", http.MethodGet, "/users/1", "getUser"},
		{"wrong token", "x", http.MethodGet, "/users/1", "getUser"},
		{"wrong parameter", f.superToken, http.MethodGet, "/users/x", "getUser"},
		{"nothing there", f.superToken, http.MethodGet, "/users/9007199254740991", "getUser"},
		{"wrong parameter, no rehearsal", f.superToken, http.MethodDelete, "/users/x", "deleteUser"},
		{"a file's wrong parameter", f.superToken, http.MethodPost, "/imports/prices?ticker=!", "importPrices"}, // newproject:companies
		{"no body", f.superToken, http.MethodPost, "/users", "createUser"},
	} {
		name := c.name
		res, _ := f.call(c.token, c.method, api.Prefix+c.path, nil)
		require.GreaterOrEqual(t, res.StatusCode, 400, name)
		id := res.Header.Get("X-Request-Id")
		require.Eventually(t, func() bool { return strings.Contains(f.log.String(), "request_id="+id) }, 10*time.Second, 10*time.Millisecond, name)
		for _, line := range strings.Split(f.log.String(), "\n") {
			if strings.Contains(line, "request_id="+id) {
				assert.Contains(t, line, "route="+c.route, name)
			}
		}
	}
}

// A browser that opens an address where nothing is gets a page, but where programs and assets are; a program gets a problem.
func TestMissingPages(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) {
		c.Pages = http.NewServeMux()
		c.Pages.HandleFunc("GET /page", func(http.ResponseWriter, *http.Request) {})
		c.Missing = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
		})
	}})
	const browser, problem = "text/html,application/xhtml+xml,*/*;q=0.8", "application/problem+json"
	for _, c := range []struct {
		method, path, accept string
		status               int
		contentType          string
	}{
		{http.MethodGet, "/nothing", browser, 404, "text/html; charset=utf-8"},
		{http.MethodGet, "/page/nothing", browser, 404, "text/html; charset=utf-8"},
		{http.MethodGet, "/apiary", browser, 404, "text/html; charset=utf-8"},
		{http.MethodHead, "/nothing", browser, 404, "text/html; charset=utf-8"},
		{http.MethodGet, "/nothing", "application/json", 404, problem},
		{http.MethodGet, "/nothing", "*/*", 404, problem},
		{http.MethodGet, "/nothing", "", 404, problem},
		{http.MethodPost, "/nothing", browser, 404, problem},
		{http.MethodPost, "/page", browser, 405, problem},
		{http.MethodGet, "/api/v2", browser, 404, problem},
		{http.MethodGet, api.Prefix + "/nothing", browser, 404, problem},
		{http.MethodGet, "/assets/index-00000000.js", browser, 404, problem},
	} {
		res, _ := f.call("", c.method, c.path, nil, "Accept", c.accept)
		assert.Equal(t, c.status, res.StatusCode, "%+v", c)
		assert.Equal(t, c.contentType, res.Header.Get("Content-Type"), "%+v", c)
		if c.status == http.StatusNotFound {
			assert.Contains(t, res.Header.Values("Vary"), "Accept", "%+v", c)
		}
		if c.contentType == problem {
			assert.Equal(t, "no-store", res.Header.Get("Cache-Control"), "%+v", c)
		}
	}
}
