// Package web serves the landing page, Swagger UI, ReDoc, the form of the password mail and the API's specification, all of it embedded: no page
// fetches anything from another host, and each has a strict Content-Security-Policy.
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
	swagger "github.com/swaggest/swgui/v5/static"
)

// Config is what the pages say and serve.
type Config struct {
	ProjectName string
	Version     string
	Spec        []byte // the OpenAPI document, in YAML
	Links       []Link // further entries of the landing page
}

// Link is an entry of the landing page.
type Link struct{ Title, URL, Text string }

// The policies allow what a page uses and nothing else; no script or style is inline.
const (
	strictCSP = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
	homeCSP   = strictCSP + "img-src 'self'; style-src 'self'"
	resetCSP  = homeCSP + "; connect-src 'self'; script-src 'self'"
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

// assets are served under /assets/, below a hash of their content.
var assets = []struct {
	name, contentType string
	fs                fs.FS
	path              string // gzip-compressed when it ends in .gz
}{
	{"favicon.svg", "image/svg+xml", embedded, "assets/favicon.svg"},
	{"home.css", "text/css; charset=utf-8", embedded, "assets/home.css"},
	{"docs.css", "text/css; charset=utf-8", embedded, "assets/docs.css"},
	{"docs.js", "text/javascript; charset=utf-8", embedded, "assets/docs.js"},
	{"redoc.js", "text/javascript; charset=utf-8", embedded, "assets/redoc.js"},
	{"reset-password.js", "text/javascript; charset=utf-8", embedded, "assets/reset-password.js"},
	{"redoc.standalone.js", "text/javascript; charset=utf-8", embedded, "assets/redoc.standalone.js.gz"},
	{"redoc.LICENSE.txt", "text/plain; charset=utf-8", embedded, "assets/redoc.LICENSE.txt"},
	{"swagger-ui.css", "text/css; charset=utf-8", swagger.FS, "swagger-ui.css.gz"},
	{"swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger.FS, "swagger-ui-bundle.js.gz"},
}

const robots = `User-agent: *
Disallow: /api/
Disallow: /jobs
`

// Register adds the pages' routes to mux, all of them for GET and HEAD only. It returns an error when the specification
// is not YAML that JSON can express.
func Register(mux *http.ServeMux, cfg Config) error {
	paths := map[string]string{}
	for _, a := range assets {
		f, err := readFile(a.fs, a.path)
		if err != nil {
			return errors.Wrapf(err, "asset %s", a.name)
		}
		f.contentType, f.cacheControl = a.contentType, immutable
		paths[a.name] = "/assets/" + f.hash + "/" + a.name
		mux.Handle("GET "+paths[a.name], f)
		if a.name == "favicon.svg" {
			icon := *f
			icon.cacheControl = "public, max-age=86400"
			mux.Handle("GET /favicon.ico", &icon) // browsers ask for it below pages that name no icon
		}
	}

	pages, err := template.New("").
		Funcs(template.FuncMap{"asset": func(name string) (string, error) {
			if p, ok := paths[name]; ok {
				return p, nil
			}
			return "", errors.Errorf("no asset %q", name)
		}}).
		ParseFS(embedded, "assets/*.html")
	if err != nil {
		return errors.Wrap(err, "parse pages")
	}
	for _, p := range []struct{ route, name, csp string }{
		{"GET /{$}", "home.html", homeCSP},
		{"GET /docs", "docs.html", docsCSP},
		{"GET /redoc", "redoc.html", redocCSP},
		{"GET /reset-password", "reset-password.html", resetCSP},
	} {
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, p.name, cfg); err != nil {
			return errors.Wrapf(err, "page %s", p.name)
		}
		f, err := newFile(b.Bytes())
		if err != nil {
			return err
		}
		f.contentType, f.cacheControl, f.csp = "text/html; charset=utf-8", revalidate, p.csp
		mux.Handle(p.route, f)
	}
	spec, err := toJSON(cfg.Spec)
	if err != nil {
		return errors.Wrap(err, "convert specification to JSON")
	}
	for _, d := range []struct {
		route, contentType string
		content            []byte
	}{
		{"GET /api/v1/openapi.yaml", "application/yaml", cfg.Spec},
		{"GET /api/v1/openapi.json", "application/json", spec},
		{"GET /robots.txt", "text/plain; charset=utf-8", []byte(robots)},
	} {
		f, err := newFile(d.content)
		if err != nil {
			return err
		}
		f.contentType, f.cacheControl = d.contentType, revalidate
		mux.Handle(d.route, f)
	}
	return nil
}

// toJSON keeps the order of keys, and dates and versions as the strings they are in the YAML.
func toJSON(spec []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(spec, &doc); err != nil {
		return nil, errors.Wrap(err, "parse YAML")
	}
	if doc.IsZero() {
		return nil, errors.New("empty document")
	}
	var e jx.Encoder
	if err := doc.EncodeJSON(&e); err != nil {
		return nil, errors.Wrap(err, "encode JSON")
	}
	return e.Bytes(), nil
}
