// Package edgar is a client of SEC EDGAR: lists of companies, submissions, company facts, indexes of a day's filings, and
// the two archives that hold everything.
package edgar

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/time/rate"
)

// RequestsPerSecond stays below the ten that the SEC allows one user.
const RequestsPerSecond = 8

var (
	// ErrNotFound says that EDGAR does not have what was asked for.
	ErrNotFound = errors.New("not found")
	// ErrNotModified says that what was asked for still has the version that is known.
	ErrNotModified = errors.New("not modified")
)

// Version identifies the content of an answer. The zero Version is none.
type Version struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"` // an HTTP date
}

func versionOf(h http.Header) Version {
	return Version{ETag: h.Get("ETag"), LastModified: h.Get("Last-Modified")}
}

// Modified returns when the content was last changed, the zero time if the server did not say.
func (v Version) Modified() time.Time {
	t, err := http.ParseTime(v.LastModified)
	if err != nil || t.Year() < 1990 { // some servers know no time
		return time.Time{}
	}
	return t
}

// ask makes a request conditional.
func (v Version) ask(h http.Header) {
	if v.ETag != "" {
		h.Set("If-None-Match", v.ETag)
	}
	if v.LastModified != "" {
		h.Set("If-Modified-Since", v.LastModified)
	}
}

// Names of what is asked for, as Config.Observe gets them.
const (
	whatListings     = "listings"
	whatSubmissions  = "submissions"
	whatCompanyFacts = "company_facts"
	whatBulk         = "bulk"
	whatDailyIndex   = "daily_index"
)

// Config says where EDGAR is and how to ask it. All but the UserAgent have a default.
type Config struct {
	DataURL  string // of submissions and company facts; "https://data.sec.gov"
	FilesURL string // of everything else; "https://www.sec.gov"
	// UserAgent is who asks, with an address of email. The SEC refuses requests without one.
	UserAgent string
	// Wait returns when it is the turn of the next request. It is called before every one, also by several goroutines at
	// a time. By default the client makes RequestsPerSecond.
	Wait func(context.Context) error
	// Observe is told of every attempt: what was asked for (listings, submissions, company_facts, bulk or daily_index),
	// the status of the answer, 0 without one, and whether the attempt repeats one that failed.
	Observe   func(what string, status int, retry bool)
	Transport http.RoundTripper
	Logger    *slog.Logger
	// Tries is how often something is asked for until it counts as failed; 6.
	Tries int
	// FirstPause is about how long the client waits before the second try; 1 s. Each further pause is twice as long, up to
	// a minute. A longer one that the server asks for is kept, up to ten minutes.
	FirstPause time.Duration
	// Stall is how long a server may send nothing until an attempt ends; 30 s.
	Stall time.Duration
}

// Client asks EDGAR. An answer that is incomplete, or is not what was asked for, counts as none, and is asked for again.
// It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *http.Client
}

// New checks the configuration; it sends nothing.
func New(cfg Config) (*Client, error) {
	var err error
	if cfg.DataURL, err = baseURL(cfg.DataURL, "https://data.sec.gov"); err != nil {
		return nil, errors.Wrap(err, "data URL")
	}
	if cfg.FilesURL, err = baseURL(cfg.FilesURL, "https://www.sec.gov"); err != nil {
		return nil, errors.Wrap(err, "files URL")
	}
	if cfg.UserAgent = strings.TrimSpace(cfg.UserAgent); cfg.UserAgent == "" {
		return nil, errors.New(`no user agent: the SEC wants a name and an email address, such as "Name name@example.com"`)
	}
	if strings.ContainsFunc(cfg.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errors.New("the user agent has other than printable ASCII characters")
	}
	if cfg.Wait == nil {
		cfg.Wait = rate.NewLimiter(RequestsPerSecond, 1).Wait
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int, bool) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 6
	}
	if cfg.FirstPause <= 0 {
		cfg.FirstPause = time.Second
	}
	if cfg.Stall <= 0 {
		cfg.Stall = 30 * time.Second
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: cfg.Stall,
			ExpectContinueTimeout: time.Second,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   RequestsPerSecond,
			ForceAttemptHTTP2:     true,
		}
	}
	c := &Client{cfg: cfg}
	c.http = &http.Client{Transport: cfg.Transport, CheckRedirect: c.checkRedirect}
	return c, nil
}

// baseURL returns a URL without a slash at its end.
func baseURL(s, or string) (string, error) {
	if s == "" {
		s = or
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.Errorf("%q is not an HTTP URL", s)
	}
	return strings.TrimRight(s, "/"), nil
}

const maxRedirects = 5

// redirectError says where a redirect leads that is not followed.
type redirectError struct{ to string }

func (e redirectError) Error() string { return "redirected to " + e.to }

func (c *Client) checkRedirect(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	if r.URL.Host != from.Host || r.URL.Scheme != from.Scheme && r.URL.Scheme != "https" || len(via) > maxRedirects {
		return redirectError{r.URL.Redacted()}
	}
	return c.cfg.Wait(r.Context())
}

// A request is one thing to ask for.
type request struct {
	what    string // for Config.Observe
	about   string // for people, such as "company facts of CIK 320193"
	url     string
	header  func() http.Header
	missing bool // the server answers 403 for a file that it does not have
}

// failure is why an attempt failed that is worth another.
type failure struct {
	reason string
	after  time.Duration // that the server wants to pass before
}

func (f *failure) Error() string { return f.reason }

func failed(format string, args ...any) error { return &failure{reason: fmt.Sprintf(format, args...)} }

