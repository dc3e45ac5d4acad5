package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/edgevalue/edgevalue/internal/app"
)

// cookieName holds the access token of a browser that looks at the job monitor.
const cookieName = "edgevalue_jobs"

// SuperusersOnly lets superusers pass. They authenticate with an access token, or with email and password (Basic), for
// which a browser gets a cookie for the path. Requests that change something must come from the same origin.
func SuperusersOnly(cfg Config, path string, next http.Handler) http.Handler {
	deny := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, r, newProblem(r.Context(), cfg.Logger, err))
	}
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			if a, err := cfg.App.Identify(r.Context(), token); err != nil {
				deny(w, r, err)
			} else if !a.Superuser {
				deny(w, r, &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"})
			} else {
				protected.ServeHTTP(w, r)
			}
			return
		}
		if c, err := r.Cookie(cookieName); err == nil {
			if a, err := cfg.App.Identify(r.Context(), c.Value); err == nil && a.Superuser {
				protected.ServeHTTP(w, r)
				return
			}
		}
		email, password, ok := r.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="EdgeValue", charset="UTF-8"`)
			deny(w, r, &app.Error{Code: app.Unauthenticated, Message: "log in as a superuser"})
			return
		}
		token, life, err := cfg.App.Login(r.Context(), ClientIP(r.Context()), email, password)
		if err == nil {
			var a app.Actor
			if a, err = cfg.App.Identify(r.Context(), token); err == nil && !a.Superuser {
				err = &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"}
			}
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="EdgeValue", charset="UTF-8"`)
			deny(w, r, err)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookieName, Value: token, Path: path, MaxAge: int(min(life, 12*time.Hour).Seconds()),
			HttpOnly: true, Secure: cfg.HTTPS, SameSite: http.SameSiteStrictMode,
		})
		protected.ServeHTTP(w, r)
	})
}
