// Package client calls EdgeValue from Go programs.
//
//	c, err := client.New("http://localhost:8080", client.WithToken(os.Getenv("EDGEVALUE_TOKEN")))
//	user, err := c.GetCurrentUser(ctx)
//
// A [Client] has every operation of the API as a method, with the types of package oas. To these it adds a login that
// renews itself ([WithPassword]), and waiting and asking again when the server has too much to do ([WithRetries]). An
// answer that is an error is a [*Problem]. [Pages] goes through lists.
//
// Decimals are exact. Days are a [time.Time] whose date, in its own location, counts. What may be missing or null has a type
// such as oas.OptString or oas.NilDate, with the method Get. Enumerations grow: a program must expect values that it does
// not know.
package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// A Client calls the API. Its methods are the operations; it can be used by many goroutines at the same time.
type Client struct {
	*oas.Client

	base      *url.URL
	transport *transport
	session   *session // nil without WithPassword
}

// New returns a client of the server at baseURL, such as https://edgevalue.example. It sends nothing yet. The error is of
// the address.
func New(baseURL string, options ...Option) (*Client, error) {
	base, err := parse(baseURL)
	if err != nil {
		return nil, err
	}
	s := settings{
		http: http.DefaultClient, userAgent: "edgevalue-go", tries: 4, wait: time.Minute,
	}
	WithToken("")(&s)
	for _, option := range options {
		option(&s)
	}
	t := &transport{http: s.http, userAgent: s.userAgent, tries: s.tries, wait: s.wait}
	t.token, t.everywhere = s.token, s.everywhere
	if s.session != nil {
		bare := *t // with which the session sends its own requests
		bare.token = nil
		s.session.otp, s.session.base, s.session.transport = s.otp, base.String(), &bare
		t.token = s.session.token
	}
	api, err := oas.NewClient(base.String(), tokens(t.token), oas.WithClient(t))
	if err != nil {
		return nil, errors.Wrap(err, "make the client")
	}
	return &Client{Client: api, base: base, transport: t, session: s.session}, nil
}

func parse(baseURL string) (*url.URL, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, errors.Wrap(err, "the server's address")
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, errors.Errorf("the server's address: %q does not begin with http:// or https:// and a host", baseURL)
	}
	base.RawQuery, base.Fragment = "", ""
	base.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), basePath) + basePath
	base.RawPath = ""
	return base, nil
}

// An Option of [New].
type Option func(*settings)

type settings struct {
	http       *http.Client
	userAgent  string
	tries      int
	wait       time.Duration
	token      TokenSource
	everywhere bool
	session    *session
	otp        func(context.Context) (string, error)
}

// A TokenSource returns a token for an operation that needs one. If refused is not empty, it is the one that it returned
// for this operation before, and the server refused (401); with another one the operation is tried again.
type TokenSource func(ctx context.Context, refused string) (token string, err error)

// WithToken has every request carry an API key or an access token. An empty one is none.
func WithToken(token string) Option {
	return func(s *settings) {
		s.token = func(context.Context, string) (string, error) {
			if token == "" {
				return "", ErrNoToken
			}
			return token, nil
		}
		s.everywhere = token != "" // the requests of a key have a limit of their own
		s.session = nil
	}
}

// WithTokenSource has the operations that need one use the source's tokens.
func WithTokenSource(source TokenSource) Option {
	return func(s *settings) { s.token, s.everywhere, s.session = source, false, nil }
}

// WithPassword logs in when an operation first needs it, gets new tokens before they expire, and begins a new session
// when the old one has ended. An account with a second factor also needs [WithOTP]. [Client.Logout] ends the session.
//
// Until then the password is kept in memory; [WithToken] with an API key is better for programs that run without people.
func WithPassword(email, password string) Option {
	return func(s *settings) { s.session, s.everywhere = &session{email: email, password: password}, false }
}

// WithOTP is asked for a code of the second factor, or a recovery code, when a login needs one. Its context ends when no
// operation waits for the login anymore.
func WithOTP(otp func(ctx context.Context) (code string, err error)) Option {
	return func(s *settings) { s.otp = otp }
}

// WithHTTPClient has requests sent by c in place of [http.DefaultClient]. A timeout of c also holds for uploads.
func WithHTTPClient(c *http.Client) Option {
	return func(s *settings) { s.http = c }
}

// WithUserAgent names the program to the server, such as "screener/1.2". Sessions and the audit trail show it.
func WithUserAgent(name string) Option {
	return func(s *settings) { s.userAgent = name }
}

// WithRetries sets how often a request is sent at most (4 times unless given; 1 is without retries), and how long all
// waiting for it may take (a minute).
//
// A request is sent again after 429, which means that nothing was done; after 503 if it is a GET, PUT or DELETE or has an
// Idempotency-Key, and for others if nothing of the file was read (too-many-uploads). That is when Retry-After says or else
// after 1, 2 and 4 seconds. If the time is beyond the context's deadline or the waiting, the problem is returned at
// once. A body that cannot be read again is not sent again.
func WithRetries(tries int, wait time.Duration) Option {
	return func(s *settings) { s.tries, s.wait = tries, wait }
}

// Errors of operations that were not sent.
var (
	ErrNoToken   = errors.New("the operation needs a login: give New a token or a password")
	ErrLoggedOut = errors.New("the client has logged out")
)

// Logout ends the session of the client's login, and so its access token. Operations that need one then fail with
// [ErrLoggedOut].
func (c *Client) Logout(ctx context.Context) error {
	if c.session == nil {
		return c.Client.Logout(ctx)
	}
	return c.session.logout(ctx)
}

// tokens is how oas asks for tokens. The server takes an API key as bearer token, too.
type tokens TokenSource

func (t tokens) OAuth2PasswordBearer(ctx context.Context, _ oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	token, err := t(ctx, "")
	return oas.OAuth2PasswordBearer{Token: token}, err
}

func (t tokens) ApiKey(context.Context, oas.OperationName) (oas.ApiKey, error) {
	return oas.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}
