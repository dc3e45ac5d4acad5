package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const sample = `openapi: 3.1.0
info: {title: Sample, version: "1.0"}
paths: {}
x-order: {zebra: 1, apple: 2}
x-values: [2023-09-30, 2023-09-30T12:00:00Z, 1.0.0, "007", 383285000000, 0.25, true, null, "true", '<&>', "null"]
`

func newMux(t *testing.T, cfg Config) *http.ServeMux {
	t.Helper()
	mux := http.NewServeMux()
	_, err := Register(mux, cfg)
	require.NoError(t, err)
	return mux
}

func sampleConfig() Config {
	return Config{ProjectName: "Edge<Value>", Version: "1.2.3", Environment: Production, Spec: []byte(sample)}
}

func get(mux *http.ServeMux, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func unzip(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	z, err := gzip.NewReader(w.Body)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(b)
}

var assetURL = regexp.MustCompile(`(?:src|href)="(/assets/[^"]*)"`)

// Every route, and every asset that a page names.
func TestRoutes(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	routes := map[string]struct{ contentType, cache, contains string }{
		"/":                    {"text/html; charset=utf-8", revalidate, "<title>Edge&lt;Value&gt;</title>"},
		"/docs":                {"text/html; charset=utf-8", revalidate, `<div id="docs">`},
		"/docs/":               {"text/html; charset=utf-8", revalidate, `<div id="docs">`},
		"/redoc":               {"text/html; charset=utf-8", revalidate, `<div id="docs">`},
		"/redoc/":              {"text/html; charset=utf-8", revalidate, `<div id="docs">`},
		"/api":                 {"application/json", revalidate, `"openapi":"/api/v1/openapi.yaml"`},
		"/api/":                {"application/json", revalidate, `"docs":"/docs","redoc":"/redoc"`},
		"/favicon.ico":         {"image/svg+xml", "public, max-age=86400", "<svg"},
		"/robots.txt":          {"text/plain; charset=utf-8", revalidate, "Disallow: /api/"},
		"/api/v1/openapi.yaml": {"application/yaml", revalidate, sample},
		"/api/v1/openapi.json": {"application/json", revalidate, `{"openapi":"3.1.0"`},
	}
	for path := range routes {
		for _, m := range assetURL.FindAllStringSubmatch(get(mux, "GET", path).Body.String(), -1) {
			want := routes[m[1]]
			want.cache = immutable
			switch m[1][strings.LastIndex(m[1], "."):] {
			case ".css":
				want.contentType, want.contains = "text/css; charset=utf-8", "{"
			case ".js":
				want.contentType, want.contains = "text/javascript; charset=utf-8", "("
			case ".svg":
				want.contentType, want.contains = "image/svg+xml", "<svg"
			}
			routes[m[1]] = want
		}
	}
	for _, name := range []string{"favicon.svg", "docs.css", "docs.js", "redoc.js", "redoc.standalone.js", "swagger-ui.css", "swagger-ui-bundle.js"} {
		require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(routes)), func(path string) bool { return strings.HasSuffix(path, "/"+name) }), name)
	}

	for path, want := range routes {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			plain := get(mux, "GET", path)
			require.Equal(t, http.StatusOK, plain.Code)
			assert.Equal(t, want.contentType, plain.Header().Get("Content-Type"))
			assert.Equal(t, want.cache, plain.Header().Get("Cache-Control"))
			assert.Contains(t, plain.Body.String(), want.contains)
			assert.Empty(t, plain.Header().Get("Content-Encoding"))

			head := get(mux, "HEAD", path)
			assert.Equal(t, http.StatusOK, head.Code)
			assert.Equal(t, want.contentType, head.Header().Get("Content-Type"))

			zipped := get(mux, "GET", path, "Accept-Encoding", "br, gzip")
			require.Equal(t, http.StatusOK, zipped.Code)
			assert.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
			assert.Less(t, zipped.Body.Len(), plain.Body.Len()+30)
			assert.Equal(t, plain.Body.String(), unzip(t, zipped))

			assert.NotEmpty(t, plain.Header().Get("Etag"))
			assert.NotEqual(t, plain.Header().Get("Etag"), zipped.Header().Get("Etag"))
			for _, w := range []*httptest.ResponseRecorder{plain, zipped} {
				assert.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
				accept := w.Header().Get("Content-Encoding")
				again := get(mux, "GET", path, "Accept-Encoding", accept, "If-None-Match", w.Header().Get("Etag"))
				assert.Equal(t, http.StatusNotModified, again.Code)
				assert.Empty(t, again.Body.String())
				changed := get(mux, "GET", path, "Accept-Encoding", accept, "If-None-Match", `"other"`)
				assert.Equal(t, http.StatusOK, changed.Code)
			}
		})
	}
}

