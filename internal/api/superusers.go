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
	protected := http.NewCrossOriginProtection().Handler(next)
	identify := func(r *http.Request, token string) error {
		a, err := cfg.App.Identify(r.Context(), token)
		if err == nil && !a.Superuser {
			err = &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"}
		}
		return err
	}
	admit := func(w http.ResponseWriter, r *http.Request) error {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			return identify(r, token)
		}
		if c, err := r.Cookie(cookieName); err == nil && identify(r, c.Value) == nil {
			return nil
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="EdgeValue", charset="UTF-8"`)
		email, password, ok := r.BasicAuth()
		if !ok {
			return &app.Error{Code: app.Unauthenticated, Message: "log in as a superuser"}
		}
		g, err := cfg.App.Login(r.Context(), ClientIP(r.Context()), email, password, "")
		if err == nil {
			err = identify(r, g.AccessToken)
		}
		if err != nil {
			return err
		}
		w.Header().Del("WWW-Authenticate")
		http.SetCookie(w, &http.Cookie{
			Name: cookieName, Value: g.AccessToken, Path: path, MaxAge: int(min(g.AccessLife, 12*time.Hour).Seconds()),
			HttpOnly: true, Secure: cfg.HTTPS, SameSite: http.SameSiteStrictMode,
		})
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := admit(w, r); err != nil {
			writeProblem(w, r, newProblem(r.Context(), cfg.Logger, err))
			return
		}
		protected.ServeHTTP(w, r)
	})
}
