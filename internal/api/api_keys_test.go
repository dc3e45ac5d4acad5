package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

// createKey creates a key with a scope for the owner of an access token.
func (f *fixture) createKey(token, scope string) (string, *oas.ApiKeyCreated) {
	f.t.Helper()
	created, err := f.client(token).CreateApiKey(f.t.Context(), &oas.ApiKeyCreate{
		Name: "nightly", Scopes: []oas.ApiKeyScope{oas.ApiKeyScope(scope)}, CurrentPassword: password,
	})
	require.NoError(f.t, err)
	return created.Key, created
}

// withKey sends a request with an API key in either header.
func (f *fixture) withKey(header, key, method, path, body string) (*http.Response, []byte) {
	f.t.Helper()
	if header == "Authorization" {
		key = "Bearer " + key
	}
	return f.call("", method, path, strings.NewReader(body), "Content-Type", "application/json", header, key)
}

var keyHeaders = []string{"Authorization", "X-API-Key"}

// forKeys returns a request for an operation of a method that takes API keys, and needs nothing that is there.
func forKeys(t *testing.T, method string) *request {
	t.Helper()
	for _, op := range operations() {
		takesKeys := op.Security != nil && len(*op.Security) > 1
		r := op.example(t)
		refers := strings.Contains(r.body, `_id":`)
		if takesKeys && op.method == method && len(r.path) == 0 && !op.upload() && !refers {
			return r
		}
	}
	t.Fatal("no operation takes API keys")
	return nil
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	write, info := f.createKey(f.superToken, "write")
	read, _ := f.createKey(f.superToken, "read")
	assert.Regexp(t, `^ev_[0-9A-Za-z]{46}$`, write)
	assert.Equal(t, write[:11], info.Prefix)
	assert.Equal(t, []oas.ApiKeyScope{"read", "write"}, info.Scopes)
	assert.Equal(t, start.AddDate(0, 0, 90), info.ExpiresAt.UTC())
	assert.True(t, info.LastUsedAt.Null)
	assert.Zero(t, f.count("SELECT count(*) FROM api_key WHERE position(convert_to($1, 'UTF8') IN key_hash) > 0 OR api_key::text LIKE '%' || $1 || '%'", write[11:]))
	assert.NotContains(t, f.log.String(), write[11:], "the log shows no key")

	list, create := forKeys(t, http.MethodGet), forKeys(t, http.MethodPost)
	for _, h := range keyHeaders {
		for _, key := range []string{write, read} {
			res, body := f.withKey(h, key, http.MethodGet, list.url(), "")
			assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", h, body)
		}
		res, body := f.withKey(h, read, http.MethodPost, create.url(), create.body)
		requireProblem(t, res, body, http.StatusForbidden, h)
		assert.Contains(t, string(body), "scope")
		res, body = f.withKey(h, write[:48]+"0", http.MethodPost, create.url(), create.body)
		requireProblem(t, res, body, http.StatusUnauthorized, h)
	}
	res, body := f.withKey(keyHeaders[0], write, http.MethodPost, create.url(), create.body)
	assert.Equal(t, create.op.success(), res.StatusCode, "%s", body)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE actor = 'api_key' AND api_key_id = $1", info.ID))
}

// Everything that changes something refuses a key that may read only, and what is for people alone refuses all keys.
func TestWhatKeysMayNotDo(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createExamples()
	read, _ := f.createKey(f.superToken, "read")
	write, _ := f.createKey(f.superToken, "write")
	before := f.tables()
	scoped, people := 0, 0
	for _, op := range operations() {
		if op.Security == nil || len(*op.Security) == 0 {
			continue
		}
		r, key, word := op.example(t), read, "scope"
		switch {
		case len(*op.Security) == 1:
			key, word = write, "access token"
			people++
		case op.method == http.MethodGet:
			continue
		default:
			scoped++
		}
		for _, h := range keyHeaders {
			value := key
			if h == "Authorization" {
				value = "Bearer " + key
			}
			res, body := f.call("", op.method, r.url(), strings.NewReader(r.body), "Content-Type", r.contentType(), h, value)
			requireProblem(t, res, body, http.StatusForbidden, op.OperationID+" "+h)
			assert.Contains(t, string(body), word, op.OperationID)
		}
	}
	assert.Positive(t, scoped)
	assert.Greater(t, people, 15)
	assert.Equal(t, before, f.tables())
	assert.Equal(t, 2, f.count("SELECT count(*) FROM api_key"))
}

