package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const retiring = `
paths:
  /things/{id}:
    get: { operationId: getThing, deprecated: true, x-deprecated-since: '2026-11-26', x-sunset: '2027-06-30' }
    put: { operationId: replaceThing }
  /things/newest:
    get: { operationId: getNewestThing }
  /things:
    post: { operationId: createThing, deprecated: true, x-deprecated-since: '2026-01-01' }
`

func TestAnnounce(t *testing.T) {
	t.Parallel()
	c, err := readContract([]byte(retiring))
	require.NoError(t, err)
	all, err := announcements(c.operations)
	require.NoError(t, err)
	h := announce(all)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for request, want := range map[string][2]string{
		"GET /api/v1/things/7":      {"@1795651200", "Wed, 30 Jun 2027 00:00:00 GMT"},
		"HEAD /api/v1/things/7":     {"@1795651200", "Wed, 30 Jun 2027 00:00:00 GMT"},
		"GET /api/v1/things/7/":     {"@1795651200", "Wed, 30 Jun 2027 00:00:00 GMT"},
		"GET /api/v1/things/a%2Fb":  {"@1795651200", "Wed, 30 Jun 2027 00:00:00 GMT"},
		"POST /api/v1/things":       {"@1767225600", ""},
		"GET /api/v1/things/newest": {},
		"PUT /api/v1/things/7":      {},
		"GET /api/v1/things/7/x":    {},
		"GET /api/v1/things/":       {},
		"GET /things/7":             {},
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
		assert.Equal(t, want[0], w.Header().Get("Deprecation"), request)
		assert.Equal(t, want[1], w.Header().Get("Sunset"), request)
	}

	for _, broken := range []string{
		"paths: { /a: { get: { operationId: a, deprecated: true } } }",
		"paths: { /a: { get: { operationId: a, deprecated: true, x-deprecated-since: '2026-11-26', x-sunset: soon } } }",
	} {
		c, err := readContract([]byte(broken))
		require.NoError(t, err)
		_, err = announcements(c.operations)
		require.Error(t, err, broken)
	}
}
