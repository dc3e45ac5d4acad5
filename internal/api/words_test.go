package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decoderWords are what libraries say about input, and nobody who is to correct it understands.
const decoderWords = `(?i)unexpected|callback|\bjx\b|decod|encod(e|ing)\b.*:|unmarshal|ogen|strconv|invalid character|\bpars(e|ing)|syntax|` +
	`\bEOF\b|validate|(?-i:mime:|gzip:|json:|http:)|net/http|operation |regexp?|0x[0-9a-f]|goroutine|%!`

// requireSentence requires that a refusal says to people what is wrong, and where.
func requireSentence(t *testing.T, res *http.Response, body []byte, what string) {
	t.Helper()
	require.Empty(t, undocumented(res, body), what)
	p := decodeProblem(t, body)
	assert.NotRegexp(t, decoderWords, p.Detail.Value, what)
	assert.NotEmpty(t, p.Detail.Value, what)
	if res.StatusCode == http.StatusUnprocessableEntity {
		assert.True(t, len(p.Errors) > 0 || len(strings.Fields(p.Detail.Value)) > 2, "%s: %s", what, body)
	}
	for _, e := range p.Errors {
		assert.NotRegexp(t, decoderWords+"|is not valid$|required form", e.Message, what)
		assert.Regexp(t, `^(must |is |has |have |needs |cannot |does not )`, e.Message, what)
	}
}

// variants are a document with each of the values in the place of each of its own, and what each changes.
func variants(document any, values []any) (all []any, places []string) {
	var walk func(at string, v any, put func(any) any)
	walk = func(at string, v any, put func(any) any) {
		for _, value := range values {
			all, places = append(all, put(value)), append(places, fmt.Sprintf("%s=%.60v", at, value))
		}
		switch v := v.(type) {
		case map[string]any:
			for name := range v {
				walk(at+"/"+name, v[name], func(value any) any {
					o := map[string]any{}
					for n := range v {
						o[n] = v[n]
					}
					o[name] = value
					return put(o)
				})
			}
		case []any:
			for i := range v {
				walk(fmt.Sprintf("%s/%d", at, i), v[i], func(value any) any {
					a := slices.Clone(v)
					a[i] = value
					return put(a)
				})
			}
		}
	}
	walk("", document, func(v any) any { return v })
	return all, places
}

func TestRefusalsSpeakToPeople(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createExamples()
	values := []any{
		nil, true, -1, 1.5, json.RawMessage("1e400"), json.RawMessage("123456789012345678901234567890"), "", "x", "\x00", []any{},
		map[string]any{"no_such_field": 1}, []any{[]any{1}},
	}
	refused := 0
	check := func(r *request, token, what string) {
		t.Helper()
		res, body := f.send(token, r)
		assert.Less(t, res.StatusCode, 500, "%s: %s", what, body)
		if res.StatusCode >= 400 {
			requireSentence(t, res, body, what)
			refused++
		}
	}
	for _, op := range operations() {
		token := f.login("super@example.com", password) // an operation before may have ended the session
		r := op.example(t)
		for _, p := range op.params {
			for _, given := range [][]string{
				{""}, {"x"}, {"-1"}, {"1.5"}, {"99999999999999999999"}, {"\n"}, {"null"}, {"2020-13-45"}, {"[1]"}, {"1", "2"}, {"a", "a"},
			} {
				odd := op.example(t)
				if p.In == "path" {
					odd.path[p.Name] = given[0]
				} else {
					odd.query[p.Name] = given
				}
				what := fmt.Sprintf("%s %s=%q", op.OperationID, p.Name, given)
				check(odd, token, what)
				if len(given) > 1 && p.In == "query" {
					res, body := f.send(token, odd)
					if res.StatusCode == http.StatusNotFound { // a request before has deleted it
						continue
					}
					require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s: %s", what, body)
					assert.Equal(t, "must be given once", mistakes(t, body)[p.Name], what)
				}
			}
		}
		switch r.contentType() {
		case "application/json":
			var document any
			require.NoError(t, json.Unmarshal([]byte(r.body), &document))
			bodies, places := variants(document, values)
			for i := range bodies {
				b, err := json.Marshal(bodies[i])
				require.NoError(t, err)
				odd := *r
				odd.body = string(b)
				check(&odd, token, op.OperationID+" "+places[i])
			}
		case "application/x-www-form-urlencoded":
			form, err := url.ParseQuery(r.body)
			require.NoError(t, err)
			for name := range form {
				for _, given := range [][]string{{""}, {strings.Repeat("x", 5000)}, {"a", "b"}, nil} {
					odd, values := *r, url.Values{}
					for n := range form {
						values[n] = form[n]
					}
					values[name] = given
					odd.body = values.Encode()
					what := fmt.Sprintf("%s %s=%.50q", op.OperationID, name, given)
					check(&odd, token, what)
					if len(given) > 1 {
						res, body := f.send(token, &odd)
						require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s: %s", what, body)
						assert.Equal(t, "must be given once", mistakes(t, body)["/"+name], what)
					}
				}
			}
			odd := *r
			odd.body = "a=%zz&;"
			check(&odd, token, op.OperationID+" escapes")
		}
		if op.Security != nil && len(*op.Security) > 0 {
			for _, authorization := range []string{"Bearer", "Bearer ", "Bearer a b", "bearer x", "Basic eDp5", "Basic !", "x", "Bearer é", "Digest a=b"} {
				res, body := f.call("", op.method, r.url(), strings.NewReader(r.body), "Content-Type", r.contentType(), "Authorization", authorization)
				require.Equal(t, http.StatusUnauthorized, res.StatusCode, "%s %s: %s", op.OperationID, authorization, body)
				requireSentence(t, res, body, op.OperationID+" "+authorization)
			}
		}
	}
	assert.Greater(t, refused, 15*len(operations()))
}

