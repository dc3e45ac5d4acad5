package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// cacheable are requests that succeed once the samples are there, one for each operation.
func (f *fixture) cacheable() map[string]string {
	id := func(sql string) string { return strconv.Itoa(f.count(sql)) }
	statement := "/financial-statements/" + id("SELECT max(s.id) FROM financial_statement s JOIN listing l USING (company_id) WHERE l.ticker = 'AAPL'")
	return map[string]string{
		"listCompanies": "/companies?q=apple&page_size=2", "getCompany": "/companies/AAPL", "listMetrics": "/metrics", "getRules": "/rules",
		"listCompanyFinancialStatements": "/companies/AAPL/financial-statements?period=annual",
		"listCompanyRestatements":        "/companies/AAPL/restatements", "listCompanyValueMetrics": "/companies/AAPL/value-metrics?page_size=2",
		"listCompanyDividends": "/companies/AAPL/dividends", "listCompanySplits": "/companies/AAPL/splits",
		"listCompanyPrices":         "/companies/AAPL/prices?from=2017-12-01&to=2017-12-31",
		"listCompanyDailyRatios":    "/companies/AAPL/daily-ratios?from=2017-12-28&to=2017-12-29",
		"explainDailyRatio":         "/companies/AAPL/daily-ratios/2017-12-29/explanation?field=market_cap",
		"getCompanyValuation":       "/companies/AAPL/valuation?as_of=2017-12-29&discount_rate=0.1&terminal_growth=0.03",
		"listFinancialStatements":   "/financial-statements?page_size=3",
		"getFinancialStatement":     statement,
		"explainFinancialStatement": statement + "/explanation?field=total_assets", "listFinancialStatementVersions": statement + "/versions",
		"listRestatements": "/restatements?page_size=3", "listValueMetrics": "/value-metrics?page_size=3", "listDividends": "/dividends?page_size=3",
		"getDividend":     "/dividends/" + id("SELECT max(id) FROM dividend"),
		"listDailyRatios": "/daily-ratios?date=2017-12-29", "listExchangeRates": "/exchange-rates",
	}
}

// The forms in which an answer comes have the same bytes and headers, from the cache or not, and an answer that a client
// has is not sent again.
func TestCachedAnswers(t *testing.T) {
	t.Parallel()
	var cache *api.Cache
	f := setup(t, options{jobs: true, api: func(c *api.Config) { cache = c.Cache }})
	f.importSamples()
	paths := f.cacheable()
	n := 0
	for _, op := range operations() {
		if op.Extensions["x-cacheable"] == nil {
			continue
		}
		n++
		require.NotEmpty(t, paths[op.OperationID], op.OperationID)
		path := api.Prefix + paths[op.OperationID]
		f.app.Changes.Wrote(pg.Data)
		res, plain := f.call("", http.MethodGet, path, nil, "Accept-Encoding", "identity")
		require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", op.OperationID, plain)
		tag := res.Header.Get("ETag")
		assert.Regexp(t, `^"[0-9a-f]{16}"$`, tag, op.OperationID)
		assert.Equal(t, "public, max-age=0, must-revalidate", res.Header.Get("Cache-Control"), op.OperationID)
		assert.Contains(t, res.Header.Values("Vary"), "Accept-Encoding", op.OperationID)
		assert.Equal(t, int64(len(plain)), res.ContentLength, op.OperationID)
		for range 2 { // the second time from the cache
			for _, coding := range []string{"gzip", "zstd", "identity"} {
				what := op.OperationID + " " + coding
				got, body := f.call("", http.MethodGet, path, nil, "Accept-Encoding", coding)
				assert.Equal(t, string(plain), string(unpacked(t, got, body)), what)
				want := tag
				if len(plain) >= 1024 && coding != "identity" {
					want = strings.TrimSuffix(tag, `"`) + "-" + coding + `"`
					assert.Less(t, len(body), len(plain), what)
				}
				assert.Equal(t, want, got.Header.Get("ETag"), what)
				head, none := f.call("", http.MethodHead, path, nil, "Accept-Encoding", coding)
				assert.Empty(t, none, what)
				for _, h := range []http.Header{got.Header, head.Header} {
					h.Del("X-Request-Id")
					h.Del("Date")
				}
				assert.Equal(t, got.Header, head.Header, what)
				for _, known := range []string{want, tag, "W/" + tag, `"other", ` + want, "*"} {
					same, none := f.call("", http.MethodGet, path, nil, "Accept-Encoding", coding, "If-None-Match", known)
					assert.Equal(t, http.StatusNotModified, same.StatusCode, what)
					assert.Empty(t, none, what)
					if known != "*" {
						assert.Contains(t, known, same.Header.Get("ETag"), what)
					}
					assert.Equal(t, got.Header["Cache-Control"], same.Header["Cache-Control"], what)
					assert.Empty(t, same.Header.Get("Content-Encoding"), what)
				}
				other, _ := f.call("", http.MethodGet, path, nil, "Accept-Encoding", coding, "If-None-Match", `"other", malformed`)
				assert.Equal(t, http.StatusOK, other.StatusCode, what)
			}
		}
	}
	assert.Len(t, paths, n)
	t.Logf("%+v", cache.Stats())
}

