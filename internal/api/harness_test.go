package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// With EDGEVALUE_TEST_URL the tests that need no more than the public surface call that server, with the superuser of
// EDGEVALUE_TEST_SUPERUSER and EDGEVALUE_TEST_PASSWORD. They leave behind what they make.
func remote() bool { return os.Getenv("EDGEVALUE_TEST_URL") != "" }

const password = "correct horse battery"

// cheap are the costs of a hash in tests.
var cheap = auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// start is when the clock of a test begins. The newest files of tests are older.
var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// fixture is a server and its clients.
type fixture struct {
	t                 *testing.T
	url               string // without a trailing slash
	anon, user, super *oas.Client
	userEmail         string
	userToken         string
	superToken        string
	http              *http.Client

	// What follows is nil when the server is not this process's.
	pool  *pgxpool.Pool
	app   *app.App
	clock *clock
	mails *outbox
	log   *buffer
}

type options struct {
	app  func(*app.Config)
	api  func(*api.Config)
	jobs bool
	// direct is a database that others use as well; by default the server has one of its own.
	direct *pgxpool.Pool
}

// setup returns a server of the test's own with an ordinary user and a superuser. It skips the test when the server is
// another one: only what setupAnywhere gives works there.
func setup(t *testing.T, o options) *fixture {
	t.Helper()
	if remote() {
		t.Skip("EDGEVALUE_TEST_URL names another server, and this test looks into one of its own")
	}
	if o.direct == nil {
		o.direct = pgtest.New(t)
	}
	f := &fixture{t: t, pool: o.direct, clock: &clock{now: start}, mails: &outbox{}, log: &buffer{}}
	logger := slog.New(slog.NewTextHandler(f.log, nil))
	cfg := app.Config{
		Pool: f.pool, Hasher: auth.NewHasher(cheap), Mail: f.mails, Logger: logger, Now: f.clock.Now,
		Changes:       pg.NewChanges(f.pool, slog.New(slog.DiscardHandler)),
		Tokens:        auth.NewTokens("a secret of the tests, long enough", time.Hour, f.clock.Now),
		ConsoleTokens: auth.NewConsoleTokens("a secret of the tests, long enough", 12*time.Hour, f.clock.Now),
		CookieTokens:  auth.NewCookieTokens("a secret of the tests, long enough", app.SessionLife, f.clock.Now),
		TOTP:          auth.NewTOTP("a secret of the tests, long enough"),
		ProjectName:   "EdgeValue", PublicURL: "https://edgevalue.example", OpenRegistration: true,
		AccessTokenLife: time.Hour, RefreshTokenLife: 30 * 24 * time.Hour, ResetTokenLife: 48 * time.Hour,
		AttemptsPerAddress: 1_000_000, AttemptsPerAccount: 1_000_000, AttemptWindow: 15 * time.Minute,
	}
	if o.app != nil {
		o.app(&cfg)
	}
	var err error
	f.app, err = app.New(cfg)
	require.NoError(t, err)
	if o.jobs {
		f.work()
	}
	server := api.Config{App: f.app, Logger: logger, Cache: api.NewCache(4 << 20)}
	if o.api != nil {
		o.api(&server)
	}
	if server.Cache != nil && f.app.Changes != nil {
		listen(t, f.app.Changes)
	}
	handler, err := api.New(server)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(handler)
	s.Listener = api.NewListener(s.Listener, logger)
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(func() {
		if t.Failed() && f.log.Len() > 0 {
			t.Logf("the server's log:\n%s", f.log)
		}
	})
	_, err = f.app.EnsureSuperuser(t.Context(), "super@example.com", password)
	require.NoError(t, err)
	f.connect(s.URL, "super@example.com", password)
	return f
}

// listen follows changes until the test ends, from now on.
func listen(t testing.TB, changes *pg.Changes) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); changes.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	require.Eventually(t, func() bool { _, ok := changes.State(pg.Data); return ok }, 30*time.Second, time.Millisecond)
}

