package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// request is one that the specification's examples make of an operation.
type request struct {
	op    *operation
	path  map[string]string
	query url.Values
	body  string
}

func (op *operation) example(t testing.TB) *request {
	t.Helper()
	r := &request{op: op, path: map[string]string{}, query: url.Values{}}
	for _, p := range op.params {
		if !p.Required {
			continue
		}
		require.NotEmpty(t, p.Schema.Value.Examples, "%s: %s needs an example", op.OperationID, p.Name)
		value := fmt.Sprint(p.Schema.Value.Examples[0])
		if p.In == "path" {
			r.path[p.Name] = value
		} else {
			r.query.Set(p.Name, value)
		}
	}
	if op.RequestBody == nil {
		return r
	}
	for kind, content := range op.RequestBody.Value.Content {
		switch kind {
		case "application/json":
			require.NotEmpty(t, content.Schema.Value.Examples, "%s: the body needs an example", op.OperationID)
			body, err := json.Marshal(content.Schema.Value.Examples[0])
			require.NoError(t, err)
			r.body = string(body)
		case "application/x-www-form-urlencoded":
			form := url.Values{}
			for name, value := range content.Schema.Value.Examples[0].(map[string]any) {
				form.Set(name, fmt.Sprint(value))
			}
			r.body = form.Encode()
		default:
			r.body = "a file"
		}
	}
	return r
}

// set gives a parameter of the path or the query a value.
func (r *request) set(p *openapi3.Parameter, value string) {
	if p.In == "path" {
		r.path[p.Name] = value
	} else {
		r.query.Set(p.Name, value)
	}
}

func (r *request) contentType() string {
	if r.op.RequestBody == nil {
		return ""
	}
	if r.op.upload() {
		return fileType
	}
	return slices.Collect(maps.Keys(r.op.RequestBody.Value.Content))[0]
}

func (r *request) url() string {
	path := r.op.path
	for name, value := range r.path {
		path = strings.ReplaceAll(path, "{"+name+"}", escape(value))
	}
	if len(r.query) > 0 {
		path += "?" + r.query.Encode()
	}
	return api.Prefix + path
}

func (f *fixture) send(token string, r *request) (*http.Response, []byte) {
	f.t.Helper()
	var header []string
	if ct := r.contentType(); ct != "" {
		header = []string{"Content-Type", ct}
	}
	return f.call(token, r.op.method, r.url(), strings.NewReader(r.body), header...)
}

// requireProblem requires that a response is a problem with this status.
func requireProblem(t testing.TB, res *http.Response, body []byte, status int, what string) {
	t.Helper()
	require.Equal(t, status, res.StatusCode, "%s: %s", what, body)
	require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"), what)
	require.Empty(t, undocumented(res, body), what)
	p := decodeProblem(t, body)
	assert.EqualValues(t, status, p.Status, what)
	assert.NotEmpty(t, p.Detail.Value, what)
	assert.Equal(t, res.Header.Get("X-Request-Id"), p.RequestID.Value, what)
}

// requireWords requires that a problem says what is wrong with each field, and not in the words of a decoder.
func requireWords(t testing.TB, body []byte, what string) {
	t.Helper()
	p := decodeProblem(t, body)
	require.NotEmpty(t, p.Errors, what)
	for _, e := range p.Errors {
		assert.Regexp(t, `^(must |is |has |needs |cannot )`, e.Message, what)
		assert.NotRegexp(t, `is not valid$|required form|pars|decod|unexpected|syntax|strconv|callback|json|\^`, e.Message, what)
	}
}

func TestNobodyAndOrdinaryUsersAreRefused(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	var before map[string]int
	if !remote() {
		before = f.tables()
	}
	n := 0
	for _, op := range operations() {
		if op.Security == nil || len(*op.Security) == 0 {
			may := []string{"registerUser", "activateUser", "createCookieSession", "endCookieSession"} // refuse some
			assert.False(t, op.names(http.StatusForbidden) && !slices.Contains(may, op.OperationID), op.OperationID)
			continue
		}
		n++
		r := op.example(t)
		for _, token := range []string{"", "nonsense"} {
			res, body := f.send(token, r)
			requireProblem(t, res, body, http.StatusUnauthorized, op.OperationID)
			assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Bearer", op.OperationID)
		}
		if p := op.param("user_id"); p != nil && p.In == "query" { // everybody may ask for their own
			r.query.Set("user_id", "9007199254740991")
		}
		if strings.Contains(op.says(http.StatusForbidden), "superuser") {
			res, body := f.send(f.userToken, r)
			requireProblem(t, res, body, http.StatusForbidden, op.OperationID)
		}
	}
	assert.Greater(t, n, 20)
	if remote() {
		return
	}
	assert.Equal(t, before, f.tables())
}

