package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
)

// dial connects to the server without a client that knows HTTP.
func (f *fixture) dial() *net.TCPConn {
	f.t.Helper()
	u, err := url.Parse(f.url)
	require.NoError(f.t, err)
	c, err := net.Dial("tcp", u.Host)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = c.Close() })
	require.NoError(f.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c.(*net.TCPConn)
}

func readResponse(t *testing.T, c net.Conn, method string) (*http.Response, []byte) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, body
}

// What net/http refuses before any handler sees it is a problem, too.
func TestMalformedRequestsAreProblems(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	long := strings.Repeat("x", 2<<20)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no HTTP":             {"nonsense\r\n\r\n", 400},
		"no host":             {"GET / HTTP/1.1\r\n\r\n", 400},
		"two hosts":           {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"broken host":         {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		"broken header":       {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400},
		"broken name":         {"GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n", 400},
		"broken path":         {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		"broken length":       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
		"two lengths":         {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		"large header":        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + long + "\r\n\r\n", 431},
		"long path":           {"GET /" + long + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
		"another coding":      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n", 501},
		"another version":     {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
		"another expectation": {"POST / HTTP/1.1\r\nHost: a\r\nExpect: rain\r\nContent-Length: 1\r\n\r\n", 417},
	} {
		t.Run(name, func(t *testing.T) {
			conn := f.in(t).dial()
			_, err := io.WriteString(conn, c.request)
			require.NoError(t, err)
			res, body := readResponse(t, conn, http.MethodGet)
			requireProblem(t, res, body, c.status, name)
			assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
			assert.True(t, res.Close)
			require.Eventually(t, func() bool { return strings.Contains(f.log.String(), res.Header.Get("X-Request-Id")) },
				5*time.Second, 10*time.Millisecond, "the log knows it")
		})
	}
	conn := f.dial()
	_, err := io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	for _, status := range []int{404, 400} {
		res, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		requireProblem(t, res, body, status, "on a connection that was used")
	}
}

// A client that reads nothing before it has sent all sees why its body is refused.
func TestRefusedBodyIsAnswered(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.requireRefusals(map[string]refusedBody{
		"too large":          {"/users", f.superToken, "Content-Type: application/json\r\nContent-Length: 20000000", 413},
		"too large, chunked": {"/users", f.superToken, "Content-Type: application/json\r\nTransfer-Encoding: chunked", 413},
	})
}

// A refusedBody is a body of 20 MB that is refused.
type refusedBody struct {
	path, token, header string
	status              int
}

func (f *fixture) requireRefusals(all map[string]refusedBody) {
	for name, c := range all {
		f.t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := f.in(t).dial()
			_, err := fmt.Fprintf(conn, "POST %s%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n", api.Prefix, c.path, c.token, c.header)
			require.NoError(t, err)
			part := bytes.Repeat([]byte("1"), 100_000)
			for range 200 {
				if strings.Contains(c.header, "chunked") {
					_, err = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(part), part)
				} else {
					_, err = conn.Write(part)
				}
				require.NoError(t, err)
				time.Sleep(4 * time.Millisecond)
			}
			res, body := readResponse(t, conn, http.MethodPost)
			requireProblem(t, res, body, c.status, name)
		})
	}
}

func TestRequestIDIsBelievedFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{false, true} {
		f := setup(t, options{api: func(c *api.Config) {
			if trusted {
				c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		}})
		res, _ := f.call("", http.MethodGet, api.Prefix+"/users/me", nil, "X-Request-Id", "of-the-client")
		assert.Equal(t, trusted, res.Header.Get("X-Request-Id") == "of-the-client")
		assert.NotEmpty(t, res.Header.Get("X-Request-Id"))
		assert.Equal(t, trusted, strings.Contains(f.log.String(), "of-the-client"))
	}
}

// HEAD is GET without a body, wherever that is answered and whatever it is answered.
func TestHead(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	about := f.about()
	n := 0
	for _, op := range operations() {
		if op.method != http.MethodGet {
			continue
		}
		r := op.example(t)
		about(r)
		for _, token := range []string{f.superToken, "nonsense"} {
			for _, coding := range []string{"identity", "gzip"} {
				want, _ := f.call(token, http.MethodGet, r.url(), nil, "Accept-Encoding", coding)
				got, body := f.call(token, http.MethodHead, r.url(), nil, "Accept-Encoding", coding)
				assert.Equal(t, want.StatusCode, got.StatusCode, op.OperationID)
				assert.Empty(t, body, op.OperationID)
				for _, h := range []http.Header{want.Header, got.Header} {
					h.Del("X-Request-Id")
					h.Del("Date")
					if h.Get("Content-Encoding") != "" { // maps are written in any order, which packs differently
						h.Del("Content-Length")
					}
				}
				if want.TransferEncoding == nil && want.Header.Get("Content-Encoding") == "" {
					assert.Equal(t, want.ContentLength, got.ContentLength, op.OperationID)
				}
				assert.Equal(t, want.Header, got.Header, op.OperationID)
				n++
			}
		}
	}
	assert.Greater(t, n, 25)
	for _, path := range []string{"/nothing", api.Prefix + "/nothing", "/jobs"} {
		want, problem := f.call("", http.MethodGet, path, nil)
		got, body := f.call("", http.MethodHead, path, nil)
		assert.Equal(t, want.StatusCode, got.StatusCode, path)
		assert.Equal(t, int64(len(problem)), got.ContentLength, path)
		assert.Empty(t, body, path)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	for path, allow := range map[string]string{
		"/users": "GET, HEAD, OPTIONS, POST", "/users/1": "DELETE, GET, HEAD, OPTIONS, PATCH", "/login/access-token": "OPTIONS, POST",
	} {
		for _, header := range [][]string{nil, {"Origin", "https://x.example", "Access-Control-Request-Method", "POST"}} {
			res, body := f.call("", http.MethodOptions, api.Prefix+path, nil, header...)
			assert.Equal(t, http.StatusNoContent, res.StatusCode, path)
			assert.Equal(t, allow, res.Header.Get("Allow"), path)
			assert.Empty(t, body)
			for name := range res.Header {
				assert.False(t, strings.HasPrefix(name, "Access-Control-"), "%s: %s", path, name)
			}
		}
	}
	res, body := f.call("", http.MethodOptions, api.Prefix+"/nothing", nil)
	requireProblem(t, res, body, http.StatusNotFound, "OPTIONS of nothing")
}

func zipped(t *testing.T, plain string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestCodedBodies(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	user := func(name string) string {
		return fmt.Sprintf(`{"email": "%s@example.com", "password": "%s", "full_name": "%s"}`, unique("user"), password, name)
	}
	form := url.Values{"username": {"super@example.com"}, "password": {password}}.Encode()
	const formBody = "application/x-www-form-urlencoded"
	f.sendCoded(map[string]codedBody{
		"JSON":                  {"/users", jsonBody, "gzip", zipped(t, user("a")), 201},
		"the coding's old name": {"/users", jsonBody, "x-gzip", zipped(t, user("a")), 201},
		"in capitals":           {"/users", jsonBody, "GZIP", zipped(t, user("a")), 201},
		"identity":              {"/users", jsonBody, "identity", user("a"), 201},
		"wrong fields":          {"/users", jsonBody, "gzip", zipped(t, `{"email": 1}`), 422},
		"form":                  {"/login/access-token", formBody, "gzip", zipped(t, form), 200},
		"wrong form":            {"/login/access-token", formBody, "gzip", zipped(t, "username=x"), 422},
		"not gzip":              {"/users", jsonBody, "gzip", user("a"), 400},
		"cut off":               {"/users", jsonBody, "gzip", zipped(t, user("a"))[:30], 400},
		"empty":                 {"/users", jsonBody, "gzip", "", 400},
		"large":                 {"/users", jsonBody, "gzip", zipped(t, user(strings.Repeat("a", 2<<20))), 413},
		"br":                    {"/users", jsonBody, "br", "x", 415},
		"twice":                 {"/users", jsonBody, "gzip, gzip", zipped(t, zipped(t, user("a"))), 415},
		"form in zstd":          {"/login/access-token", formBody, "zstd", "x", 415},
	})
}

type codedBody struct {
	path, kind, coding, body string
	status                   int
}

func (f *fixture) sendCoded(all map[string]codedBody) {
	f.t.Helper()
	for name, c := range all {
		res, body := f.call(f.superToken, http.MethodPost, api.Prefix+c.path, strings.NewReader(c.body), "Content-Type", c.kind,
			"Content-Encoding", c.coding, "Expect", "100-continue")
		if !assert.Equal(f.t, c.status, res.StatusCode, "%s: %s", name, body) {
			continue
		}
		if c.status >= 400 {
			requireProblem(f.t, res, body, c.status, name)
		}
		if c.status == http.StatusUnsupportedMediaType {
			assert.Equal(f.t, "gzip", res.Header.Get("Accept-Encoding"), name)
		}
	}
}
