package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
)

// The page's cookie is no security scheme of the contract: it stands for an access token wherever that is taken, and no
// program has to choose between them.

// pageCookie is the page's cookie without a value. Over HTTPS no other host of the domain can set it.
func pageCookie(https bool) http.Cookie {
	c := http.Cookie{Name: "edgevalue_session", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if https {
		c.Name, c.Secure = "__Host-edgevalue_session", true
	}
	return c
}

// pageTokens are the tokens of the page's cookies in a request. Over plain HTTP, another site of the domain, or a page at
// another path, may have set one beside it.
func pageTokens(r *http.Request, name string) (tokens []string) {
	const most = 4 // each may cost a query
	for _, c := range r.CookiesNamed(name) {
		if len(tokens) < most {
			tokens = append(tokens, c.Value)
		}
	}
	return tokens
}

// setCookie sends a cookie like this one, or removes it from the browser if its life is negative.
func setCookie(w http.ResponseWriter, like http.Cookie, c app.Cookie) {
	like.Value, like.MaxAge = c.Token, int(c.Life/time.Second)
	http.SetCookie(w, &like)
}

var removed = app.Cookie{Life: -time.Second}

var errCrossOrigin = &app.Error{
	Code: app.Forbidden, Type: "cross-origin", Message: "a page of another origin sent this: use an access token there",
}

// sameOrigin refuses what pages of other origins want to change. A proxy may hide which host a browser asked, so the
// public address is known as the own one.
func sameOrigin(public string, refuse refuseFunc) (*http.CrossOriginProtection, error) {
	u, err := url.Parse(public)
	if err != nil {
		return nil, errors.Wrap(err, "parse public URL")
	}
	same := http.NewCrossOriginProtection()
	if err := same.AddTrustedOrigin(u.Scheme + "://" + strings.ToLower(u.Host)); err != nil {
		return nil, errors.Wrap(err, "public URL")
	}
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { refuse(w, r, errCrossOrigin) }))
	return same, nil
}

// takeCookie lets the page's cookie stand for an access token in a request for an operation that has neither that nor
// a key.
func takeCookie(https bool, same *http.CrossOriginProtection) step {
	cookie := pageCookie(https)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, Prefix+"/") {
				q := requestOf(r.Context())
				q.foreign = same.Check(r) != nil
				q.cookies = pageTokens(r, cookie.Name)
				q.setCookie = func(c app.Cookie) { setCookie(w, cookie, c) }
				if _, ok := bearerOf(r.Header); !ok && r.Header.Get("X-Api-Key") == "" && len(q.cookies) > 0 {
					q.byCookie = true
					r.Header.Set("Authorization", "Bearer cookie") // for the generated code to ask who that is
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// identifyCookie finds out who sent a request with the page's cookie.
func (h *handler) identifyCookie(ctx context.Context) error {
	q := requestOf(ctx)
	if q.foreign {
		return errCrossOrigin
	}
	var err error
	for _, token := range q.cookies {
		var renewed *app.Cookie
		if q.actor, renewed, err = h.app.IdentifyCookie(ctx, token); err == nil {
			if renewed != nil {
				q.setCookie(*renewed)
			}
			break
		}
	}
	return err
}