// unknown are values of parameters that name nothing. Those of one operation are of parameters that it may do without.
var unknown = map[string]string{"id": "9007199254740991"}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	for _, op := range operations() {
		if !op.names(http.StatusNotFound) {
			continue
		}
		r := op.example(t)
		for _, p := range op.params {
			value, ok := unknown[op.OperationID+" "+p.Name]
			if !ok && p.Required {
				value, ok = unknown[p.Name]
			}
			if ok {
				r.set(p, value)
			}
		}
		res, body := f.send(f.superToken, r)
		requireProblem(t, res, body, http.StatusNotFound, op.OperationID)
	}
}

// opaque is a page token of keys.
func opaque(keys string) string { return base64.RawURLEncoding.EncodeToString([]byte(keys)) }

// wrong are values of parameters that no operation takes.
var wrong = map[string][]string{
	"page_size": {"x", "1.5", "9223372036854775808", "2147483648", "", "1e2", "+ 1", "0", "-1", "1001"},
	"page_token": {
		"", strings.Repeat("x", 1001), "x", "!", opaque("1"), opaque("[]"), opaque("[null]"), opaque("{}"), opaque(`[1,2,3,4]`),
		opaque("["), opaque(`[[]]`), opaque(`[{},{}]`), opaque(`["\u0000","\u0000"]`), opaque(`[null,null]`),
	},
	"id":          {"x", "1.5", "1e3", "9223372036854775808", "-9223372036854775809", "0x1", "1;2", "१", "0", "-1"},
	"user_id":     {"x", "9223372036854775808", "0", "-1"},
	"actor_id":    {"x", "9223372036854775808", "0", "-1"},
	"action":      {"", strings.Repeat("x", 101), "a\nb"},
	"target_type": {"", strings.Repeat("x", 101), "a\x7fb"},
	"target":      {"", strings.Repeat("x", 301), "a\nb"},
	"client":      {"", strings.Repeat("x", 101), "a\nb"},
	"since":       {"x", "2020-02-30", "0000-01-01", "1899-12-31"},
	"until":       {"x", "2020-02-30", "0000-01-01", "1899-12-31"},
}

// existing make what requests can be about on any server, and return what has a request be about it.
var existing []func(*fixture) func(*request)

// about makes all that exists.
func (f *fixture) about() func(*request) {
	f.t.Helper()
	var all []func(*request)
	for _, make := range existing {
		all = append(all, make(f))
	}
	return func(r *request) {
		for _, be := range all {
			be(r)
		}
	}
}

func TestWrongParameters(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	about := f.about()
	n := 0
	for _, op := range operations() {
		for _, p := range op.params {
			for _, value := range wrong[p.Name] {
				if remote() && p.In == "path" && strings.ContainsAny(value, "/%;") {
					continue // proxies refuse it
				}
				if p.In == "path" && value == "" {
					continue // another path
				}
				r := op.example(t)
				about(r)
				r.set(p, value)
				res, body := f.send(f.superToken, r)
				what := fmt.Sprintf("%s %s=%.50q", op.OperationID, p.Name, value)
				if !assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s: %s", what, body) {
					continue
				}
				requireProblem(t, res, body, http.StatusUnprocessableEntity, what)
				if e := decodeProblem(t, body).Errors; assert.Len(t, e, 1, what) {
					assert.Equal(t, p.Name, e[0].Field, what)
				}
				requireWords(t, body, what)
				n++
			}
		}
	}
	assert.Greater(t, n, 3*len(operations()))
}