func unpacked(t *testing.T, res *http.Response, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	require.NoError(t, err)
	body, err = io.ReadAll(r)
	require.NoError(t, err)
	return body
}

// counted is how many requests a cache had while f ran.
func counted(c *api.Cache, f func()) (hits, misses uint64) {
	before := c.Stats()
	f()
	after := c.Stats()
	return after.Hits - before.Hits, after.Misses - before.Misses
}

func TestCacheKeys(t *testing.T) {
	t.Parallel()
	var cache *api.Cache
	f := setup(t, options{api: func(c *api.Config) { cache = c.Cache }})
	create := func(ticker string) { // and wait until the server is told of it
		before, _ := f.app.Changes.State(pg.Data)
		f.createCompany(ticker)
		require.Eventually(t, func() bool {
			s, _ := f.app.Changes.State(pg.Data)
			return s == before+2
		}, 30*time.Second, time.Millisecond)
	}
	create("ONE")
	create("TWO")
	get := func(path string, header ...string) *http.Response {
		res, _ := f.call("", http.MethodGet, api.Prefix+path, nil, header...)
		return res
	}
	for _, group := range [][]string{ // each the same for the server
		{"/companies?q=one&page_size=10", "/companies?page_size=10&q=one", "/companies/?q=%6Fne&page_size=10", "/companies?q=one&page_size=10&utm_source=mail&x=1"},
		{"/companies?q=one&page_size=11"},
		{"/companies?q=two&page_size=10", "/companies?x=q%3Done&q=two&page_size=10"},
		{"/companies?q=one", "/companies?q=one&Q=two"},
		{"/companies?q=a%26b", "/companies?q=a%26b&b"},
		{"/companies?q=a&b"},
		{"/companies/ONE", "/companies/%4FNE", "/companies/ONE/", "/companies/ONE?q=two"},
		{"/companies/TWO"},
	} {
		for i, path := range group {
			hits, misses := counted(cache, func() { require.Equal(t, http.StatusOK, get(path).StatusCode, path) })
			assert.Equal(t, [2]uint64{uint64(min(i, 1)), uint64(1 - min(i, 1))}, [2]uint64{hits, misses}, path)
		}
		for _, path := range group {
			hits, misses := counted(cache, func() { get(path) })
			assert.Equal(t, [2]uint64{1, 0}, [2]uint64{hits, misses}, "%s again", path)
		}
	}
	// Whoever asks has the same, but none else is to keep what it was sent with a key, a token or a cookie.
	for _, header := range []string{"Authorization", "X-API-Key", "Cookie"} {
		hits, misses := counted(cache, func() {
			assert.Equal(t, "private, max-age=0, must-revalidate", get("/companies/ONE", header, "any").Header.Get("Cache-Control"))
		})
		assert.Equal(t, [2]uint64{1, 0}, [2]uint64{hits, misses}, header)
	}
	assert.Contains(t, f.log.String(), "route=getCompany")

	// What is not for everybody, what fails and what changes something is not kept.
	hits, misses := counted(cache, func() {
		for range 2 {
			res, _ := f.call(f.superToken, http.MethodGet, api.Prefix+"/users/me", nil)
			assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			assert.Equal(t, http.StatusNotFound, get("/companies/THREE").StatusCode)
			assert.Equal(t, "no-store", get("/companies/THREE").Header.Get("Cache-Control"))
			assert.Equal(t, http.StatusUnprocessableEntity, get("/companies?page_size=0").StatusCode)
			assert.Equal(t, http.StatusBadRequest, get("/companies?q=%zz").StatusCode)
			assert.Equal(t, http.StatusNotFound, get("/companies/../companies").StatusCode)
		}
	})
	assert.Equal(t, [2]uint64{0, 6}, [2]uint64{hits, misses})
	create("THREE")
	assert.Equal(t, http.StatusOK, get("/companies/THREE").StatusCode)
	first := get("/companies/THREE").Header.Get("ETag")

	// A change and another day are another moment.
	for _, change := range []func(){
		func() { create("FOUR") },
		func() { f.clock.advance(24 * time.Hour) },
	} {
		change()
		hits, misses = counted(cache, func() { assert.Equal(t, first, get("/companies/THREE").Header.Get("ETag")) })
		assert.Equal(t, [2]uint64{0, 1}, [2]uint64{hits, misses})
	}
	// A login changes no data.
	hits, _ = counted(cache, func() {
		f.login("super@example.com", password)
		get("/companies/THREE")
	})
	assert.EqualValues(t, 1, hits)
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	const size = 200 << 10
	cache := api.NewCache(size)
	f := setup(t, options{api: func(c *api.Config) { c.Cache = cache }})
	for i := range 30 {
		f.createCompany(fmt.Sprintf("T%d", i))
	}
	var most uint64
	for i := range 300 {
		path := fmt.Sprintf("%s/companies?page_size=%d&invented=%d", api.Prefix, 1+i%100, i)
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			res, _ := f.call("", http.MethodGet, path, nil, "Accept-Encoding", coding)
			require.Equal(t, http.StatusOK, res.StatusCode)
		}
		require.Eventually(t, func() bool { return cache.Stats().Bytes <= size }, 30*time.Second, time.Millisecond)
		most = max(most, cache.Stats().Bytes)
	}
	assert.Greater(t, most, uint64(size/2), "it was full")
	t.Logf("at most %d bytes of %d", most, size)

	// An answer that is larger than a share of it is sent, and not kept.
	page := api.Prefix + "/companies?page_size=1000"
	for range 2 {
		hits, misses := counted(cache, func() {
			res, _ := f.call("", http.MethodGet, page, nil, "Accept-Encoding", "gzip")
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		})
		assert.Equal(t, [2]uint64{0, 1}, [2]uint64{hits, misses})
	}
	assert.Nil(t, api.NewCache(0))
}

