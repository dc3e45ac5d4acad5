package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ticker is a value for the parts of addresses.
var ticker = strings.NewReplacer("{ticker}", "BRK.B", "{", "", "}", "")

// Each address of the page is the page, with and without a slash at its end, for programs and with HEAD, too.
func TestPageAddresses(t *testing.T) {
	t.Parallel()
	mux := newMux(t, sampleConfig())
	routes, err := readRoutes(sub(t))
	require.NoError(t, err)
	assert.Subset(t, routes, []string{"/", "/reset-password", "/activate", "/confirm-email"}, "what emails link to")
	index := get(mux, http.MethodGet, "/").Body.String()
	for _, route := range routes {
		for _, address := range []string{route, strings.TrimSuffix(route, "/") + "/"} {
			address = ticker.Replace(address)
			for _, accept := range []string{"text/html,*/*;q=0.8", "application/json", ""} {
				w := get(mux, http.MethodGet, address, "Accept", accept)
				assert.Equal(t, http.StatusOK, w.Code, address)
				assert.Equal(t, index, w.Body.String(), address)
				assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"), address)
				assert.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), address)
				assert.Equal(t, pageCSP, w.Header().Get("Content-Security-Policy"), address)
				assert.NotEmpty(t, w.Header().Get("Etag"), address)
			}
			assert.Equal(t, http.StatusOK, get(mux, http.MethodHead, address).Code, address)
			assert.Equal(t, http.StatusMethodNotAllowed, get(mux, http.MethodPost, address).Code, address)
		}
	}
	assert.Equal(t, http.StatusNotFound, get(mux, http.MethodGet, "/routes.json").Code)
	assert.Equal(t, http.StatusNotFound, get(mux, http.MethodGet, "/index.html").Code)
}

func sub(t *testing.T) fs.FS {
	t.Helper()
	dist, err := fs.Sub(built, "dist")
	require.NoError(t, err)
	return dist
}

// What the page loads is there, and each of its assets is kept for ever.
func TestPageAssets(t *testing.T) {
	t.Parallel()
	dist := sub(t)
	development := sampleConfig()
	development.Environment = Development
	for _, cfg := range []Config{sampleConfig(), development} {
		mux := newMux(t, cfg)
		scripts, maps := 0, 0
		require.NoError(t, fs.WalkDir(dist, "assets", func(name string, d fs.DirEntry, err error) error {
			require.NoError(t, err)
			if d.IsDir() {
				return nil
			}
			assert.Regexp(t, `^assets/[^/]+-[\w-]{8}\.[a-z0-9.]+$`, name)
			w := get(mux, http.MethodGet, "/"+name)
			sourceMap := path.Ext(name) == ".map"
			if sourceMap && cfg.Environment == Production {
				assert.Equal(t, http.StatusNotFound, w.Code, name)
				return nil
			}
			require.Equal(t, http.StatusOK, w.Code, name)
			assert.Equal(t, immutable, w.Header().Get("Cache-Control"), name)
			assert.Equal(t, pageTypes[path.Ext(name)], w.Header().Get("Content-Type"), name)
			zipped := get(mux, http.MethodGet, "/"+name, "Accept-Encoding", "gzip")
			assert.Equal(t, w.Body.String(), unzip(t, zipped), name)
			if path.Ext(name) == ".js" {
				scripts++
				assert.NotContains(t, w.Body.String(), "sourceMappingURL", name)
				_, err := fs.Stat(dist, name+".map") // what has no source of its own has none
				assert.Equal(t, cfg.Environment == Development && err == nil, w.Header().Get("SourceMap") != "", name)
				if err == nil {
					maps++
				}
			}
			return nil
		}))
		require.Positive(t, scripts)
		require.Positive(t, maps)
		body := get(mux, http.MethodGet, "/").Body.String()
		links := assetURL.FindAllStringSubmatch(body, -1)
		require.NotEmpty(t, links)
		for _, m := range links {
			assert.Equal(t, http.StatusOK, get(mux, http.MethodGet, m[1]).Code, m[1])
		}
		for _, gone := range []string{"/assets/", "/assets/index-00000000.js", "/assets/" + strings.Repeat("0", 16) + "/docs.js"} {
			assert.Equal(t, http.StatusNotFound, get(mux, http.MethodGet, gone).Code, gone)
		}
	}
}

// Without scripts, the page leads to what needs none or says what it is.
func TestPageWithoutScripts(t *testing.T) {
	t.Parallel()
	_, noscript, found := strings.Cut(get(newMux(t, sampleConfig()), http.MethodGet, "/").Body.String(), "<noscript>")
	require.True(t, found)
	for _, address := range []string{"/docs", "/redoc", "/api/v1/openapi.yaml"} {
		assert.Contains(t, noscript, `href="`+address+`"`)
	}
}

