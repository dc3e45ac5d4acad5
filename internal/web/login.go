package web

import (
	"html/template"
	"net/http"

	"github.com/go-faster/errors"
)

// LoginForm is what the page /login shows.
type LoginForm struct {
	ProjectName string
	Email       string
	Next        string // where a login leads
	Message     string // why the last one failed
}

// A LoginPage is the page /login, which works without scripts.
type LoginPage struct {
	page *template.Template
	csp  string
}

// NewLoginPage returns the page. Its form may lead to the origins of formTargets, too, which are source expressions of a
// Content-Security-Policy: a browser applies it to the redirection after a login.
func NewLoginPage(formTargets string) (*LoginPage, error) {
	urls := map[string]string{}
	for _, a := range assets {
		if a.name != "favicon.svg" && a.name != "plain.css" {
			continue
		}
		f, err := readFile(a.fs, a.path)
		if err != nil {
			return nil, errors.Wrapf(err, "asset %s", a.name)
		}
		urls[a.name] = "/assets/" + f.hash() + "/" + a.name
	}
	asset := func(name string) string { return urls[name] }
	page, err := template.New("login.html").Funcs(template.FuncMap{"asset": asset}).ParseFS(embedded, "assets/login.html")
	if err != nil {
		return nil, errors.Wrap(err, "parse login page")
	}
	return &LoginPage{page: page, csp: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'; " +
		"style-src 'self'; form-action 'self' " + formTargets}, nil
}

// Write sends the page, which nobody stores.
func (p *LoginPage) Write(w http.ResponseWriter, status int, form LoginForm) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.csp)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := p.page.Execute(w, form); err != nil {
		return errors.Wrap(err, "write login page")
	}
	return nil
}
