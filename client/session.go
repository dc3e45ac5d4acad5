package client

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// renewal is how long a login or refresh may take, without the wait for a code.
const renewal = 30 * time.Second

// A session is a login with a password. Its tokens are renewed by one goroutine at a time, for all who wait for one.
type session struct {
	email, password string
	otp             func(context.Context) (string, error) // may be nil
	base            string
	transport       *transport // without tokens

	mu      sync.Mutex
	tokens  grant
	turn    *turn // the renewal under way, or nil
	refused error // why another login is of no use, or nil
}

// A grant is what a login or refresh gave.
type grant struct {
	access, refresh string
	renew, expires  time.Time // of the access token: when to get another one, and when it ends
}

// A turn is a login or refresh.
type turn struct {
	done    chan struct{} // closed at the end
	token   string        // after that
	err     error         // likewise
	waiting int           // operations
	cancel  context.CancelFunc
}

// token is a TokenSource.
func (s *session) token(ctx context.Context, refused string) (string, error) {
	t, token, err := s.join(ctx, refused)
	if t == nil {
		return token, err
	}
	select {
	case <-t.done:
		return t.token, t.err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			t.cancel()
		}
		return "", ctx.Err()
	}
}

// join returns the token that is there, or the turn that gets one and counts one more operation that waits for it.
func (s *session) join(ctx context.Context, refused string) (*turn, string, error) {
	for {
		s.mu.Lock()
		t := s.turn
		switch {
		case s.refused != nil:
			defer s.mu.Unlock()
			return nil, "", s.refused
		case s.tokens.access != "" && s.tokens.access != refused && time.Now().Before(s.tokens.renew):
			defer s.mu.Unlock()
			return nil, s.tokens.access, nil
		case t == nil:
			with, cancel := context.WithCancel(context.WithoutCancel(ctx))
			t = &turn{done: make(chan struct{}), waiting: 1, cancel: cancel}
			s.turn = t
			go s.run(with, t, s.tokens, refused)
			s.mu.Unlock()
			return t, "", nil
		case t.waiting > 0:
			t.waiting++
			s.mu.Unlock()
			return t, "", nil
		}
		s.mu.Unlock()
		select { // it is being given up
		case <-t.done:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// run gets tokens in place of old. If it cannot, an access token that is still good stays, unless it is the refused one.
func (s *session) run(ctx context.Context, t *turn, old grant, refused string) {
	defer t.cancel()
	next, err := s.renew(ctx, old)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(t.done)
	s.turn = nil
	s.tokens = next
	// It would be so again, and count as an attempt to guess the password.
	final := IsProblem(err, Unauthenticated) || IsProblem(err, SecondFactorRequired) && s.otp == nil
	switch {
	case err == nil:
	case next.access == "" || next.access == refused || !time.Now().Before(next.expires):
		if final {
			s.refused = err
		}
	case final:
		err = nil
		s.tokens.renew = next.expires
	default:
		err = nil
		s.tokens.renew = time.Now().Add(time.Second)
	}
	t.token, t.err = next.access, err
}

// renew refreshes or begins a session. With an error it returns what is left of old.
//
// A refresh token works once, and one that comes again ends its session as stolen. So it is kept only if the server surely
// did not take it; otherwise, as when another one has taken it (409), a new session begins.
func (s *session) renew(ctx context.Context, old grant) (grant, error) {
	if old.refresh != "" {
		begin := time.Now()
		got, err := s.refresh(ctx, old.refresh)
		var p *Problem
		var sent *net.OpError
		switch {
		case err == nil:
			return granted(got, begin), nil
		case errors.As(err, &p) && (p.Status == http.StatusTooManyRequests || p.Type == Unavailable),
			errors.As(err, &sent) && sent.Op == "dial":
			return old, errors.Wrap(err, "refresh the session")
		}
		old.refresh = ""
	}
	begin := time.Now()
	got, err := s.login(ctx)
	if err != nil {
		return old, errors.Wrap(err, "log in")
	}
	return granted(got, begin), nil
}

// granted reads what was asked for at the time begin. The token is renewed when a tenth of its life is left, at most a
// minute.
func granted(got *oas.AccessToken, begin time.Time) grant {
	life := time.Duration(got.ExpiresIn) * time.Second
	expires := begin.Add(life)
	return grant{got.AccessToken, got.RefreshToken, expires.Add(-min(life/10, time.Minute)), expires}
}

// refresh is not given up in the middle: the next token would be lost.
func (s *session) refresh(ctx context.Context, token string) (*oas.AccessToken, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewal)
	defer cancel()
	api, err := s.api("")
	if err != nil {
		return nil, err
	}
	return api.RefreshAccessToken(ctx, &oas.RefreshForm{RefreshToken: token})
}

func (s *session) login(ctx context.Context) (*oas.AccessToken, error) {
	api, err := s.api("")
	if err != nil {
		return nil, err
	}
	form := oas.AccessTokenForm{Username: s.email, Password: s.password}
	send := func() (*oas.AccessToken, error) {
		ctx, cancel := context.WithTimeout(ctx, renewal)
		defer cancel()
		return api.CreateAccessToken(ctx, &form)
	}
	got, err := send()
	if !IsProblem(err, SecondFactorRequired) || s.otp == nil {
		return got, err
	}
	code, err := s.otp(ctx)
	if err != nil {
		return nil, errors.Wrap(err, "ask for a code")
	}
	form.Otp = oas.NewOptString(code)
	return send()
}

// logout ends the session on the server. It is over for the client even if that fails, unless the context ends before.
func (s *session) logout(ctx context.Context) error {
	s.mu.Lock()
	begun := s.tokens.access != "" || s.turn != nil
	if !begun && s.refused == nil {
		s.refused = ErrLoggedOut
	}
	s.mu.Unlock()
	if !begun {
		return nil
	}
	token, err := s.token(ctx, "") // a good one, with which the server knows the session
	if err == nil {
		err = s.end(ctx, token)
	}
	s.mu.Lock()
	refresh := s.tokens.refresh
	s.mu.Unlock()
	if IsProblem(err, Unauthenticated) && refresh != "" { // the token has ended, and perhaps not the session
		var got *oas.AccessToken
		if got, err = s.refresh(ctx, refresh); err == nil {
			err = s.end(ctx, got.AccessToken)
		}
	}
	if ctx.Err() != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens, s.refused = grant{}, ErrLoggedOut
	if IsProblem(err, Unauthenticated) { // it had ended
		return nil
	}
	return err
}

func (s *session) end(ctx context.Context, token string) error {
	api, err := s.api(token)
	if err != nil {
		return err
	}
	return api.Logout(ctx)
}

// api is the client of the session's own requests.
func (s *session) api(token string) (*oas.Client, error) {
	return oas.NewClient(s.base, tokens(func(context.Context, string) (string, error) {
		if token == "" {
			return "", ogenerrors.ErrSkipClientSecurity
		}
		return token, nil
	}), oas.WithClient(s.transport))
}
