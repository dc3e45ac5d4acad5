// Package web serves the page for people, Swagger UI, ReDoc, a page for each type of problems, the API's index and its
// specification. All of it is embedded: no page fetches anything from another host, and each has a strict
// Content-Security-Policy.
package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/go-faster/yaml"
	"github.com/klauspost/compress/gzhttp"
	swagger "github.com/swaggest/swgui/v5/static"
)

// Config is what the pages say and serve.
type Config struct {
	ProjectName string
	Version     string
	Environment Environment
	Spec        []byte // the OpenAPI document, in YAML
}

// The policies allow what a page uses, and nothing else; no script or style is inline.
const (
	strictCSP = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
	plainCSP  = strictCSP + "img-src 'self'; style-src 'self'"
	// Swagger UI's style sheet has images in data: URLs.
	docsCSP = strictCSP + "connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'"
	// ReDoc searches in a worker made from a Blob, and adds two style elements: an empty one, which it fills through the
	// CSSOM, and the style sheet of its scroll bars.
	redocCSP = strictCSP + "connect-src 'self'; img-src 'self' data:; script-src 'self'; worker-src blob:; " +
		"style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' " +
		"'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
)

const (
	revalidate = "no-cache"
	immutable  = "public, max-age=31536000, immutable"
)

//go:embed assets
var embedded embed.FS

// assets are served at /assets/, each under a hash of its content.
var assets = []struct {
	name, contentType string
	fs                fs.FS
	path              string // gzip-compressed if it ends in .gz
}{
	{"favicon.svg", "image/svg+xml", embedded, "assets/favicon.svg"},
	{"plain.css", "text/css; charset=utf-8", embedded, "assets/plain.css"},
	{"docs.css", "text/css; charset=utf-8", embedded, "assets/docs.css"},
	{"docs.js", "text/javascript; charset=utf-8", embedded, "assets/docs.js"},
	{"redoc.js", "text/javascript; charset=utf-8", embedded, "assets/redoc.js"},
	{"redoc.standalone.js", "text/javascript; charset=utf-8", embedded, "assets/redoc.standalone.js.gz"},
	{"redoc.LICENSE.txt", "text/plain; charset=utf-8", embedded, "assets/redoc.LICENSE.txt"},
	{"swagger-ui.css", "text/css; charset=utf-8", swagger.FS, "swagger-ui.css.gz"},
	{"swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger.FS, "swagger-ui-bundle.js.gz"},
}

// Asset returns one of the assets, uncompressed.
func Asset(name string) (content []byte, contentType string, err error) {
	for _, a := range assets {
		if a.name == name {
			f, err := readFile(a.fs, a.path)
			if err != nil {
				return nil, "", errors.Wrapf(err, "asset %s", name)
			}
			return f.content(), a.contentType, nil
		}
	}
	return nil, "", errors.Errorf("no asset %q", name)
}

const (
	robots   = "User-agent: *\nDisallow: /api/\nDisallow: /jobs\n"
	noRobots = "User-agent: *\nDisallow: /\n" // where it is not production
)

const index = `{"versions":[{"version":"v1","url":"/api/v1","openapi":"/api/v1/openapi.yaml"}],` +
	`"docs":"/docs","redoc":"/redoc"}` + "\n"

// Register adds the pages' routes to mux, all for GET and HEAD only, after everything else that is served there. It
// returns what a browser is shown at an address where nothing is, with status 404.
func Register(mux *http.ServeMux, cfg Config) (missing http.Handler, err error) {
	if err := cfg.Environment.Check(); err != nil {
		return nil, err
	}
	if len(cfg.Spec) == 0 {
		return nil, errors.New("the specification is empty")
	}
	negotiate, err := gzhttp.NewWrapper(gzhttp.EnableZstd(false))
	if err != nil {
		return nil, errors.Wrap(err, "set up compression")
	}
	serve := func(f *file) http.Handler {
		f.noIndex = cfg.Environment != Production
		return negotiate(f)
	}
	handle := func(path string, f *file) { mux.Handle("GET "+path, serve(f)) }

	paths := map[string]string{}
	for _, a := range assets {
		f, err := readFile(a.fs, a.path)
		if err != nil {
			return nil, errors.Wrapf(err, "asset %s", a.name)
		}
		f.contentType, f.cacheControl = a.contentType, immutable
		paths[a.name] = "/assets/" + f.hash() + "/" + a.name
		handle(paths[a.name], f)
		if a.name == "favicon.svg" {
			icon := *f
			icon.cacheControl = "public, max-age=86400"
			handle("/favicon.ico", &icon) // browsers request it for pages that name no icon
		}
	}

	pages, err := template.New("").
		Funcs(template.FuncMap{
			"asset": func(name string) (string, error) {
				if p, ok := paths[name]; ok {
					return p, nil
				}
				return "", errors.Errorf("no asset %q", name)
			},
			"odd": func(n int) bool { return n%2 == 1 },
		}).
		ParseFS(embedded, "assets/*.html")
	if err != nil {
		return nil, errors.Wrap(err, "parse pages")
	}
	for _, p := range []struct{ path, name, csp string }{
		{"/docs", "docs.html", docsCSP},
		{"/redoc", "redoc.html", redocCSP},
	} {
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, p.name, cfg); err != nil {
			return nil, errors.Wrapf(err, "page %s", p.name)
		}
		f := newFile(b.Bytes())
		f.contentType, f.cacheControl, f.csp = "text/html; charset=utf-8", revalidate, p.csp
		handle(p.path, f)
		handle(p.path+"/{$}", f)
	}
	if err := registerProblems(handle, pages, cfg); err != nil {
		return nil, err
	}
	disallow := robots
	if cfg.Environment != Production {
		disallow = noRobots
	}
	for _, d := range []struct {
		path, contentType string
		file              *file
	}{
		{"/api", "application/json", newFile([]byte(index))},
		{"/api/{$}", "application/json", newFile([]byte(index))},
		{"/api/v1", "application/json", newFile([]byte(index))},
		{"/api/v1/{$}", "application/json", newFile([]byte(index))},
		{"/api/v1/openapi.yaml", "application/yaml", newFile(cfg.Spec)},
		{"/api/v1/openapi.json", "application/json", makeFile(func() []byte { return toJSON(cfg.Spec) })},
		{"/robots.txt", "text/plain; charset=utf-8", newFile([]byte(disallow))},
	} {
		d.file.contentType, d.file.cacheControl = d.contentType, revalidate
		handle(d.path, d.file)
	}
	page, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, errors.Wrap(err, "open the page")
	}
	notFound, err := registerPage(mux, handle, page, cfg)
	if err != nil {
		return nil, err
	}
	return serve(notFound), nil
}

// toJSON keeps the order of keys; dates and versions stay the strings that they are in the YAML. It panics when that is
// none, which Register has refused.
func toJSON(spec []byte) []byte {
	var doc yaml.Node
	var e jx.Encoder
	if err := yaml.Unmarshal(spec, &doc); err != nil {
		panic(errors.Wrap(err, "parse YAML"))
	}
	if err := doc.EncodeJSON(&e); err != nil {
		panic(errors.Wrap(err, "encode JSON"))
	}
	return e.Bytes()
}