// setupAnywhere is setup for tests that work on a server that others use too, and whose database they cannot see.
// Jobs are carried out.
func setupAnywhere(t *testing.T) *fixture {
	t.Helper()
	if !remote() {
		return setup(t, options{jobs: true})
	}
	f := &fixture{t: t}
	f.connect(strings.TrimSuffix(os.Getenv("EDGEVALUE_TEST_URL"), "/"), os.Getenv("EDGEVALUE_TEST_SUPERUSER"),
		os.Getenv("EDGEVALUE_TEST_PASSWORD"))
	return f
}

func (f *fixture) connect(base, superuser, superPassword string) {
	f.t.Helper()
	f.url = base
	f.http = &http.Client{
		Transport:     contract{f.t, &http.Transport{ExpectContinueTimeout: 10 * time.Second}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	f.t.Cleanup(f.http.CloseIdleConnections)
	f.anon = f.client("")
	f.superToken = f.login(superuser, superPassword)
	f.super = f.client(f.superToken)
	f.userEmail = unique("user") + "@example.com"
	f.createUser(f.userEmail)
	f.userToken = f.login(f.userEmail, password)
	f.user = f.client(f.userToken)
}

// in is the fixture for a subtest.
func (f *fixture) in(t *testing.T) *fixture {
	c := *f
	c.t = t
	return &c
}

// work carries out jobs until the test ends.
func (f *fixture) work() {
	f.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- jobs.Run(ctx, f.app, jobs.Config{
			Concurrency: 2, Grace: 10 * time.Second, PollInterval: 20 * time.Millisecond, Pool: f.pool,
			Logger:     slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			DataConfig: jobs.DataConfig{Imports: 3, Companies: 2, Sync: f.app.EDGAR != nil}, // newproject:companies
		})
	}()
	f.t.Cleanup(func() {
		stop()
		assert.NoError(f.t, <-done)
	})
}

// bearer gives a client its access token; "" is none.
type bearer string

func (b bearer) OAuth2PasswordBearer(context.Context, oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	if b == "" {
		return oas.OAuth2PasswordBearer{}, ogenerrors.ErrSkipClientSecurity
	}
	return oas.OAuth2PasswordBearer{Token: string(b)}, nil
}

func (b bearer) ApiKey(context.Context, oas.OperationName) (oas.ApiKey, error) {
	return oas.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

func (f *fixture) client(token string) *oas.Client {
	f.t.Helper()
	c, err := oas.NewClient(f.url+api.Prefix, bearer(token), oas.WithClient(f.http))
	require.NoError(f.t, err)
	return c
}

// login returns an access token.
func (f *fixture) login(email, password string) string {
	f.t.Helper()
	token, err := f.anon.CreateAccessToken(f.t.Context(), &oas.AccessTokenForm{Username: email, Password: password})
	require.NoError(f.t, err)
	return token.AccessToken
}

// createUser adds an ordinary user with the password of the tests.
func (f *fixture) createUser(email string) *oas.User {
	f.t.Helper()
	u, err := f.super.CreateUser(f.t.Context(), &oas.UserCreate{Email: oas.Email(email), Password: password})
	require.NoError(f.t, err)
	return u
}

// call sends any request with an access token ("" is none) and returns the response with its body.
func (f *fixture) call(token, method, path string, body io.Reader, header ...string) (*http.Response, []byte) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, body)
	require.NoError(f.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := f.http.Do(r)
	require.NoError(f.t, err, "%s %.200s", method, path)
	out, err := io.ReadAll(res.Body)
	require.NoError(f.t, err)
	require.NoError(f.t, res.Body.Close())
	return res, out
}

// callJSON sends a JSON body to a path below the API's prefix.
func (f *fixture) callJSON(token, method, path, body string) (*http.Response, []byte) {
	f.t.Helper()
	return f.call(token, method, api.Prefix+path, strings.NewReader(body), "Content-Type", "application/json")
}

// problem requires that an error is a problem with this status, and returns it.
func problem(t testing.TB, err error, status int) oas.Problem {
	t.Helper()
	require.Error(t, err)
	var p *oas.ProblemStatusCodeWithHeaders
	require.True(t, errors.As(err, &p), "%v", err)
	require.Equal(t, status, p.StatusCode, "%+v", p.Response)
	assert.EqualValues(t, status, p.Response.Status)
	assert.True(t, strings.HasPrefix(p.Response.Type, "/problems/"), p.Response.Type)
	assert.NotEmpty(t, p.Response.Title)
	return p.Response
}

// fieldProblem requires a 422 problem about one field.
func fieldProblem(t testing.TB, err error, field string) string {
	t.Helper()
	p := problem(t, err, http.StatusUnprocessableEntity)
	require.Len(t, p.Errors, 1, "%+v", p)
	assert.Equal(t, field, p.Errors[0].Field)
	return p.Errors[0].Message
}

// pages follows the page tokens to the end and requires that every page but the last is full.
func pages[T any](t *testing.T, size int, get func(token oas.OptString) ([]T, oas.NilString)) (all []T) {
	t.Helper()
	var token oas.OptString
	for range 10_000 {
		items, next := get(token)
		all = append(all, items...)
		if next.Null {
			assert.LessOrEqual(t, len(items), size)
			return all
		}
		require.Len(t, items, size)
		require.NotEqual(t, token.Value, next.Value)
		token = oas.NewOptString(next.Value)
	}
	t.Fatal("the pages do not end")
	return nil
}

// decodeProblem reads the problem of a raw response.
func decodeProblem(t testing.TB, body []byte) (p oas.Problem) {
	t.Helper()
	require.NoError(t, p.UnmarshalJSON(body), "%s", body)
	return p
}

// unique returns a name that no other test uses, on no server.
func unique(prefix string) string { return fmt.Sprintf("%s%08X", prefix, rand.Uint32()) }

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// exec changes the database, and tells the server at once what PostgreSQL tells it soon.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), sql, args...)
	require.NoError(f.t, err)
	f.app.Changes.Wrote(pg.Data)
	f.app.Changes.Wrote(pg.Accounts)
}