// Without a cache, answers have the same headers.
func TestNoCache(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) { c.Cache = nil }})
	f.createCompany("ONE")
	for range 2 {
		res, _ := f.call("", http.MethodGet, api.Prefix+"/companies/ONE", nil)
		require.Equal(t, http.StatusOK, res.StatusCode)
		same, _ := f.call("", http.MethodGet, api.Prefix+"/companies/ONE", nil, "If-None-Match", res.Header.Get("ETag"))
		assert.Equal(t, http.StatusNotModified, same.StatusCode)
	}
}

// Those who ask for the same at the same time wait for one query, but not when its client goes away.
func TestOneQueryForMany(t *testing.T) {
	t.Parallel()
	cache := api.NewCache(1 << 20)
	f := setup(t, options{api: func(c *api.Config) { c.Cache = cache }})
	f.createCompany("ONE")
	lock := f.hold("LOCK TABLE company")
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+api.Prefix+"/companies/ONE", nil)
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		_, err := f.http.Do(r)
		assert.ErrorIs(t, err, context.Canceled)
	})
	require.Eventually(t, func() bool { return cache.Stats().Misses == 1 }, 30*time.Second, time.Millisecond)
	for range 8 {
		all.Go(func() {
			res, _ := f.call("", http.MethodGet, api.Prefix+"/companies/ONE", nil)
			assert.Equal(t, http.StatusOK, res.StatusCode)
		})
	}
	leave()
	require.Eventually(t, func() bool { return cache.Stats().Misses > 1 }, 30*time.Second, time.Millisecond, "another one asks")
	require.NoError(t, lock.Rollback(t.Context()))
	all.Wait()
	s := cache.Stats()
	assert.EqualValues(t, 9, s.Hits+s.Misses)
	t.Logf("%+v %d queries for %d requests", s, s.Misses-1, 8)
}

// A server is one of several over a database.
type server struct {
	url   string
	cache *api.Cache
	app   *app.App
}