// pauses are those of the exponential backoff, or longer where the server asks for it.
type pauses struct {
	backoff.ExponentialBackOff
	asked time.Duration
}

func (p *pauses) NextBackOff() time.Duration { return max(p.ExponentialBackOff.NextBackOff(), p.asked) }

const maxPause = time.Minute

// do sends the request and has the answer read, until an attempt ends without a *failure. The answer's status is 200, 206,
// 304 or 416; its body is given up if nothing comes for a while.
func (c *Client) do(ctx context.Context, r request, read func(*http.Response) error) error {
	p := &pauses{ExponentialBackOff: backoff.ExponentialBackOff{
		InitialInterval: c.cfg.FirstPause, RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2,
		MaxInterval: max(maxPause, c.cfg.FirstPause),
	}}
	tries, same, last := 0, true, ""
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		if err := c.cfg.Wait(ctx); err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		err := c.attempt(ctx, r, tries > 0, read)
		tries++
		var f *failure
		switch {
		case err == nil:
			return struct{}{}, nil
		case ctx.Err() != nil:
			return struct{}{}, backoff.Permanent(context.Cause(ctx))
		case !errors.As(err, &f):
			return struct{}{}, backoff.Permanent(err)
		}
		same = same && (last == "" || last == f.reason)
		last, p.asked = f.reason, f.after
		return struct{}{}, err
	}, backoff.WithBackOff(p), backoff.WithMaxTries(uint(c.cfg.Tries)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, pause time.Duration) {
			c.cfg.Logger.WarnContext(ctx, "EDGAR: asking again", "what", r.about, "error", err, "try", tries, "pause", pause)
		}))
	if f, ok := errors.Into[*failure](err); ok {
		switch {
		case tries == 1:
			err = f
		case same:
			err = errors.Errorf("%s, %d times", f.reason, tries)
		default:
			err = errors.Errorf("%s, at the last of %d tries", f.reason, tries)
		}
	}
	if err != nil {
		return errors.Wrap(err, r.about)
	}
	return nil
}

var errStalled = errors.New("the server stalls")

// attempt sends the request once. The error is a *failure if another attempt may do better.
func (c *Client) attempt(ctx context.Context, r request, retry bool, read func(*http.Response) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(c.cfg.Stall, func() { cancel(errStalled) })
	defer stall.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return errors.Wrap(err, "make request")
	}
	req.Header = r.header()
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	res, err := c.http.Do(req)
	if err != nil {
		if res != nil {
			_ = res.Body.Close()
		}
		c.cfg.Observe(r.what, 0, retry)
		if elsewhere, ok := errors.Into[redirectError](err); ok {
			return elsewhere
		}
		return c.broken(ctx, "no answer", err)
	}
	defer res.Body.Close()
	c.cfg.Observe(r.what, res.StatusCode, retry)
	res.Body = &body{ReadCloser: res.Body, ctx: ctx, stall: stall, pause: c.cfg.Stall}
	switch s := res.StatusCode; {
	case s == http.StatusOK, s == http.StatusPartialContent, s == http.StatusNotModified, s == http.StatusRequestedRangeNotSatisfiable:
		return read(res)
	case s == http.StatusNotFound, s == http.StatusForbidden && r.missing && isMissing(res):
		return ErrNotFound
	case s == http.StatusForbidden, s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s >= 500:
		return &failure{reason: "the answer is " + statusText(s), after: retryAfter(res.Header, time.Now())}
	default:
		return errors.Errorf("the answer is %s", statusText(s))
	}
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// broken is the failure of an attempt that an error of the network ended, unless its end was asked for.
func (c *Client) broken(ctx context.Context, what string, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStalled):
		return failed("%s: nothing came for %v", what, c.cfg.Stall)
	case cause != nil:
		return cause
	}
	if u, ok := errors.Into[*url.Error](err); ok {
		err = u.Err
	}
	return failed("%s: %v", what, err)
}

// body is that of an answer, given up when it stalls.
type body struct {
	io.ReadCloser
	ctx   context.Context
	stall *time.Timer
	pause time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && b.ctx.Err() == nil {
		b.stall.Reset(b.pause)
	}
	return n, err
}

var missingCode = regexp.MustCompile(`<Code>\s*(AccessDenied|NoSuchKey)\s*</Code>`)

// isMissing tells whether a refusal is how a store of files, which does not list them, says that it has no such file.
func isMissing(res *http.Response) bool {
	text, err := readAll(res, 64<<10)
	return err == nil && missingCode.Match(text)
}

const maxRetryAfter = 10 * time.Minute

// retryAfter returns how long the server wants to be left alone.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	var after time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(seconds) {
		after = time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if day, err := http.ParseTime(text); err == nil {
		after = day.Sub(now)
	}
	return min(max(after, 0), maxRetryAfter)
}

// tooLargeError says that an answer has more bytes than it may.
type tooLargeError struct{ limit int64 }

func (e tooLargeError) Error() string { return fmt.Sprintf("larger than %d MiB", e.limit>>20) }

// readAll reads an answer to its end, unpacked.
func readAll(res *http.Response, limit int64) ([]byte, error) {
	if res.ContentLength > limit {
		return nil, tooLargeError{limit}
	}
	var r io.Reader = res.Body
	switch encoding := strings.ToLower(res.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.Wrap(err, "gzip")
		}
		defer z.Close()
		r = z
	default:
		return nil, errors.Errorf("the content encoding %q was not asked for", encoding)
	}
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > limit:
		return nil, tooLargeError{limit}
	}
	return content, nil
}