// count returns one number from the database.
func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.pool.QueryRow(f.t.Context(), query, args...).Scan(&n))
	return n
}

// tables counts the rows of each table that says what users have done. Refusals may leave events and attempts.
func (f *fixture) tables() map[string]int {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), `SELECT table_name::text FROM information_schema.tables
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT IN ('audit_event', 'rate_limit', 'worker')
			AND (table_name = 'river_job' OR table_name NOT LIKE 'river%')`) // where River keeps who leads, and the like
	require.NoError(f.t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(f.t, err)
	n := map[string]int{}
	for _, name := range names {
		n[name] = f.count("SELECT count(*) FROM " + pgx.Identifier{name}.Sanitize())
	}
	return n
}

func escape(s string) string { return url.PathEscape(s) }

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// outbox keeps the mails that are sent.
type outbox struct {
	mu   sync.Mutex
	sent []mail.Message
}

func (o *outbox) Send(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, m)
	return nil
}

// to returns the mails to an address whose text contains a word.
func (o *outbox) to(address, word string) (found []mail.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.sent {
		if m.To == address && strings.Contains(m.Text, word) {
			found = append(found, m)
		}
	}
	return found
}

// wait returns the n-th mail to an address whose text contains a word, as soon as it is there.
func (o *outbox) wait(t testing.TB, address, word string, n int) mail.Message {
	t.Helper()
	require.Eventually(t, func() bool { return len(o.to(address, word)) >= n }, 15*time.Second, 10*time.Millisecond)
	return o.to(address, word)[n-1]
}

// buffer is a bytes.Buffer that is safe for concurrent use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) Len() int { return len(b.String()) }