func TestEndOfAPIKeys(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	me := f.count("SELECT id FROM user_account WHERE email = $1", f.userEmail)
	list := forKeys(t, http.MethodGet)
	works := func(key string) bool {
		t.Helper()
		res, body := f.withKey("X-API-Key", key, http.MethodGet, list.url(), "")
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusUnauthorized {
			requireProblem(t, res, body, http.StatusForbidden, "an ordinary user")
		}
		return res.StatusCode != http.StatusUnauthorized
	}
	revoked, info := f.createKey(f.userToken, "read")
	other, _ := f.createKey(f.superToken, "read")
	require.True(t, works(revoked))
	_, otherInfo := f.createKey(f.superToken, "read")
	problem(t, f.user.RevokeApiKey(t.Context(), oas.RevokeApiKeyParams{ID: otherInfo.ID}), http.StatusNotFound)
	require.NoError(t, f.user.RevokeApiKey(t.Context(), oas.RevokeApiKeyParams{ID: info.ID}))
	assert.False(t, works(revoked))
	problem(t, f.user.RevokeApiKey(t.Context(), oas.RevokeApiKeyParams{ID: info.ID}), http.StatusNotFound)

	byOther, info := f.createKey(f.userToken, "read")
	require.NoError(t, f.super.RevokeApiKey(t.Context(), oas.RevokeApiKeyParams{ID: info.ID}))
	assert.False(t, works(byOther), "superusers can revoke all")

	// A new password leaves keys alone, a deactivation ends them for good.
	key, _ := f.createKey(f.userToken, "read")
	require.NoError(t, f.user.UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{CurrentPassword: password, NewPassword: password + "!"}))
	assert.True(t, works(key))
	for _, active := range []bool{false, true} {
		_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsActive: oas.NewOptBool(active)}, oas.UpdateUserParams{ID: int64(me)})
		require.NoError(t, err)
		assert.False(t, works(key))
	}

	u := f.createUser("gone@example.com")
	key, _ = f.createKey(f.login("gone@example.com", password), "read")
	assert.True(t, works(key))
	require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.ID}))
	assert.False(t, works(key))

	f.clock.advance(90*24*time.Hour - time.Second)
	res, _ := f.withKey("X-API-Key", other, http.MethodGet, list.url(), "")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	f.clock.advance(time.Second)
	assert.False(t, works(other), "expired")
	assert.Equal(t, 2, f.count("SELECT count(*) FROM api_key"))
	f.clock.advance(31 * 24 * time.Hour)
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Zero(t, f.count("SELECT count(*) FROM api_key"))
}

func TestAPIKeyIsNotedAsUsed(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	key, info := f.createKey(f.superToken, "read")
	request := forKeys(t, http.MethodGet)
	use := func() time.Time {
		t.Helper()
		f.withKey("Authorization", key, http.MethodGet, request.url(), "")
		list, err := f.super.ListApiKeys(t.Context(), oas.ListApiKeysParams{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, info.ID, list.Items[0].ID)
		require.False(t, list.Items[0].LastUsedAt.Null)
		return list.Items[0].LastUsedAt.Value.UTC()
	}
	assert.Equal(t, start, use())
	f.clock.advance(59 * time.Second)
	assert.Equal(t, start, use(), "at most once a minute")
	f.clock.advance(2 * time.Second)
	assert.Equal(t, start.Add(61*time.Second), use())
	assert.Regexp(t, `route=`+request.op.OperationID+` .*user=\d+ api_key=\d+`, f.log.String(), "the log says who")
}

func TestCreateAPIKey(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	create := func(body string) (*http.Response, []byte) {
		t.Helper()
		return f.callJSON(f.userToken, http.MethodPost, "/api-keys", body)
	}
	// Whoever has but a stolen access token gets no key that outlives it.
	res, body := create(`{"name": "x", "scopes": ["read"], "current_password": "wrong"}`)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "wrong password")
	assert.Equal(t, "/current_password", decodeProblem(t, body).Errors[0].Field)
	for _, wrong := range []string{
		`{"name": "x", "scopes": [], "current_password": "` + password + `"}`,
		`{"name": "x", "scopes": ["admin"], "current_password": "` + password + `"}`,
		`{"name": " ", "scopes": ["read"], "current_password": "` + password + `"}`,
		`{"name": "x", "scopes": ["read"], "expires_in_days": 366, "current_password": "` + password + `"}`,
		`{"name": "x", "scopes": ["read"], "expires_in_days": 0, "current_password": "` + password + `"}`,
	} {
		res, body := create(wrong)
		requireProblem(t, res, body, http.StatusUnprocessableEntity, wrong)
	}
	res, body = create(`{"name": "x", "scopes": ["read"], "expires_in_days": 365, "current_password": "` + password + `"}`)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	var created oas.ApiKeyCreated
	require.NoError(t, json.Unmarshal(body, &created))
	assert.Equal(t, start.AddDate(0, 0, 365), created.ExpiresAt.UTC())
	for range 49 {
		f.createKey(f.userToken, "read")
	}
	res, body = create(`{"name": "x", "scopes": ["read"], "current_password": "` + password + `"}`)
	requireProblem(t, res, body, http.StatusConflict, "the 51st")

	page, err := f.user.ListApiKeys(t.Context(), oas.ListApiKeysParams{PageSize: oas.NewOptInt32(30)})
	require.NoError(t, err)
	next, err := f.super.ListApiKeys(t.Context(), oas.ListApiKeysParams{
		PageSize: oas.NewOptInt32(30), PageToken: oas.NewOptString(page.NextPageToken.Value), UserID: oas.NewOptInt64(created.UserID),
	})
	require.NoError(t, err)
	assert.Len(t, next.Items, 20)
	assert.Equal(t, created.ID, next.Items[19].ID)
	mine, err := f.super.ListApiKeys(t.Context(), oas.ListApiKeysParams{})
	require.NoError(t, err)
	assert.Empty(t, mine.Items)
	assert.NotContains(t, fmt.Sprint(f.log), created.Key)
}

// Of two keys in one request the one that counts is charged: an invented one beside it is no new client.
func TestKeyBesideAnother(t *testing.T) {
	t.Parallel()
	o := limits()
	trust := o.api
	o.api = func(c *api.Config) {
		trust(c)
		c.Limits.PerMinute = 3
	}
	f := setup(t, o)
	key, _ := f.createKey(f.superToken, "read")
	path := forKeys(t, http.MethodGet).url()
	var got []int
	for n := range 5 {
		res, _ := f.call(key, http.MethodGet, path, nil, "X-API-Key", fmt.Sprintf("ev_invented%d", n), "X-Forwarded-For", "192.0.2.1")
		got = append(got, res.StatusCode)
	}
	assert.Equal(t, []int{200, 200, 200, 429, 429}, got)
}
