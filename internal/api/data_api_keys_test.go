package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/api"
)

func TestAPIKeysOfData(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	write, info := f.createKey(f.superToken, "write")
	read, _ := f.createKey(f.superToken, "read")
	ordinary, _ := f.createKey(f.userToken, "write")
	split := func(n int) string { return fmt.Sprintf(`{"effective_date": "2020-01-%02d", "ratio": 2}`, n) }
	for i, h := range keyHeaders {
		res, body := f.withKey(h, write, http.MethodPost, api.Prefix+"/companies/AAPL/splits", split(i+1))
		assert.Equal(t, http.StatusCreated, res.StatusCode, "%s: %s", h, body)
		res, body = f.withKey(h, write, http.MethodGet, api.Prefix+"/imports", "")
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", h, body)
		res, body = f.withKey(h, read, http.MethodGet, api.Prefix+"/imports", "")
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", h, body)
		res, body = f.withKey(h, read, http.MethodPost, api.Prefix+"/companies/AAPL/splits", split(3))
		requireProblem(t, res, body, http.StatusForbidden, h)
		assert.Contains(t, string(body), "scope")
		res, body = f.withKey(h, ordinary, http.MethodPost, api.Prefix+"/companies/AAPL/splits", split(3))
		requireProblem(t, res, body, http.StatusForbidden, h)
		assert.Contains(t, string(body), "superuser")
		res, body = f.withKey(h, write[:48]+"0", http.MethodPost, api.Prefix+"/companies/AAPL/splits", split(3))
		requireProblem(t, res, body, http.StatusUnauthorized, h)
		for _, key := range []string{read, ordinary, "ev_nonsense", ""} {
			res, body = f.withKey(h, key, http.MethodGet, api.Prefix+"/companies", "")
			assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", h, body)
		}
	}
	assert.Equal(t, 2, f.count("SELECT count(*) FROM split"))
	assert.Equal(t, 2, f.count("SELECT count(*) FROM audit_event WHERE action = 'split.created' AND actor = 'api_key' AND api_key_id = $1", info.ID))
}
