package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// An Environment is what the page is built for. It shows in its footer and, but for production, keeps search engines away
// and serves source maps.
type Environment string

// The environments.
const (
	Production  Environment = "production"
	Staging     Environment = "staging"
	Development Environment = "development"
)

// Check returns an error if there is no such environment.
func (e Environment) Check() error {
	switch e {
	case Production, Staging, Development:
		return nil
	}
	return errors.Errorf("built with FRONTEND_ENV=%s: it is production, staging or development", e)
}

// built is the page for people, which is made of web/: index.html for its addresses, which routes.json lists, and assets
// whose names have a hash of their content.
//
//go:embed all:dist
var built embed.FS

// pageCSP lets React set single properties of style, as all is allowed that scripts set through the CSSOM.
const pageCSP = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'; " +
	"font-src 'none'; img-src 'self' data:; manifest-src 'self'; script-src 'self'; style-src 'self'"

// pageTypes are the content types of the files of the page.
var pageTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
}

// registerPage adds the files of the page, and its addresses, of which none may be one that mux has already. It returns
// what a browser gets at an address where nothing is: the page, which says so.
func registerPage(mux *http.ServeMux, handle func(path string, f *file), dist fs.FS, cfg Config) (*file, error) {
	free := func(address string) error {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: address}}
		if _, taken := mux.Handler(r); taken != "" {
			return errors.Errorf("%s is served by %q already", address, taken)
		}
		return nil
	}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "index.html" || name == "routes.json" ||
			path.Ext(name) == ".map" && cfg.Environment == Production {
			return err
		}
		if err := free("/" + name); err != nil {
			return err
		}
		f, err := pageFile(dist, name)
		if err != nil {
			return errors.Wrap(err, name)
		}
		if _, err := fs.Stat(dist, name+".map"); err == nil && cfg.Environment != Production {
			f.sourceMap = path.Base(name) + ".map"
		}
		handle("/"+name, f)
		return nil
	})
	if err != nil {
		return nil, errors.Wrap(err, "files of the page")
	}

	content, err := fs.ReadFile(dist, "index.html")
	if err == nil {
		content, err = introduce(content, cfg)
	}
	if err != nil {
		return nil, errors.Wrap(err, "index.html")
	}
	index := newFile(content)
	index.contentType, index.cacheControl, index.csp = "text/html; charset=utf-8", revalidate, pageCSP
	routes, err := readRoutes(dist)
	if err != nil {
		return nil, errors.Wrap(err, "routes.json")
	}
	var patterns []string
	for _, route := range routes {
		if route == "/" {
			patterns = append(patterns, "/{$}")
		} else {
			patterns = append(patterns, route, route+"/{$}")
		}
	}
	for _, pattern := range patterns {
		if err := free(strings.NewReplacer("{$}", "", "{", "", "}", "").Replace(pattern)); err != nil {
			return nil, errors.Wrap(err, "routes.json")
		}
	}
	for _, pattern := range patterns {
		handle(pattern, index)
	}
	missing := *index
	missing.status = http.StatusNotFound
	return &missing, nil
}

func pageFile(dist fs.FS, name string) (*file, error) {
	contentType, ok := pageTypes[path.Ext(name)]
	if !ok {
		return nil, errors.Errorf("no content type for *%s", path.Ext(name))
	}
	f := makeFile(func() []byte {
		content, err := fs.ReadFile(dist, name)
		if err != nil {
			panic(errors.Wrap(err, name)) // it is embedded
		}
		return content
	})
	f.contentType, f.cacheControl = contentType, revalidate
	if strings.HasPrefix(name, "assets/") {
		f.cacheControl = immutable
	}
	return f, nil
}

// introduce tells the page, in its meta elements and its title, where it is.
func introduce(index []byte, cfg Config) ([]byte, error) {
	for _, part := range []struct{ begin, value, end string }{
		{`<meta name="environment" content="`, string(cfg.Environment), `"`},
		{`<meta name="project" content="`, cfg.ProjectName, `"`},
		{`<meta name="version" content="`, cfg.Version, `"`},
		{`<title>`, cfg.ProjectName, `</title>`},
	} {
		before, rest, found := bytes.Cut(index, []byte(part.begin))
		_, after, ended := bytes.Cut(rest, []byte(part.end))
		if !found || !ended {
			return nil, errors.Errorf("there is no %s...%s", part.begin, part.end)
		}
		index = bytes.Join([][]byte{before, []byte(part.begin + html.EscapeString(part.value) + part.end), after}, nil)
	}
	return index, nil
}

var routePattern = regexp.MustCompile(`^/([a-z0-9-]+(/([a-z0-9-]+|\{[a-zA-Z]+\}))*)?$`)

// readRoutes returns the addresses of the page as patterns of a ServeMux. None takes those of programs and assets.
func readRoutes(dist fs.FS) ([]string, error) {
	b, err := fs.ReadFile(dist, "routes.json")
	if err != nil {
		return nil, err
	}
	var list struct{ Routes []string }
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	for i, route := range list.Routes {
		first, _, _ := strings.Cut(strings.TrimPrefix(route, "/"), "/")
		if !routePattern.MatchString(route) ||
			first == "api" || first == "assets" || slices.Contains(list.Routes[:i], route) {
			return nil, errors.Errorf("%q cannot be an address of the page", route)
		}
	}
	return list.Routes, nil
}