// What cannot be read as JSON is said with its place.
func TestUnreadableJSON(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for body, want := range map[string]struct {
		status int
		detail string
	}{
		``:                              {400, "the body is empty"},
		` `:                             {400, "the body is empty"},
		`{`:                             {400, "the body is not JSON: it ends too early, after line 1, column 1"},
		`{"name": "A"`:                  {400, "the body is not JSON: it ends too early, after line 1, column 12"},
		`{"name": 'A'}`:                 {400, "the body is not JSON at line 1, column 10"},
		"{\n  \"name\": \"A\",\n}":      {400, "the body is not JSON at line 3, column 1"},
		"{\"näme\": \"A\" x":            {400, "the body is not JSON at line 1, column 14"},
		`{"name": NaN}`:                 {400, "the body is not JSON at line 1, column 10"},
		`{"name": 01}`:                  {400, "the body is not JSON at line 1, column 11"},
		`{"name": "a` + "\x01" + `"}`:   {400, "the body is not JSON at line 1, column 12"},
		`{"name": "A"}{}`:               {400, "the body is not JSON at line 1, column 14"},
		`{"name": "zq` + "\xff" + `"}`:  {400, "the body is not valid UTF-8"},
		`{"zq` + "\xc3" + `": 1}`:       {400, "the body is not valid UTF-8"},
		"\xff\xfe{\x00}\x00":            {400, "the body is not valid UTF-8"},
		`{"name": ` + deep + `}`:        {400, "the body is nested more than 32 levels deep"},
		`{"name": "A", "name": "B"}`:    {422, "the request has invalid values"},
		`{"x": 1, "x": 2, "name": "A"}`: {422, "the request has invalid values"},
	} {
		res, out := f.callJSON(f.superToken, http.MethodPost, "/api-keys", body)
		requireProblem(t, res, out, want.status, body)
		assert.Equal(t, want.detail, decodeProblem(t, out).Detail.Value, "%q", body)
	}
	for body, want := range map[string]map[string]string{
		`{"name": "A", "name": "B"}`: {
			"/name": "is given twice", "/scopes": "is required", "/current_password": "is required",
		},
		`{"name": "A", "name": "B", "scopes": ["read"], "current_password": "x"}`:                        {"/name": "is given twice"},
		`{"name": "A", "name": "B", "scopes": ["read"], "current_password": "x", "expires_in_days": ""}`: {"/name": "is given twice", "/expires_in_days": "must be a whole number"},
	} {
		res, out := f.callJSON(f.superToken, http.MethodPost, "/api-keys", body)
		requireProblem(t, res, out, http.StatusUnprocessableEntity, body)
		assert.Equal(t, want, mistakes(t, out), body)
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM api_key"))
}

// What is no UTF-8 is neither sent back nor logged.
func TestWhatIsNoTextIsEchoedNowhere(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	echoedNowhere(t, []unreadable{
		{"GET", "/zqa%ff", "", ""},
		{"GET", "/api/v1/zqa%ffb", "", ""},
		{"GET", "/api/v1/users/zqa%ff", "", ""},
		{"GET", "/api/v1/audit-events?action=zqa%c3%28", "", ""},
		{"GET", "/api/v1/users?zqa%ff=1", "", ""},
		{"GET", "/api/v1/users?page_token=zqa%ff", "", ""},

		{"POST", "/api/v1/password-recovery/zqa%ff@example.com", "", ""},
		{"POST", "/api/v1/users", jsonBody, "{\"full_name\": \"zqa\xff\"}"},
		{"POST", "/api/v1/users", jsonBody, "{\"zqa\xff\": 1}"},
		{"POST", "/api/v1/users", jsonBody, `{"zqa\ud800": 1, "email": "a@example.com"}`},
		{"POST", "/api/v1/users", jsonBody, `{"email": "a@example.com", "full_name": "zqa\udfff"}`},
		{"POST", "/api/v1/login/access-token", form, "username=zqa%ff&password=zqa%ff"},
		{"POST", "/api/v1/login/access-token", form, "username=zqa\xff&password=zqa\xff"},
		{"POST", "/api/v1/login/access-token", form, "username=a&zqa%ff=b"},
		{"POST", "/api/v1/users", "zqa\xff/json", "{}"},
		{"POST", "/api/v1/users", "application/json; charset=zqa\xff", "{}"},
	})
}

// An unreadable request has "zqa" beside what is no UTF-8.
type unreadable struct{ method, path, kind, body string }

const jsonBody = "application/json"

func echoedNowhere(t *testing.T, requests []unreadable) {
	t.Helper()
	f := setup(t, options{})
	for _, c := range requests {
		what := fmt.Sprintf("%s %s %q", c.method, c.path, c.body)
		conn := f.in(t).dial()
		_, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nUser-Agent: zqa\xff\r\nX-Request-Id: zqa\xff\r\n"+
			"Content-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", c.method, c.path, f.superToken, c.kind, len(c.body), c.body)
		require.NoError(t, err)
		res, body := readResponse(t, conn, c.method)
		require.GreaterOrEqual(t, res.StatusCode, 400, what)
		require.Less(t, res.StatusCode, 500, what)
		requireSentence(t, res, body, what)
		assert.NotContains(t, string(body), "zqa", what)
		_, err = io.Copy(io.Discard, conn)
		require.NoError(t, err)
	}
	assert.NotContains(t, f.log.String(), "zqa")
	assert.Contains(t, f.log.String(), "level=INFO", "something is logged")
}
