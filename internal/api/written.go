package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// lastWrite is the header of the token that an answer to a write gives: who sends it with what they read next reads that
// write. The page has it in a cookie.
const lastWrite = "Last-Write"

// writtenLife is how long a browser sends the token: much longer than a server takes to hear of a write.
const writtenLife = time.Hour

func writtenCookie(https bool) http.Cookie {
	c := http.Cookie{Name: "edgevalue_written", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if https {
		c.Name, c.Secure = "__Host-edgevalue_written", true
	}
	return c
}

var errLastWrite = &statusError{http.StatusBadRequest, errors.New("the header " + lastWrite + " must be that of an answer")}

// followWrites lets reads be answered by replicas that have what their reader wrote.
func followWrites(a *app.App, https bool, refuse refuseFunc) step {
	if a == nil || a.Replica == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	cookie := writtenCookie(https)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, Prefix+"/") {
				next.ServeHTTP(w, r)
				return
			}
			token, err := writtenToken(r, cookie.Name)
			if err != nil {
				refuse(w, r, errLastWrite)
				return
			}
			reader := &app.Reader{Token: token, Replica: r.Method == http.MethodGet || r.Method == http.MethodHead}
			requestOf(r.Context()).ahead = !a.Replica.Seen(token)
			tell := func() {
				wrote := reader.Wrote()
				if wrote == 0 {
					return
				}
				w.Header().Set(lastWrite, wrote.String())
				if requestOf(r.Context()).byCookie {
					life := writtenLife
					if wrote == pg.LastLSN { // it could not be placed
						life = time.Minute
					}
					setCookie(w, cookie, app.Cookie{Token: wrote.String(), Life: life})
				}
			}
			next.ServeHTTP(&recorder{ResponseWriter: w, begin: tell}, r.WithContext(app.WithReader(r.Context(), reader)))
		})
	}
}

// writtenToken returns the newest token of a request. A cookie that is none is anybody's; a header is this client's mistake.
func writtenToken(r *http.Request, cookie string) (token pg.LSN, err error) {
	for _, text := range r.Header.Values(lastWrite) {
		lsn, err := pg.ParseLSN(text)
		if err != nil {
			return 0, errors.Wrap(err, lastWrite)
		}
		token = max(token, lsn)
	}
	for _, c := range r.CookiesNamed(cookie) {
		if lsn, err := pg.ParseLSN(c.Value); err == nil {
			token = max(token, lsn)
		}
	}
	return token, nil
}