// Over a real connection: lengths, ranges, and that HEAD has no body.
func TestServer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(newMux(t, sampleConfig()))
	t.Cleanup(srv.Close)
	for _, tt := range []struct {
		method, encoding, bytes string
		status                  int
		body                    string
	}{
		{"GET", "identity", "", 200, sample},
		{"GET", "identity", "bytes=0-6", 206, "openapi"},
		{"HEAD", "identity", "", 200, ""},
		{"GET", "identity", "bytes=9-13", 206, sample[9:14]},
		{"GET", "gzip", "", 200, sample},
		{"GET", "gzip", "bytes=0-6", 200, sample},
		{"HEAD", "gzip", "", 200, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL+"/api/v1/openapi.yaml", nil)
		require.NoError(t, err)
		r.Header.Set("Accept-Encoding", tt.encoding)
		if tt.bytes != "" {
			r.Header.Set("Range", tt.bytes)
		}
		res, err := srv.Client().Do(r)
		require.NoError(t, err)
		body := io.Reader(res.Body)
		if tt.encoding == "gzip" && tt.method == "GET" {
			body, err = gzip.NewReader(res.Body)
			require.NoError(t, err)
		}
		b, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, tt.status, res.StatusCode, "%+v", tt)
		assert.Equal(t, tt.body, string(b), "%+v", tt)
		assert.Positive(t, res.ContentLength, "%+v", tt)
	}
}

// nowhere is where a response goes that nobody looks at.
type nowhere struct {
	http.ResponseWriter
	header http.Header
	bytes  int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(int)             {}
func (n *nowhere) Write(b []byte) (int, error) { n.bytes += len(b); return len(b), nil }

// However many clients take their time over a file, it is in memory once in each form, without a buffer for each client.
func TestFilesAreNotCopied(t *testing.T) { //nolint:paralleltest // measures all that is allocated
	mux := newMux(t, sampleConfig())
	path := regexp.MustCompile(`/assets/[^"]*swagger-ui-bundle.js`).FindString(get(mux, "GET", "/docs").Body.String())
	for _, encoding := range []string{"identity", "gzip"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", encoding)
		mux.ServeHTTP(&nowhere{header: http.Header{}}, r) // which makes the form
		var before, after runtime.MemStats
		const times = 200
		sent := 0
		runtime.ReadMemStats(&before)
		for range times {
			w := nowhere{header: http.Header{}}
			mux.ServeHTTP(&w, r)
			sent += w.bytes
		}
		runtime.ReadMemStats(&after)
		each := (after.TotalAlloc - before.TotalAlloc) / times
		require.Greater(t, sent/times, 300_000)
		assert.Less(t, each, uint64(8<<10), "bytes for each response, %s", encoding)
	}
}

func TestContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	for _, path := range []string{"/", "/docs", "/redoc"} {
		w := get(mux, "GET", path)
		policy := map[string]string{}
		for d := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), "; ") {
			name, value, _ := strings.Cut(d, " ")
			require.NotContains(t, policy, name)
			policy[name] = value
		}
		for name, want := range map[string]string{
			"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'self'",
		} {
			assert.Equal(t, want, policy[name], "%s %s", path, name)
		}
		assert.Equal(t, "'self'", policy["script-src"])
		assert.Equal(t, "'self'", policy["connect-src"])
		assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")

		body := w.Body.String()
		assert.NotRegexp(t, `<style|style="| on[a-z]+="|<script>`, body, "nothing inline")
		assert.NotRegexp(t, `(src|action)="https?:|<link[^>]*href="https?:`, body, "nothing from other hosts")
	}
}

