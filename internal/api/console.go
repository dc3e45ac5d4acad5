package api

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/web"
)

// A Console is the browser's login of superusers: the page /login, whose cookie opens the pages that Guard wraps, and
// those of other services of the domain whose proxy asks /forward-auth.
type Console struct {
	app    *app.App
	refuse refuseFunc
	page   *web.LoginPage
	public *url.URL
	domain string      // of the hosts that a login may lead to
	cookie http.Cookie // without a value
	paged  http.Cookie // the page's, likewise
	same   *http.CrossOriginProtection
}

// afterLogin is where a login leads if nothing is said.
const afterLogin = "/jobs"

// maxInput is how much of a request to the job monitor the audit trail keeps.
const maxInput = 16 << 10

// NewConsole returns the console at the app's public URL. Over HTTPS its cookie is for all hosts of the domain, if the
// public URL is one of them.
func NewConsole(cfg Config) (*Console, error) {
	public, err := url.Parse(cfg.App.PublicURL)
	if err != nil {
		return nil, errors.Wrap(err, "parse public URL")
	}
	log := &app.OutageLog{Logger: cfg.Logger}
	c := &Console{
		app: cfg.App, public: public, domain: strings.ToLower(cfg.Domain), paged: pageCookie(cfg.HTTPS),
		refuse: func(w http.ResponseWriter, r *http.Request, err error) {
			writeProblem(w, newProblem(r.Context(), log, err))
		},
		cookie: http.Cookie{Name: "edgevalue_console", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode},
	}
	if c.same, err = sameOrigin(cfg.App.PublicURL, c.refuse); err != nil {
		return nil, err
	}
	if cfg.HTTPS {
		c.cookie.Name, c.cookie.Secure = "__Secure-edgevalue_console", true
		if net.ParseIP(c.domain) == nil && strings.Contains(c.domain, ".") && c.within(public.Hostname()) {
			c.cookie.Domain = c.domain
		}
	}
	targets := ""
	if c.domain != "" {
		targets = public.Scheme + "://" + c.domain + ":* " + public.Scheme + "://*." + c.domain + ":*"
	}
	c.page, err = web.NewLoginPage(targets)
	return c, err
}

// Register adds the pages of the login to mux.
func (c *Console) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", c.showLogin)
	mux.Handle("POST /login", c.same.Handler(http.HandlerFunc(c.login)))
	mux.Handle("POST /logout", c.same.Handler(http.HandlerFunc(c.logout)))
	mux.HandleFunc("GET /forward-auth", c.forwardAuth)
}

// Guard lets superusers pass, with the cookie or an access token. Others are refused, and browsers sent to the login.
// Requests that change something must come from the same origin, and are noted in the audit trail.
func (c *Console) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := c.identify(w, r)
		if e := app.Explain(err); e != nil && e.Code == app.Unauthenticated && wantsPage(r) {
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		if err != nil {
			c.refuse(w, r, err)
			return
		}
		c.same.Handler(c.audited(a, next)).ServeHTTP(w, r)
	})
}