// A browser is shown the page at an address where nothing is, and each time the one that is there now.
func TestPageMissing(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	missing, err := Register(mux, sampleConfig())
	require.NoError(t, err)
	index := get(mux, http.MethodGet, "/")
	for _, tt := range []struct{ method, encoding, body string }{
		{http.MethodGet, "", index.Body.String()}, {http.MethodGet, "gzip", index.Body.String()}, {http.MethodHead, "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, "/nothing", nil)
		for name, value := range map[string]string{
			"Accept-Encoding": tt.encoding, "If-None-Match": index.Header().Get("Etag"), "Range": "bytes=0-3",
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		missing.ServeHTTP(w, r)
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		assert.Equal(t, pageCSP, w.Header().Get("Content-Security-Policy"))
		assert.Empty(t, w.Header().Get("Etag"))
		assert.Equal(t, tt.encoding, w.Header().Get("Content-Encoding"))
		body := w.Body.String()
		if tt.encoding == "gzip" {
			body = unzip(t, w)
		}
		assert.Equal(t, tt.body, body)
	}
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	for environment, robots := range map[Environment]string{
		Production: "User-agent: *\nDisallow: /api/\nDisallow: /jobs\n",
		Staging:    "User-agent: *\nDisallow: /\n", Development: "User-agent: *\nDisallow: /\n",
	} {
		cfg := sampleConfig()
		cfg.Environment = environment
		mux := http.NewServeMux()
		missing, err := Register(mux, cfg)
		require.NoError(t, err)
		assert.Equal(t, robots, get(mux, http.MethodGet, "/robots.txt").Body.String())
		body := get(mux, http.MethodGet, "/").Body.String()
		for _, text := range []string{
			`<meta name="environment" content="` + string(environment) + `"`, `<meta name="project" content="Edge&lt;Value&gt;"`,
			`<meta name="version" content="1.2.3"`, "<title>Edge&lt;Value&gt;</title>",
		} {
			assert.Equal(t, 1, strings.Count(body, text), text)
		}
		want := map[bool]string{true: "", false: "noindex, nofollow"}[environment == Production]
		nothing := httptest.NewRecorder()
		missing.ServeHTTP(nothing, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nothing", nil))
		for _, w := range []*httptest.ResponseRecorder{get(mux, http.MethodGet, "/"), get(mux, http.MethodGet, "/docs"), nothing} {
			assert.Equal(t, want, w.Header().Get("X-Robots-Tag"), environment)
		}
	}
	for _, unknown := range []Environment{"", "prod", "Production"} {
		cfg := sampleConfig()
		cfg.Environment = unknown
		_, err := Register(http.NewServeMux(), cfg)
		require.EqualError(t, err, "built with FRONTEND_ENV="+string(unknown)+": it is production, staging or development")
	}
}

// A page that was built wrongly is refused, and not served in parts.
func TestPageRefused(t *testing.T) {
	t.Parallel()
	const index = `<meta name="environment" content=""><meta name="project" content=""><meta name="version" content=""><title></title>`
	for name, tt := range map[string]struct{ file, content, err string }{
		"nothing wrong":       {"x.svg", "<svg/>", ""},
		"no addresses":        {"routes.json", "", "routes.json: "},
		"an address of docs":  {"routes.json", `{"routes": ["/docs"]}`, `routes.json: /docs is served by "GET /docs" already`},
		"one below the jobs":  {"routes.json", `{"routes": ["/jobs/{id}"]}`, `routes.json: /jobs/id is served by "/jobs/" already`},
		"one of a program":    {"routes.json", `{"routes": ["/api/{x}"]}`, `routes.json: "/api/{x}" cannot be an address of the page`},
		"an asset's":          {"routes.json", `{"routes": ["/assets/x"]}`, `routes.json: "/assets/x" cannot be an address of the page`},
		"all":                 {"routes.json", `{"routes": ["/{all...}"]}`, `routes.json: "/{all...}" cannot be an address of the page`},
		"any at the top":      {"routes.json", `{"routes": ["/{x}"]}`, `routes.json: "/{x}" cannot be an address of the page`},
		"one twice":           {"routes.json", `{"routes": ["/x", "/x"]}`, `routes.json: "/x" cannot be an address of the page`},
		"one without a slash": {"routes.json", `{"routes": ["x"]}`, `routes.json: "x" cannot be an address of the page`},
		"no version":          {"index.html", `<meta name="environment" content=""><meta name="project" content=""><title></title>`, `index.html: there is no <meta name="version" content="..."`},
		"another file's name": {"robots.txt", "", `files of the page: /robots.txt is served by "GET /robots.txt" already`},
		"of an unknown type":  {"assets/x-00000000.exe", "", "files of the page: assets/x-00000000.exe: no content type for *.exe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dist := fstest.MapFS{
				"index.html": {Data: []byte(index)}, "routes.json": {Data: []byte(`{"routes": ["/", "/x/{y}", "/x/z"]}`)},
			}
			dist[tt.file] = &fstest.MapFile{Data: []byte(tt.content)}
			mux := http.NewServeMux()
			for _, pattern := range []string{"GET /docs", "/jobs/", "GET /robots.txt"} {
				mux.Handle(pattern, http.NotFoundHandler())
			}
			_, err := registerPage(mux, func(path string, f *file) { mux.Handle("GET "+path, f) }, dist, sampleConfig())
			if tt.err == "" {
				require.NoError(t, err)
				assert.Equal(t, "no-cache", get(mux, http.MethodGet, "/"+tt.file).Header().Get("Cache-Control"))
				return
			}
			require.ErrorContains(t, err, tt.err)
		})
	}
}
