package client

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-faster/errors"
)

// A transport sends the requests of operations: with the program's name and its token, more than once where it has to, and
// makes errors of the answers that are problems.
type transport struct {
	http      *http.Client
	userAgent string
	tries     int
	wait      time.Duration
	token     TokenSource // nil if the requests' tokens are not its
	// everywhere has operations carry the token that need none.
	everywhere bool
}

// Do returns the answer of a success, or a *Problem.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	req.Header.Set("User-Agent", t.userAgent)
	// newproject:companies
	// The context may also be that of a login on the way.
	if up, ok := ctx.Value(uploadKey{}).(*upload); ok && req.Header.Get("Content-Type") == "application/octet-stream" {
		if err := up.attach(req); err != nil {
			return nil, err
		}
	}
	// newproject:end
	if t.everywhere && req.Header.Get("Authorization") == "" {
		token, err := t.token(ctx, "")
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	var (
		renewed bool
		waited  time.Duration
	)
	for try := 1; ; {
		res, err := t.http.Do(req) //nolint:gosec // to the address that the program gave
		if err != nil {
			return nil, err
		}
		if res.StatusCode < 400 {
			return res, nil
		}
		problem, err := readProblem(res)
		if err != nil {
			return nil, err
		}
		next, err := again(req)
		switch {
		case err != nil:
			return nil, errors.Wrap(err, "read the body again")
		case next == nil:
			return nil, problem
		case problem.Status == http.StatusUnauthorized && !renewed:
			renewed = true
			if ok, err := t.renew(next); err != nil {
				return nil, err
			} else if !ok {
				return nil, problem
			}
		case try < t.tries && repeatable(next, problem):
			wait := problem.RetryAfter
			if wait == 0 {
				wait = time.Second << (try - 1)
			}
			waited += wait
			if deadline, ok := ctx.Deadline(); waited > t.wait || ok && time.Until(deadline) <= wait {
				return nil, problem
			}
			if err := sleep(ctx, wait); err != nil {
				return nil, err
			}
			try++
		default:
			return nil, problem
		}
		req = next
	}
}

// renew gives the request another token than the one that was refused and reports whether there is one.
func (t *transport) renew(req *http.Request) (bool, error) {
	refused, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok || t.token == nil {
		return false, nil
	}
	token, err := t.token(req.Context(), refused)
	if err != nil || token == refused {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return true, nil
}

// repeatable reports whether a request with this answer can be sent again, in that nothing happens twice.
func repeatable(req *http.Request, p *Problem) bool {
	switch {
	case p.Status == http.StatusTooManyRequests || p.Type == "too-many-uploads": // not every project has it
		return true
	case p.Status != http.StatusServiceUnavailable:
		return false
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return req.Header.Get("Idempotency-Key") != ""
}

// again returns the request to be sent once more, or nil if its body is gone.
func again(req *http.Request) (*http.Request, error) {
	next := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return next, nil
	}
	if req.GetBody == nil {
		return nil, nil
	}
	var err error
	next.Body, err = req.GetBody()
	if errors.Is(err, errBodyGone) {
		return nil, nil
	}
	return next, err
}

// sleep returns the context's error if that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

var errBodyGone = errors.New("the body cannot be read again")