// another serves the database of f from what could be another process. dial connects its pool and its listener, unless it
// is nil.
func (f *fixture) another(dial func(ctx context.Context, network, addr string) (net.Conn, error)) server {
	f.t.Helper()
	cfg, err := pgxpool.ParseConfig(f.pool.Config().ConnString())
	require.NoError(f.t, err)
	cfg.AfterConnect = f.pool.Config().AfterConnect
	pool, err := pgxpool.NewWithConfig(f.t.Context(), cfg)
	require.NoError(f.t, err)
	f.t.Cleanup(pool.Close)
	log := slog.New(slog.DiscardHandler)
	gated := pool
	if dial != nil {
		cfg := pool.Config()
		cfg.ConnConfig.DialFunc = dial
		gated, err = pgxpool.NewWithConfig(f.t.Context(), cfg)
		require.NoError(f.t, err)
		f.t.Cleanup(gated.Close)
	}
	config := f.app.Config
	config.Pool, config.Changes, config.Logger = pool, pg.NewChanges(gated, log), log
	s := server{cache: api.NewCache(4 << 20)}
	s.app, err = app.New(config)
	require.NoError(f.t, err)
	listen(f.t, config.Changes)
	h, err := api.New(api.Config{App: s.app, Logger: log, Cache: s.cache})
	require.NoError(f.t, err)
	served := httptest.NewServer(h)
	f.t.Cleanup(served.Close)
	s.url = served.URL
	return s
}

// cut ends the connections of listeners, and returns how many those were.
func (f *fixture) cut() int64 {
	tag, err := f.pool.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN changes%' OR query = 'SELECT')`)
	assert.NoError(f.t, err)
	return tag.RowsAffected()
}