// wantsPage reports whether a browser wants to show the response.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (c *Console) audited(a app.Actor, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			input, err := io.ReadAll(r.Body)
			if err == nil {
				r.Body = io.NopCloser(bytes.NewReader(input))
				if len(input) > maxInput {
					input = nil
				}
				err = c.app.AuditJobs(r.Context(), a, r.Method, r.URL.Path, input)
			}
			if err != nil {
				c.refuse(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// identify returns the superuser who sent a request.
func (c *Console) identify(w http.ResponseWriter, r *http.Request) (a app.Actor, err error) {
	token, ok := bearerOf(r.Header)
	switch {
	case r.Header.Get("X-Api-Key") != "" || keyOf(r.Header) != "":
		return a, errKeyNotAllowed
	case ok:
		a, err = c.app.Identify(r.Context(), token)
		if err == nil && !a.Superuser {
			err = &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"}
		}
	default:
		a, err = c.identifyBrowser(r)
		if e := app.Explain(err); e != nil && e.Code == app.Unauthenticated {
			a, err = c.identifyPage(w, r)
		}
	}
	requestOf(r.Context()).actor = a
	return a, err
}

// identifyPage returns the superuser who is logged in at the page.
func (c *Console) identifyPage(w http.ResponseWriter, r *http.Request) (app.Actor, error) {
	for _, token := range pageTokens(r, c.paged.Name) {
		a, renewed, err := c.app.IdentifyCookie(r.Context(), token)
		e := app.Explain(err)
		switch {
		case err != nil && (e == nil || e.Code != app.Unauthenticated):
			return app.Actor{}, err
		case err == nil && a.Superuser:
			if renewed != nil {
				setCookie(w, c.paged, *renewed)
			}
			return a, nil
		}
	}
	return app.Actor{}, errNoSuperuser
}

var errNoSuperuser = &app.Error{Code: app.Unauthenticated, Message: "log in as a superuser"}

// identifyBrowser returns the superuser whose cookie a request has. Beside it may be that of a domain above this one.
func (c *Console) identifyBrowser(r *http.Request) (a app.Actor, err error) {
	err = errNoSuperuser
	for _, cookie := range r.CookiesNamed(c.cookie.Name) {
		if a, err = c.app.IdentifyConsole(r.Context(), cookie.Value); err == nil {
			break
		}
	}
	return a, err
}

func (c *Console) setCookie(w http.ResponseWriter, token string, age int) {
	cookie := c.cookie
	cookie.Value, cookie.MaxAge = token, age
	http.SetCookie(w, &cookie)
}

// showLogin shows the form to who is not logged in.
func (c *Console) showLogin(w http.ResponseWriter, r *http.Request) {
	next := c.next(r.URL.Query().Get("next"))
	// A host that does not get the cookie would send the browser back here.
	if strings.HasPrefix(next, "/") || c.cookie.Domain != "" {
		_, err := c.identifyBrowser(r)
		if err == nil {
			http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // next leads to hosts of the domain alone
			return
		}
		if e := app.Explain(err); e == nil || e.Code != app.Unauthenticated {
			c.refuse(w, r, err)
			return
		}
	}
	c.show(w, r, http.StatusOK, web.LoginForm{Next: next})
}

func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, form web.LoginForm) {
	form.ProjectName = c.app.ProjectName
	if err := c.page.Write(w, status, form); err != nil {
		c.app.Logger.DebugContext(r.Context(), "login page", "error", err) // the client is gone
	}
}

func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.refuse(w, r, errors.Wrap(&statusError{http.StatusBadRequest, errors.New("the form cannot be read")}, "parse form"))
		return
	}
	form := web.LoginForm{Email: r.PostForm.Get("email"), Next: c.next(r.PostForm.Get("next"))}
	token, expires, err := c.app.OpenConsole(r.Context(), form.Email, r.PostForm.Get("password"), r.PostForm.Get("otp"))
	if err == nil {
		c.setCookie(w, token, int(expires.Sub(c.app.Now()).Seconds()))
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return
	}
	e := app.Explain(err)
	if e == nil {
		c.refuse(w, r, err)
		return
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Code == app.Unauthenticated {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	form.Message = strings.ToUpper(e.Message[:1]) + e.Message[1:] + "."
	c.show(w, r, statuses[e.Code], form)
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	for _, cookie := range r.CookiesNamed(c.cookie.Name) {
		if err := c.app.CloseConsole(r.Context(), cookie.Value); err != nil {
			c.refuse(w, r, err)
			return
		}
	}
	c.setCookie(w, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// forwardAuth tells the proxy of another host of the domain whether a superuser is logged in, and else where to.
func (c *Console) forwardAuth(w http.ResponseWriter, r *http.Request) {
	_, err := c.identifyBrowser(r)
	e := app.Explain(err)
	forwarded := r.Header.Get("X-Forwarded-Method")
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case e == nil || e.Code != app.Unauthenticated || forwarded != "" && forwarded != http.MethodGet && forwarded != http.MethodHead:
		c.refuse(w, r, err)
	default:
		target := c.app.PublicURL + "/login"
		// A proxy behind another one, which ends HTTPS, does not know the scheme.
		asked := c.public.Scheme + "://" + r.Header.Get("X-Forwarded-Host") + r.Header.Get("X-Forwarded-Uri")
		if c.next(asked) == asked {
			target += "?next=" + url.QueryEscape(asked)
		}
		http.Redirect(w, r, target, http.StatusFound)
	}
}

// next is where a login leads: to a path of this host, or to a host of the domain, and nowhere else.
func (c *Console) next(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsAny(raw, "\\ ") || u.User != nil || u.Opaque != "" {
		return afterLogin
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") {
		return raw
	}
	if u.Scheme == c.public.Scheme && (u.Host == c.public.Host || c.within(u.Hostname())) {
		return raw
	}
	return afterLogin
}

// within reports whether a host is the domain or below it.
func (c *Console) within(host string) bool {
	host = strings.ToLower(host)
	return c.domain != "" && (host == c.domain || strings.HasSuffix(host, "."+c.domain))
}
