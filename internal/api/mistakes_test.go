package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// mistakes are the messages of a problem by field.
func mistakes(t testing.TB, body []byte) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, e := range decodeProblem(t, body).Errors {
		assert.NotContains(t, found, e.Field, "%s", body)
		found[e.Field] = e.Message
	}
	return found
}

const dateRule = "must be a date, such as 2023-09-30"

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.requireMistakes([]mistaken{
		{"/users", `{
			"email": "SUPER@example.com", "password": "too short", "full_name": "two\nlines", "is_active": 1, "is_superuser": null,
			"name": "Ada", "role": "owner", "id": 7, "a/b": 1}`, map[string]string{
			"/email": "is taken", "/password": "must have 12 to 128 characters",
			"/full_name": "must be valid Unicode without control characters", "/is_active": "must be true or false",
			"/is_superuser": "must not be null", "/name": "is not a field of this request", "/role": "is not a field of this request",
			"/id": "is not a field of this request", "/a~1b": "is not a field of this request",
		}},
		{"/users", `[]`, map[string]string{"": "must be an object"}},
		{"/api-keys", `{"name": "", "scopes": ["admin"], "expires_in_days": 0, "current_password": 7}`, map[string]string{
			"/name": "must not be empty", "/scopes/0": "must be one of read, write", "/expires_in_days": "must be between 1 and 365",
			"/current_password": "must be text",
		}},
	})
	res, body := f.call(f.superToken, http.MethodGet, api.Prefix+"/audit-events?page_size=x&since=2020-13-01&page_token=!", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "parameters")
	assert.Equal(t, map[string]string{
		"page_size": "must be a whole number", "since": dateRule, "page_token": "must be the next_page_token of a page of this list",
	}, mistakes(t, body))
	res, body = f.call(f.superToken, http.MethodGet, api.Prefix+"/audit-events?page_size=0&page_size=1&since=1066-10-14&page_token=x", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "parameters, some for the use case")
	assert.Equal(t, map[string]string{
		"page_size": "must be given once", "since": "must be between 1900-01-01 and 9999-12-31",
		"page_token": "must be the next_page_token of a page of this list",
	}, mistakes(t, body))
}

// A mistaken body of a POST, and what is wrong with it.
type mistaken struct {
	path, body string
	want       map[string]string
}

func (f *fixture) requireMistakes(all []mistaken) {
	f.t.Helper()
	for _, c := range all {
		res, body := f.callJSON(f.superToken, http.MethodPost, c.path, c.body)
		requireProblem(f.t, res, body, http.StatusUnprocessableEntity, c.body)
		assert.Equal(f.t, c.want, mistakes(f.t, body), c.body)
	}
}

// Who may not do something, or asks for what is not there, learns nothing else.
func TestMistakesOfStrangers(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	const wrong = `{"full_name": 1, "email": "super@example.com"}`
	for token, status := range map[string]int{"": 401, "nonsense": 401, f.userToken: 403} {
		res, body := f.callJSON(token, http.MethodPost, "/users", wrong)
		requireProblem(t, res, body, status, "create")
		assert.Empty(t, mistakes(t, body))
		res, body = f.call(token, http.MethodGet, api.Prefix+"/users?page_size=x", nil)
		requireProblem(t, res, body, status, "list")
		assert.Empty(t, mistakes(t, body))
	}
	res, body := f.callJSON(f.superToken, http.MethodPatch, "/users/9007199254740991", `{"full_name": 1}`)
	requireProblem(t, res, body, http.StatusNotFound, "update")
	assert.Empty(t, mistakes(t, body))
	// Whether an address has an account costs an attempt, and so is not told beside other mistakes.
	res, body = f.callJSON("", http.MethodPost, "/users/open", `{"email": "super@example.com", "password": "correct horse battery", "age": 36}`)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "register")
	assert.Equal(t, map[string]string{"/age": "is not a field of this request"}, mistakes(t, body))
	res, body = f.callJSON(f.userToken, http.MethodPatch, "/users/me", `{"email": "super@example.com", "age": 36, "current_password": "correct horse battery"}`)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "update me")
	assert.Equal(t, map[string]string{"/age": "is not a field of this request"}, mistakes(t, body))
}