// Two servers answer while companies are renamed at either: what was written at a server, and what somebody has seen at
// it, is never older there, also when the listeners' connections are cut. What was written at the other one is late by as
// long as a notification takes.
func TestNothingStale(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	const companies, renames, readers = 3, 120, 3 // readers of a server and a company
	servers := []server{f.another(nil), f.another(nil)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	t.Cleanup(client.CloseIdleConnections)
	send := func(method, url, body string, header ...string) (int, http.Header, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			return 0, nil, "", err
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if body == "" {
			r.Body = http.NoBody
		}
		res, err := client.Do(r)
		if err != nil {
			return 0, nil, "", err
		}
		defer func() { _ = res.Body.Close() }()
		out, err := io.ReadAll(res.Body)
		return res.StatusCode, res.Header, string(out), err
	}

	type written struct {
		number int64
		at     time.Time // when it was answered
	}
	var (
		own, foreign  [2][companies]atomic.Pointer[written] // by the server that is read, and by the company
		answers, late atomic.Int64
		longest       atomic.Int64
		notModified   atomic.Int64
		writing       atomic.Int64
	)
	for s := range servers {
		for c := range companies {
			own[s][c].Store(&written{})
			foreign[s][c].Store(&written{})
		}
	}
	name := regexp.MustCompile(`"name":"N(\d+)"`)
	var all sync.WaitGroup
	writing.Store(companies)
	for c := range companies {
		f.createCompany(fmt.Sprintf("C%d", c))
		_, _, body, err := send(http.MethodPatch, servers[0].url+api.Prefix+fmt.Sprintf("/companies/C%d", c), `{"name":"N0"}`,
			"Authorization", "Bearer "+f.superToken, "Content-Type", "application/json")
		require.NoError(t, err)
		require.Contains(t, body, `"name":"N0"`)
	}
	for c := range companies {
		path := api.Prefix + fmt.Sprintf("/companies/C%d", c)
		all.Go(func() {
			defer writing.Add(-1)
			for n := int64(1); n <= renames; n++ {
				at := rand.IntN(2)
				status, _, body, err := send(http.MethodPatch, servers[at].url+path, fmt.Sprintf(`{"name":"N%d"}`, n),
					"Authorization", "Bearer "+f.superToken, "Content-Type", "application/json")
				if !assert.NoError(t, err) || !assert.Equal(t, http.StatusOK, status, body) {
					return
				}
				w := &written{n, time.Now()}
				own[at][c].Store(w)
				foreign[1-at][c].Store(w)
				if n%40 == 0 && c == 0 {
					assert.Positive(t, f.cut())
				}
				time.Sleep(rand.N(4 * time.Millisecond))
			}
		})
		for s := range servers {
			for i := range readers {
				list := i == 0
				all.Go(func() {
					url, tag, seen, coding := servers[s].url+path, "", int64(0), []string{"identity", "gzip", "zstd"}[i]
					if list {
						url = servers[s].url + api.Prefix + fmt.Sprintf("/companies?q=C%d", c)
					}
					var known string
					for done := false; !done; {
						done = writing.Load() == 0 // then once more
						mine, others, begin := own[s][c].Load(), foreign[s][c].Load(), time.Now()
						header := []string{"Accept-Encoding", coding}
						if tag != "" && rand.IntN(2) == 0 {
							header = append(header, "If-None-Match", tag)
						}
						status, h, body, err := send(http.MethodGet, url, "", header...)
						if !assert.NoError(t, err) {
							return
						}
						if status == http.StatusNotModified {
							notModified.Add(1)
							body = known
						} else if !assert.Equal(t, http.StatusOK, status, body) {
							return
						} else {
							tag, known = h.Get("ETag"), string(unpacked(t, &http.Response{Header: h}, []byte(body)))
							body = known
						}
						found := name.FindStringSubmatch(body)
						if !assert.NotNil(t, found, body) {
							return
						}
						n, _ := strconv.ParseInt(found[1], 10, 64)
						answers.Add(1)
						if !assert.GreaterOrEqual(t, n, mine.number, "older than what was written here") || !assert.GreaterOrEqual(t, n, seen, "older than before") {
							return
						}
						seen = n
						if n < others.number {
							late.Add(1)
							for by := begin.Sub(others.at).Microseconds(); ; {
								if l := longest.Load(); by <= l || longest.CompareAndSwap(l, by) {
									break
								}
							}
						}
					}
				})
			}
		}
	}
	all.Wait()
	for s := range servers {
		for c := range companies {
			assert.Eventually(t, func() bool {
				_, _, body, err := send(http.MethodGet, servers[s].url+api.Prefix+fmt.Sprintf("/companies/C%d", c), "")
				return err == nil && strings.Contains(body, fmt.Sprintf(`"name":"N%d"`, renames))
			}, 30*time.Second, time.Millisecond)
		}
		stats := servers[s].cache.Stats()
		assert.Positive(t, stats.Hits)
		t.Logf("server %d: %d hits, %d misses, %d bypasses", s, stats.Hits, stats.Misses, stats.Bypasses)
	}
	assert.Positive(t, notModified.Load())
	t.Logf("%d writes, %d answers (%d of them 304): 0 older than a write at the same server; %d older than one at the other, "+
		"asked for at most %s after its answer", companies*renames, answers.Load(), notModified.Load(), late.Load(),
		time.Duration(longest.Load())*time.Microsecond)
}

// While a server does not hear of changes it takes nothing from its cache, and afterwards nothing of before.
func TestCacheWithoutAListener(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	var closed atomic.Bool
	deaf := f.another(func(ctx context.Context, network, addr string) (net.Conn, error) {
		if closed.Load() {
			return nil, errors.New("closed")
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	})
	f.createCompany("ONE")
	path := api.Prefix + "/companies/ONE"
	rename := func(name string) {
		res, body := f.call(f.superToken, http.MethodPatch, path, strings.NewReader(`{"name":"`+name+`"}`), "Content-Type", "application/json")
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	}
	there := func() string {
		res, err := http.Get(deaf.url + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return string(body)
	}
	listens := func() bool { _, ok := deaf.app.Changes.State(pg.Data); return ok }
	for round := range 3 {
		require.Eventually(t, func() bool {
			hits, _ := counted(deaf.cache, func() { there() })
			return hits > 0
		}, 30*time.Second, time.Millisecond)
		closed.Store(true)
		require.Positive(t, f.cut())
		require.Eventually(t, func() bool { return !listens() }, 30*time.Second, time.Millisecond)
		for i := range 3 {
			name := fmt.Sprintf("Renamed %d %d", round, i)
			rename(name)
			hits, misses := counted(deaf.cache, func() { assert.Contains(t, there(), name) })
			assert.Equal(t, [2]uint64{0, 0}, [2]uint64{hits, misses})
		}
		rename("Last")
		closed.Store(false)
		require.Eventually(t, listens, 30*time.Second, time.Millisecond)
		assert.Contains(t, there(), "Last")
	}
	assert.EqualValues(t, 9, deaf.cache.Stats().Bypasses)
}

// What a worker imports is there at a server of another process.
func TestCacheSeesImports(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	other := f.another(nil)
	f.imported("companies", sampleFile(t, "company_tickers.json.gz"))
	length := func(path string) int {
		res, err := http.Get(other.url + api.Prefix + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		return len(body)
	}
	paths := []string{"/companies/AAPL", "/companies/AAPL/financial-statements", "/companies/AAPL/dividends", "/companies/AAPL/restatements"}
	before := map[string]int{}
	for _, path := range slices.Repeat(paths, 2) {
		before[path] = length(path)
	}
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	for _, path := range paths {
		assert.Eventually(t, func() bool { return length(path) != before[path] }, 30*time.Second, time.Millisecond, path)
	}
	assert.Positive(t, other.cache.Stats().Hits)
}