// Bodies that no operation takes. On a server of its own: a proxy waits for each refused body that its client holds back.
func TestWrongBodies(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createExamples()
	deep := strings.Repeat("[", 20_000)
	for _, op := range operations() {
		if op.RequestBody == nil || op.upload() {
			continue
		}
		for what, c := range map[string]struct {
			contentType, body string
			status            []int
		}{
			"no type":       {"", "{}", []int{415}},
			"another type":  {"text/plain", "{}", []int{415}},
			"broken type":   {"application/", "{}", []int{415}},
			"no body":       {"application/json", "", []int{400}},
			"cut off":       {"application/json", `{"`, []int{400}},
			"two documents": {"application/json", `{}{}`, []int{400}},
			"array":         {"application/json", `[]`, []int{422}},
			"null":          {"application/json", `null`, []int{422}},
			"string":        {"application/json", `"x"`, []int{422}},
			"unknown field": {"application/json", `{"no_such_field": 1}`, []int{422}},
			"deep":          {"application/json", `{"no_such_field": ` + deep + "}", []int{400}},
			"invalid UTF-8": {"application/json", "{\"\xff\": 1}", []int{400}},
			"HTML":          {"application/json", "<!DOCTYPE html><html></html>", []int{400}},
			"UTF-16":        {"application/json; charset=utf-16", "\xff\xfe{\x00}\x00", []int{400, 415}},
			"larger than 1 M": {
				"application/json", `{"no_such_field": "` + strings.Repeat("x", 1<<20) + `"}`, []int{413},
			},
		} {
			r := op.example(t)
			if r.contentType() != "application/json" && (c.contentType == "application/json" || what == "UTF-16") {
				c.status = []int{415}
				if what == "larger than 1 M" {
					c.status = []int{413, 415}
				}
			}
			var header []string
			if c.contentType != "" {
				header = []string{"Content-Type", c.contentType}
			}
			for _, sized := range []bool{true, false} {
				var body io.Reader = strings.NewReader(c.body)
				if !sized {
					body = io.MultiReader(body) // sent in chunks
				}
				res, out := f.call(f.superToken, op.method, r.url(), body, append(header, "Expect", "100-continue")...)
				if assert.Contains(t, c.status, res.StatusCode, "%s: %s: %s", op.OperationID, what, out) {
					requireProblem(t, res, out, res.StatusCode, op.OperationID+": "+what)
				}
			}
		}
	}
}

// Each field of each JSON body with values of a wrong type, and left out.
func TestWrongFields(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createExamples()
	n := 0
	for _, op := range operations() {
		r := op.example(t)
		if r.contentType() != "application/json" {
			continue
		}
		schema := op.RequestBody.Value.Content["application/json"].Schema.Value
		for name, property := range schema.Properties {
			values := []any{
				map[string]any{"x": 1}, "\x00", "x\x00y", 1e300, 1.5, "", strings.Repeat("x", 3000), []any{[]any{}},
			}
			for _, raw := range []string{`"\ud800"`, `"a\u0000b"`, "\"\xff\"", "99999999999999999999", "-1e999", "1e-400", "NaN", "'x'", "tru"} {
				values = append(values, json.RawMessage(raw))
			}
			if !property.Value.Type.Includes("null") && len(property.Value.OneOf) == 0 {
				values = append(values, nil)
			}
			for _, value := range values {
				body := map[string]json.RawMessage{}
				require.NoError(t, json.Unmarshal([]byte(r.body), &body))
				text, ok := value.(json.RawMessage)
				if !ok {
					var err error
					text, err = json.Marshal(value)
					require.NoError(t, err)
				}
				body[name] = json.RawMessage(`"placeholder"`)
				b, err := json.Marshal(body)
				require.NoError(t, err)
				broken := *r
				broken.body = strings.Replace(string(b), `"placeholder"`, string(text), 1)
				res, out := f.send(f.superToken, &broken)
				assert.Less(t, res.StatusCode, 500, "%s %s=%.60s: %s", op.OperationID, name, text, out)
				if value == nil || !ok && fmt.Sprintf("%T", value) == "map[string]interface {}" {
					requireProblem(t, res, out, http.StatusUnprocessableEntity, op.OperationID+" "+name)
				}
				if res.StatusCode == http.StatusUnprocessableEntity {
					requireWords(t, out, op.OperationID+" "+name)
				}
				n++
			}
		}
		for _, name := range schema.Required {
			body := map[string]json.RawMessage{}
			require.NoError(t, json.Unmarshal([]byte(r.body), &body))
			delete(body, name)
			b, err := json.Marshal(body)
			require.NoError(t, err)
			without := *r
			without.body = string(b)
			res, out := f.send(f.superToken, &without)
			assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s without %s: %s", op.OperationID, name, out)
			assert.Contains(t, string(out), name, op.OperationID)
		}
	}
	assert.Greater(t, n, 10*len(operations()))
}

