package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A mistake is why a turn did not end with a new server.
type mistake struct {
	Step string // "generate", "build" and so on
	Text string // what its command said
}

// A front answers at the addresses that stay the same, through the servers that come and go. A request waits for the
// first server; after a mistake, people who open a page see it, and all else goes to the server that was there before.
type front struct {
	trusted []netip.Prefix // the peers whose X-Forwarded-* is passed on

	mu      sync.Mutex
	current *backend
	mistake *mistake
	version int           // of the two above
	changed chan struct{} // closed when they change
}

func newFront(trusted []netip.Prefix) *front {
	return &front{trusted: trusted, current: nil, mistake: nil, mu: sync.Mutex{}, version: 1, changed: make(chan struct{})}
}

// A backend is a server as the front sees it, at its two private addresses.
type backend struct {
	public, admin *httputil.ReverseProxy
	transport     *http.Transport
	since         time.Time

	open int           // requests that it works on
	idle chan struct{} // closed once it is replaced and open is 0
}

// set makes b the server, if it is not nil, and m the mistake or none. It returns the server before if b replaces it.
func (f *front) set(b *backend, m *mistake) (before *backend) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b != nil {
		before, f.current = f.current, b
		if before != nil && before.open == 0 {
			close(before.idle)
		}
	}
	f.mistake = m
	f.version++
	close(f.changed)
	f.changed = make(chan struct{})
	return before
}

// lost forgets b, which has ended by itself, and says whether it was the server.
func (f *front) lost(b *backend) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != b {
		return false
	}
	f.current = nil
	return true
}

// answers reports whether there is a server.
func (f *front) answers() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current != nil
}

type state struct {
	*backend
	*mistake
	version int
	changed <-chan struct{}
}

// enter returns the state, and counts a request for the backend, if there is one, until leave.
func (f *front) enter() state {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil {
		f.current.open++
	}
	return state{f.current, f.mistake, f.version, f.changed}
}

func (f *front) leave(b *backend) {
	if b == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.open--; b.open == 0 && f.current != b {
		select {
		case <-b.idle:
		default:
			close(b.idle)
		}
	}
}

const (
	ownPath     = "/.devloop/"
	goneOn      = "devloop_goes_on" // the cookie of those who have seen the mistake of a version
	waitAtMost  = time.Minute
	maxIdleConn = 64
)

// public answers at the public address.
func (f *front) public() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ownPath+"changed", f.awaitChange)
	mux.HandleFunc("GET "+ownPath+"go-on", goOn)
	own := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, ownPath) {
			own.ServeHTTP(w, r)
			return
		}
		f.answer(w, r, func(b *backend) *httputil.ReverseProxy { return b.public })
	})
}

// admin answers at the address of metrics and profiles.
func (f *front) admin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, r, func(b *backend) *httputil.ReverseProxy { return b.admin })
	})
}

func (f *front) answer(w http.ResponseWriter, r *http.Request, to func(*backend) *httputil.ReverseProxy) {
	for {
		s := f.enter()
		if s.mistake != nil && isNavigation(r) && !hasGoneOn(r, s) {
			f.leave(s.backend)
			showMistake(w, r, s)
			return
		}
		if s.backend != nil {
			defer f.leave(s.backend) // also when the proxy panics, as it does when a client goes away
			to(s.backend).ServeHTTP(w, r)
			return
		}
		if s.mistake != nil {
			problem(w, http.StatusServiceUnavailable, "There is no server: "+s.Step+" failed, see the terminal.")
			return
		}
		select {
		case <-s.changed:
		case <-r.Context().Done():
			return
		}
	}
}

// isNavigation reports whether a person opens a page.
func isNavigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		(mode == "" || mode == "navigate") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// hasGoneOn reports whether the client wants to see the old server in spite of the mistake.
func hasGoneOn(r *http.Request, s state) bool {
	c, err := r.Cookie(goneOn)
	return err == nil && s.backend != nil && c.Value == strconv.Itoa(s.version)
}

func goOn(w http.ResponseWriter, r *http.Request) {
	to := r.FormValue("to")
	if u, err := url.Parse(to); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.ContainsRune(to, '\\') {
		to = "/"
	}
	http.SetCookie(w, &http.Cookie{
		Name: goneOn, Value: r.FormValue("version"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // it is a path here
}

// awaitChange answers 200 once the version is another than the client's, or 204 after a while.
func (f *front) awaitChange(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	f.mu.Lock()
	version, changed := f.version, f.changed
	f.mu.Unlock()
	if strconv.Itoa(version) == r.FormValue("version") {
		select {
		case <-changed:
		case <-time.After(waitAtMost):
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

//go:embed mistake.html
var mistakeHTML string

var mistakePage = template.Must(template.New("mistake").Parse(mistakeHTML))

func showMistake(w http.ResponseWriter, r *http.Request, s state) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
	w.WriteHeader(http.StatusInternalServerError)
	page := struct {
		Step, Text, Since, To string
		Version               int
	}{Step: s.Step, Text: s.Text, Since: "", To: r.URL.RequestURI(), Version: s.version}
	if s.backend != nil {
		page.Since = s.since.Format(time.TimeOnly)
	}
	_ = mistakePage.Execute(w, page) // a client that has gone
}

// problem answers as the API does.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "2")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}

// newBackend is a server at two addresses, host:port.
func (f *front) newBackend(public, admin string) *backend {
	b := &backend{
		transport: &http.Transport{
			DisableCompression: true, MaxIdleConnsPerHost: maxIdleConn, IdleConnTimeout: 20 * time.Second,
		},
		since: time.Now(), open: 0, idle: make(chan struct{}), public: nil, admin: nil,
	}
	b.public, b.admin = f.proxy(public, b.transport), f.proxy(admin, b.transport)
	return b
}

func (f *front) proxy(addr string, via http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport:     via,
		FlushInterval: -1, // streams come as they are written
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.URL.RawQuery = "http", addr, p.In.URL.RawQuery
			p.Out.Host = p.In.Host
			names := []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
			if !f.trusts(p.In.RemoteAddr) {
				maps.DeleteFunc(p.Out.Header, func(name string, _ []string) bool { return strings.HasPrefix(name, "X-Forwarded-") })
				p.SetXForwarded()
				return
			}
			for _, name := range names {
				if values, ok := p.In.Header[name]; ok {
					p.Out.Header[name] = values
				}
			}
			said := p.Out.Header.Clone()
			p.SetXForwarded() // adds the peer to X-Forwarded-For
			for _, name := range names[2:] {
				if values, ok := said[name]; ok {
					p.Out.Header[name] = values
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				problem(w, http.StatusBadGateway, "The server did not answer: "+err.Error())
			}
		},
	}
}

func (f *front) trusts(peer string) bool {
	addr, err := netip.ParseAddrPort(peer)
	return err == nil && slices.ContainsFunc(f.trusted, func(p netip.Prefix) bool { return p.Contains(addr.Addr().Unmap().WithZone("")) })
}