// Each type that the specification lists has a page, and the list has them all.
func TestProblems(t *testing.T) {
	t.Parallel()
	spec := sample + "x-problem-types:\n" +
		"  not-found: {status: 404, title: Not found, description: 'Nothing at `<here>`.'}\n" +
		"  a-taken: {status: 409, title: A <taken>, description: Taken.}\n"
	mux := newMux(t, Config{ProjectName: "Edge<Value>", Environment: Production, Spec: []byte(spec)})
	for path, contains := range map[string][]string{
		"/problems":            {`<a href="/problems/not-found">Not found</a>`, `<a href="/problems/a-taken">A &lt;taken&gt;</a>`, "409, <code>/problems/a-taken</code>"},
		"/problems/not-found":  {"<title>Not found – Edge&lt;Value&gt;</title>", "Nothing at <code>&lt;here&gt;</code>.", "404 Not Found"},
		"/problems/not-found/": {"<h1>Not found</h1>"},
		"/problems/a-taken":    {"<h1>A &lt;taken&gt;</h1>", "409 Conflict"},
	} {
		w := get(mux, "GET", path)
		require.Equal(t, http.StatusOK, w.Code, path)
		assert.Equal(t, plainCSP, w.Header().Get("Content-Security-Policy"), path)
		for _, text := range contains {
			assert.Contains(t, w.Body.String(), text, path)
		}
	}
	assert.Equal(t, http.StatusNotFound, get(mux, "GET", "/problems/nothing").Code)
}

func TestAssetsCallNoOtherHost(t *testing.T) {
	t.Parallel()
	for _, a := range assets {
		f, err := readFile(a.fs, a.path)
		require.NoError(t, err)
		assert.NotContains(t, string(f.content()), "cdn.redoc.ly", a.name)
	}
}

func TestSpecJSON(t *testing.T) {
	t.Parallel()
	got := get(newMux(t, sampleConfig()), "GET", "/api/v1/openapi.json").Body.String()
	assert.Equal(t, `{"openapi":"3.1.0","info":{"title":"Sample","version":"1.0"},"paths":{},`+
		`"x-order":{"zebra":1,"apple":2},"x-values":["2023-09-30","2023-09-30T12:00:00Z","1.0.0","007",`+
		`383285000000,0.25,true,null,"true","<&>","null"]}`, got)
}

// The project's own specification, read by another YAML library, equals the JSON that is served.
func TestSpecEquality(t *testing.T) {
	t.Parallel()
	spec, err := os.ReadFile("../../openapi.yaml")
	require.NoError(t, err)
	mux := newMux(t, Config{ProjectName: "EdgeValue", Environment: Production, Spec: spec})
	assert.Equal(t, http.StatusOK, get(mux, "GET", "/problems/email-taken").Code)
	assert.Equal(t, string(spec), get(mux, "GET", "/api/v1/openapi.yaml").Body.String())

	var fromYAML, fromJSON any
	require.NoError(t, yaml.Unmarshal(spec, &fromYAML))
	require.NoError(t, json.Unmarshal(get(mux, "GET", "/api/v1/openapi.json").Body.Bytes(), &fromJSON))
	assert.Equal(t, normalize(fromYAML), fromJSON)
}

// normalize converts values that only YAML has to those of JSON.
func normalize(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = normalize(v[k])
		}
	case []any:
		for i := range v {
			v[i] = normalize(v[i])
		}
	case int:
		return float64(v)
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339Nano)
	}
	return v
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"empty": "", "not YAML": "a: [", "tab": "a:\n\t- b", "complex key": "{[a]: b}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Register(http.NewServeMux(), Config{Environment: Production, Spec: []byte(spec)})
			require.Error(t, err)
		})
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	for header, want := range map[string]string{
		"": "", "identity": "", "br": "", "gzip": "gzip", "GZIP": "gzip", "deflate, gzip;q=0.5, br": "gzip",
		"gzip;q=0": "", "gzip; q=0.0": "", "*;q=0": "", "*;q=0, gzip": "gzip", "x-gzip-not": "",
	} {
		w := get(mux, "GET", "/docs", "Accept-Encoding", header)
		assert.Equal(t, want, w.Header().Get("Content-Encoding"), "%q", header)
	}
}

// What the index names is there.
func TestIndex(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	var got struct {
		Versions    []struct{ Version, URL, OpenAPI string }
		Docs, Redoc string
	}
	require.NoError(t, json.Unmarshal(get(mux, "GET", "/api/").Body.Bytes(), &got))
	require.Len(t, got.Versions, 1)
	assert.Equal(t, "v1", got.Versions[0].Version)
	assert.Equal(t, "/api/v1", got.Versions[0].URL)
	for _, path := range []string{got.Docs, got.Redoc, got.Versions[0].URL, got.Versions[0].URL + "/", got.Versions[0].OpenAPI} {
		assert.Equal(t, http.StatusOK, get(mux, "GET", path).Code, path)
	}
	assert.Equal(t, http.StatusNotFound, get(mux, "GET", "/api/v2").Code)
}