func TestNoRouteNoMethod(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	for _, path := range []string{
		"/nothing", "/users/1/nothing", "/users/me/nothing", "/users/me/totp/x", "/users/me/totp/confirm/x", "//users", "/users//totp", "/api-keys/nothing/x",
	} {
		if remote() && strings.Contains(path, "//") {
			continue // proxies make one slash of two
		}
		res, body := f.call("", http.MethodGet, api.Prefix+path, nil)
		if res.StatusCode/100 != 3 {
			requireProblem(t, res, body, http.StatusNotFound, path)
		}
	}
	res, body := f.call("", http.MethodGet, "/no/such/page", nil)
	requireProblem(t, res, body, http.StatusNotFound, "page")
	for path, allow := range map[string]string{
		"/users": "GET,HEAD,OPTIONS,POST", "/users/1": "DELETE,GET,HEAD,OPTIONS,PATCH", "/audit-events": "GET,HEAD,OPTIONS",
		"/api-keys/1": "DELETE,OPTIONS", "/users/me/password": "OPTIONS,PUT", "/login/access-token": "OPTIONS,POST",
	} {
		res, body := f.call("", http.MethodTrace, api.Prefix+path, nil)
		requireProblem(t, res, body, http.StatusMethodNotAllowed, path)
		assert.ElementsMatch(t, strings.Split(allow, ","),
			strings.Split(strings.ReplaceAll(res.Header.Get("Allow"), " ", ""), ","), path)
	}
}

// Whatever is asked for, the response is as specified and the server goes on.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createExamples()
	before := f.count("SELECT count(*) FROM user_account")
	odd := []string{
		"%00", "a%00b", "%ff", "%c3%28", "%ED%A0%80", "%EF%BF%BF", "%zz", "%", "..", "%2e%2e%2f", "%2F", "%5C", "'",
		"%27%20OR%201=1--", "%22", "%25", "_", "*",
		"%0A", "%0D%0AX:%20y", "%E2%80%AE", "%F0%9F%98%80", strings.Repeat("9", 400), strings.Repeat("A", 5000),
		strings.Repeat("%F0%9F%98%80", 500),
		"-0", "1e1000", "NaN", "Infinity", "0x10", "null", "true", "{}", "[]", "<script>", "+", "%20", "1%201", ";", "&",
		"=", "#", "?", "1;DROP%20TABLE%20user_account",
		"9999-99-99", "-0001-01-01", "99999-01-01", "2020-01-01%00", "0000-00-00", "A%00", "a%20",
		"A%2F..%2FB",
	}
	n := 0
	for _, op := range operations() {
		if op.upload() && op.method == http.MethodPost && len(op.params) == 0 {
			continue
		}
		for _, p := range op.params {
			for _, value := range odd {
				r := op.example(t)
				var target string
				if p.In == "path" {
					r.path[p.Name] = "PLACEHOLDER"
					target = strings.Replace(r.url(), "PLACEHOLDER", value, 1)
				} else {
					r.query.Del(p.Name)
					target = r.url() + map[bool]string{true: "&", false: "?"}[len(r.query) > 0] + p.Name + "=" + value
				}
				u, err := url.Parse(f.url + target)
				if err != nil { // what no client of Go's sends as it is
					u, _ = url.Parse(f.url)
					u.Opaque = "//" + u.Host + target
				}
				req, err := http.NewRequestWithContext(t.Context(), op.method, f.url, strings.NewReader(r.body))
				require.NoError(t, err)
				req.URL = u
				req.Header.Set("Authorization", "Bearer "+f.superToken)
				req.Header.Set("Content-Type", r.contentType())
				res, err := f.http.Do(req)
				require.NoError(t, err, "%s %.100s", op.method, target)
				out, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				assert.Less(t, res.StatusCode, 500, "%s %.100s: %s", op.method, target, out)
				n++
			}
		}
	}
	assert.Greater(t, n, 20*len(operations()))
	assert.Equal(t, before, f.count("SELECT count(*) FROM user_account"))
}

// relay passes connections on to a database, until it is cut and again after it is mended.
type relay struct {
	upstream string
	mu       sync.Mutex
	down     bool
	conns    []net.Conn
}

// relayed puts a relay before the database at dsn, and returns the URL through it.
func relayed(t *testing.T, dsn string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{upstream: u.Host}
	go r.serve(l)
	t.Cleanup(func() {
		_ = l.Close()
		r.cut()
	})
	u.Host = l.Addr().String()
	return r, u.String()
}

