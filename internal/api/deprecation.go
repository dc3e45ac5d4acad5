package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-faster/errors"
)

// An announcement says that the operation is deprecated, and when it may be gone.
type announcement struct {
	*operation
	others              []*operation // that a path of this one can be of as well
	deprecation, sunset string       // the headers; no sunset is ""
}

// announcements returns those of the deprecated operations.
func announcements(operations map[string]*operation) (all []announcement, err error) {
	for _, op := range operations {
		if !op.Deprecated {
			continue
		}
		since, err := time.Parse(time.DateOnly, op.Since)
		if err != nil {
			return nil, errors.Wrapf(err, "x-deprecated-since of %s", op.ID)
		}
		a := announcement{operation: op, deprecation: fmt.Sprintf("@%d", since.Unix())} // RFC 9745
		if op.Sunset != "" {
			day, err := time.Parse(time.DateOnly, op.Sunset)
			if err != nil {
				return nil, errors.Wrapf(err, "x-sunset of %s", op.ID)
			}
			a.sunset = day.Format(http.TimeFormat) // RFC 8594
		}
		for _, other := range operations {
			if other.method == op.method && other.fixed() > op.fixed() {
				a.others = append(a.others, other)
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// announce has every response of a deprecated operation say so, whatever it is.
func announce(announced []announcement) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, a := range announced {
				if a.isFor(r) {
					w.Header().Set("Deprecation", a.deprecation)
					if a.sunset != "" {
						w.Header().Set("Sunset", a.sunset)
					}
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

func (a announcement) isFor(r *http.Request) bool {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.EscapedPath(), "/"), Prefix)
	if !ok || method != a.method {
		return false
	}
	segments := strings.Split(path, "/")
	if !a.has(segments) {
		return false
	}
	for _, other := range a.others {
		if other.has(segments) {
			return false
		}
	}
	return true
}

// has reports whether a path can be the operation's.
func (op *operation) has(segments []string) bool {
	if len(segments) != len(op.path) {
		return false
	}
	for i, s := range op.path {
		if s != segments[i] && (!strings.HasPrefix(s, "{") || segments[i] == "") {
			return false
		}
	}
	return true
}

// fixed is how many segments of the path are no parameters.
func (op *operation) fixed() (n int) {
	for _, s := range op.path {
		if !strings.HasPrefix(s, "{") {
			n++
		}
	}
	return n
}