// An ordinary user cannot have mails sent to others at will, and does not learn which addresses have an account.
func TestOwnAddressIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.AttemptsPerAddress = 3 }})
	change := func(body string) int {
		res, _ := f.callJSON(f.userToken, http.MethodPatch, "/users/me", body)
		return res.StatusCode
	}
	res, body := f.callJSON(f.userToken, http.MethodPatch, "/users/me", `{"email": "super@example.com", "full_name": "two\nlines", "current_password": "correct horse battery"}`)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "costs nothing")
	assert.Equal(t, map[string]string{"/full_name": "must be valid Unicode without control characters"}, mistakes(t, body))
	for range 3 {
		assert.Equal(t, http.StatusOK, change(`{"email": "super@example.com", "current_password": "correct horse battery"}`))
	}
	assert.Equal(t, http.StatusTooManyRequests, change(`{"email": "super@example.com", "current_password": "correct horse battery"}`))
	assert.Equal(t, http.StatusOK, change(`{"email": "`+f.userEmail+`", "full_name": "Ada"}`), "the address stays")
}

// A request with a mistake changes nothing, though it is rehearsed without it.
func TestMistakesChangeNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.AttemptsPerAddress = 3 }})
	f.createExamples()
	contents := func() map[string]string {
		all := map[string]string{}
		rows, err := f.pool.Query(t.Context(), "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
		require.NoError(t, err)
		var tables []string
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			tables = append(tables, name)
		}
		require.NoError(t, rows.Err())
		for _, name := range tables {
			var text string
			require.NoError(t, f.pool.QueryRow(t.Context(), "SELECT coalesce(string_agg(r::text, E'\n' ORDER BY r::text), '') FROM "+name+" AS r").Scan(&text))
			all[name] = text
		}
		return all
	}
	before := contents()
	require.Contains(t, before, "river_job")
	n := 0
	for _, op := range operations() {
		r := op.example(t)
		if r.contentType() != "application/json" {
			continue
		}
		n++
		r.body = `{"no_such_field": 1,` + strings.TrimPrefix(r.body, "{")
		for range 5 { // more than the attempts that are allowed
			res, body := f.send(f.superToken, r)
			requireProblem(t, res, body, http.StatusUnprocessableEntity, op.OperationID)
			assert.Contains(t, mistakes(t, body), "/no_such_field", op.OperationID)
		}
	}
	assert.Greater(t, n, 12)
	assert.Equal(t, before, contents())
}

func TestMistakesAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	fields := map[string]int{strings.Repeat("long", 10_000): 1}
	for i := range 20_000 {
		fields[fmt.Sprintf("field%d", i)] = i
	}
	b, err := json.Marshal(fields)
	require.NoError(t, err)
	res, body := f.callJSON(f.superToken, http.MethodPost, "/users", string(b))
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "many")
	assert.Len(t, mistakes(t, body), 100)
	assert.Less(t, len(body), 20_000)
	for what, open := range map[string]string{"lists": "[", "objects": `{"a":`} {
		res, body = f.callJSON(f.superToken, http.MethodPost, "/users", `{"full_name": `+strings.Repeat(open, 100_000)+"}")
		requireProblem(t, res, body, http.StatusBadRequest, what)
	}
}

// What the contract says beside its patterns and lengths is what the code holds to.
func TestRulesAgree(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	schemas := spec().Components.Schemas
	password := schemas["Password"].Value
	assert.EqualValues(t, auth.MinPasswordLength, password.MinLength)
	assert.EqualValues(t, 4*auth.MaxPasswordLength, *password.MaxLength, "in any normal form")

	_, out := f.callJSON(f.superToken, http.MethodPost, "/users", `{"email": "no address", "password": "correct horse battery"}`)
	assert.Equal(t, map[string]string{"/email": fmt.Sprint(schemas["Email"].Value.Extensions["x-message"])}, mistakes(t, out))
	for name, s := range schemas {
		for field, p := range s.Value.Properties {
			assert.False(t, p.Value.Pattern != "" && p.Value.Extensions["x-message"] == nil, "%s.%s has a pattern without words", name, field)
		}
	}
}