func (r *relay) serve(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.upstream)
		if err != nil || !r.keep(client, server) {
			_ = client.Close()
			if server != nil {
				_ = server.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			}()
		}
	}
}

// keep remembers connections for the next cut; it reports false while the relay is down.
func (r *relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.down {
		r.conns = append(r.conns, conns...)
	}
	return !r.down
}

// cut resets the connections that are open, and closes new ones. The address stays taken.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = true
	for _, c := range r.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	r.conns = nil
}

func (r *relay) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = false
}

// over serves the fixture's API over another pool.
func (f *fixture) over(pool *pgxpool.Pool) *fixture {
	f.t.Helper()
	cfg := f.app.Config
	cfg.Pool = pool
	a, err := app.New(cfg)
	require.NoError(f.t, err)
	handler, err := api.New(api.Config{App: a, Logger: cfg.Logger})
	require.NoError(f.t, err)
	s := httptest.NewServer(handler)
	f.t.Cleanup(s.Close)
	other := *f
	other.url, other.pool = s.URL, pool
	return &other
}

func openPool(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), dsn, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func (f *fixture) requireUnavailable(what string) {
	f.t.Helper()
	for _, path := range []string{"/users/me", "/users/me/sessions"} {
		res, body := f.call(f.userToken, http.MethodGet, api.Prefix+path, nil)
		requireProblem(f.t, res, body, http.StatusServiceUnavailable, what+": "+path)
		assert.Equal(f.t, "the database cannot be reached", decodeProblem(f.t, body).Detail.Value, what)
		assert.NotContains(f.t, string(body), "127.0.0.1", "nothing of the database is told")
		assert.Equal(f.t, "5", res.Header.Get("Retry-After"), what)
	}
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	r, dsn := relayed(t, f.pool.Config().ConnString())
	away := f.over(openPool(t, dsn))
	ok := func() {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			res, body := away.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
			assert.Equal(c, http.StatusOK, res.StatusCode, "%s", body)
		}, 10*time.Second, 10*time.Millisecond)
	}
	for range 2 {
		ok()
		r.cut()
		away.requireUnavailable("cut")
		r.mend()
	}
	ok()
}

// A connection that breaks while a query runs, in each of the ways that it can.
func TestDatabaseBreaksOff(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	r, dsn := relayed(t, f.pool.Config().ConnString())
	for name, breakOff := range map[string]func(away *fixture){
		"reset": func(*fixture) { r.cut() },
		"ended by an administrator": func(*fixture) {
			f.count("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'away'")
		},
	} {
		away := f.over(openPool(t, dsn+"&application_name=away"))
		lock, err := f.pool.Begin(t.Context())
		require.NoError(t, err)
		unlock := func() { _ = lock.Rollback(context.Background()) }
		t.Cleanup(unlock)
		_, err = lock.Exec(t.Context(), "LOCK TABLE user_account IN ACCESS EXCLUSIVE MODE")
		require.NoError(t, err)
		var g errgroup.Group
		for range 3 {
			g.Go(func() error {
				res, body := away.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
				if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "cannot be reached") {
					return fmt.Errorf("%s: %d %s", name, res.StatusCode, body)
				}
				return nil
			})
		}
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'away' AND wait_event_type = 'Lock'") == 3
		}, 10*time.Second, 10*time.Millisecond)
		breakOff(away)
		require.NoError(t, g.Wait())
		unlock()
		if name == "reset" {
			r.mend()
		}
		require.Eventually(t, func() bool {
			res, _ := away.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
			return res.StatusCode == http.StatusOK
		}, 10*time.Second, 10*time.Millisecond, name)
	}
}

func TestDatabaseFull(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	role := strings.ToLower(unique("full_"))
	for _, sql := range []string{
		"CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 1 PASSWORD '" + role + "'", "GRANT pg_read_all_data TO " + role,
	} {
		_, err := f.pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		_, err := f.pool.Exec(context.Background(), "DROP ROLE "+role)
		assert.NoError(t, err)
	})
	dsn, err := url.Parse(f.pool.Config().ConnString())
	require.NoError(t, err)
	dsn.User = url.UserPassword(role, role)
	full := f.over(openPool(t, dsn.String()))
	only, err := full.pool.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(only.Release) // harmless when done before
	full.requireUnavailable("too many connections")
	only.Release()
	res, body := full.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
}
