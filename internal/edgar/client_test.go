package edgar_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/sec"
)

const (
	apple     = 320193
	marvell   = 1835632
	snowflake = 1640147
	agent     = "EdgeValue test@example.com"
)

// files are the sample files, Marvell's submissions in two documents, and an index of a day.
func files(t testing.TB) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	entries, err := sample.FS.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		content, err := sample.FS.ReadFile(e.Name())
		require.NoError(t, err)
		all[e.Name()] = &fstest.MapFile{Data: content}
	}
	submissions := strings.Replace(string(marvellSubmissions(t)), `"files":[]`,
		`"files":[{"name":"CIK0001835632-submissions-001.json","filingCount":2,"filingFrom":"2019-01-02","filingTo":"2020-12-22"}]`, 1)
	all["submissions-CIK0001835632.json"] = &fstest.MapFile{Data: []byte(submissions)}
	all["submissions-CIK0001835632-submissions-001.json"] = &fstest.MapFile{Data: []byte(olderPage)}
	all["form.20260601.idx"] = &fstest.MapFile{Data: []byte(index)}
	return all
}

const olderPage = `{"accessionNumber":["0001193125-20-324587","0000000001-19-000001"],"filingDate":["2020-12-22","2019-01-02"],
	"reportDate":["","2018-12-31"],"acceptanceDateTime":["2020-12-22T21:37:12.000Z",""],"form":["S-4","10-K"]}`

func marvellSubmissions(t testing.TB) []byte {
	t.Helper()
	packed, err := os.ReadFile("testdata/submissions-CIK0001835632.json.gz")
	require.NoError(t, err)
	return unpack(t, packed)
}

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(z)
	require.NoError(t, err)
	return content
}

func sampleFacts(t testing.TB, cik int64) []byte {
	t.Helper()
	packed, err := sample.FS.ReadFile(fmt.Sprintf("companyfacts-CIK%010d.json.gz", cik))
	require.NoError(t, err)
	return unpack(t, packed)
}

// serve starts a server over the files.
func serve(t testing.TB, all fstest.MapFS) (*edgartest.Server, string) {
	t.Helper()
	s := edgartest.New(all)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, h.URL
}

// client returns an impatient client.
func client(t testing.TB, url string, change ...func(*edgar.Config)) *edgar.Client {
	t.Helper()
	cfg := edgar.Config{
		DataURL: url, FilesURL: url + "/", UserAgent: agent, Wait: func(context.Context) error { return nil },
		FirstPause: time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := edgar.New(cfg)
	require.NoError(t, err)
	return c
}

// answer serves one content for all requests, and counts them.
func answer(t testing.TB, status int, header http.Header, content string) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, content)
	}))
	t.Cleanup(h.Close)
	return h.URL, asked
}

func count(s *edgartest.Server, status int) (n int) {
	for r, times := range s.Requests() {
		if r.Status == status {
			n += times
		}
	}
	return n
}

func day(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	require.NoError(t, err)
	return d
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]edgar.Config{
		"no user agent":    {},
		"two lines":        {UserAgent: "a\r\nb: c"},
		"a file":           {UserAgent: agent, DataURL: "file:///etc"},
		"no host":          {UserAgent: agent, FilesURL: "https://"},
		"a query":          {UserAgent: agent, FilesURL: "https://example.com?a=b"},
		"no scheme at all": {UserAgent: agent, DataURL: "data.sec.gov"},
	} {
		_, err := edgar.New(cfg)
		require.Error(t, err, name)
	}
	_, err := edgar.New(edgar.Config{UserAgent: agent})
	require.NoError(t, err)
}

func TestListings(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	c := client(t, url)
	listings, skipped, version, err := c.Listings(t.Context(), edgar.Version{})
	require.NoError(t, err)
	assert.Len(t, listings, 9610)
	assert.Zero(t, skipped)
	assert.NotEmpty(t, version.ETag)
	assert.NotEmpty(t, version.LastModified)
	assert.Equal(t, map[edgartest.Request]int{
		{Path: "/files/company_tickers_exchange.json", Status: 404}: 1, {Path: "/files/company_tickers.json", Status: 200}: 1,
	}, s.Requests())
	_, _, _, err = c.Listings(t.Context(), version)
	require.ErrorIs(t, err, edgar.ErrNotModified)

	s.Set("company_tickers_exchange.json", []byte(`{"fields":["cik","name","ticker","exchange"],"data":[[320193,"Apple Inc.","AAPL","Nasdaq"],[1,"A",null,null]]}`))
	listings, skipped, version, err = c.Listings(t.Context(), version)
	require.NoError(t, err)
	assert.Equal(t, []sec.Listing{{CIK: apple, Ticker: "AAPL", Name: "Apple Inc.", Exchange: "Nasdaq"}}, listings)
	assert.Equal(t, 1, skipped)
	_, _, _, err = c.Listings(t.Context(), version)
	require.ErrorIs(t, err, edgar.ErrNotModified)

	s.Remove("company_tickers_exchange.json")
	s.Remove("company_tickers.json.gz")
	_, _, _, err = c.Listings(t.Context(), version)
	require.ErrorIs(t, err, edgar.ErrNotFound)
}

func TestSubmissions(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	c := client(t, url)
	got, version, err := c.Submissions(t.Context(), marvell, edgar.Version{})
	require.NoError(t, err)
	assert.Len(t, got.Filings, 788) // one of the older is among the recent ones
	assert.Equal(t, edgar.Filing{
		Accession: "0000000001-19-000001", Form: "10-K", Filed: day(t, "2019-01-02"), ReportDate: day(t, "2018-12-31"),
	}, got.Filings[787])
	_, _, err = c.Submissions(t.Context(), marvell, version)
	require.ErrorIs(t, err, edgar.ErrNotModified)
	_, _, err = c.Submissions(t.Context(), apple, edgar.Version{})
	require.ErrorIs(t, err, edgar.ErrNotFound)

	s.Remove("submissions-CIK0001835632-submissions-001.json")
	_, _, err = c.Submissions(t.Context(), marvell, edgar.Version{})
	require.ErrorContains(t, err, "submissions of CIK 1835632 (CIK0001835632-submissions-001.json) is named, but missing")
	require.NotErrorIs(t, err, edgar.ErrNotFound)

	s.Set("submissions-CIK0000320193.json.gz", files(t)["companyfacts-CIK0000320193.json.gz"].Data)
	s.Set("submissions-CIK0001640147.json", marvellSubmissions(t))
	_, _, err = c.Submissions(t.Context(), snowflake, edgar.Version{})
	require.EqualError(t, err, "submissions of CIK 1640147: the answer is broken: it is of CIK 1835632, 6 times")
}

func TestCompanyFacts(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	c := client(t, url)
	facts, version, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
	require.NoError(t, err)
	assert.True(t, bytes.Equal(sampleFacts(t, apple), facts.Content))
	_, _, err = c.CompanyFacts(t.Context(), apple, version)
	require.ErrorIs(t, err, edgar.ErrNotModified)
	assert.Equal(t, map[edgartest.Request]int{
		{Path: "/api/xbrl/companyfacts/CIK0000320193.json", Status: 200}: 1,
		{Path: "/api/xbrl/companyfacts/CIK0000320193.json", Status: 304}: 1,
	}, s.Requests())

	// A server without ETags.
	_, _, err = c.CompanyFacts(t.Context(), apple, edgar.Version{LastModified: version.LastModified})
	require.ErrorIs(t, err, edgar.ErrNotModified)

	s.Set("companyfacts-CIK0000320193.json", []byte("\ufeff"+`{"cik":"0000320193","entityName":"Apple","facts":{}}`))
	facts, _, err = c.CompanyFacts(t.Context(), apple, version)
	require.NoError(t, err)
	assert.JSONEq(t, `{"cik":"0000320193","entityName":"Apple","facts":{}}`, string(facts.Content))

	s.Remove("companyfacts-CIK0000320193.json")
	_, _, err = c.CompanyFacts(t.Context(), apple, version)
	require.ErrorIs(t, err, edgar.ErrNotFound)
	require.EqualError(t, err, "company facts of CIK 320193: not found")
}

// What is not what was asked for is asked for again, and reported in words.
func TestRefusesAnswers(t *testing.T) {
	t.Parallel()
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	_, err := z.Write(bytes.Repeat([]byte(" "), 1<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	bomb := bytes.Repeat(member.Bytes(), 65)
	packed := http.Header{"Content-Encoding": {"gzip"}}
	good := `{"cik":320193,"facts":{}}`
	var whole bytes.Buffer
	z = gzip.NewWriter(&whole)
	_, err = z.Write([]byte(good))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	spoiled := bytes.Clone(whole.Bytes())
	spoiled[len(spoiled)-5]++
	for name, tt := range map[string]struct {
		status  int
		header  http.Header
		content string
		want    string
		asked   int64
	}{
		"a page":              {200, nil, "<!doctype html><p>Hello", "the answer is an HTML page, not JSON, 3 times", 3},
		"a page by its type":  {200, http.Header{"Content-Type": {"text/html"}}, "Hello", "the answer is an HTML page, not JSON, 3 times", 3},
		"another company":     {200, nil, `{"cik":1,"facts":{}}`, "the answer is broken: it is of CIK 1, 3 times", 3},
		"another document":    {200, nil, `{"a":1}`, "the answer is broken: company facts: not a company facts document: no cik, 3 times", 3},
		"half a document":     {200, nil, good[:20], "the answer is broken: not valid JSON, 3 times", 3},
		"nothing":             {200, nil, "", "the answer is broken: not valid JSON, 3 times", 3},
		"a gzip checksum":     {200, packed, string(spoiled), "the answer is incomplete: gzip: invalid checksum, 3 times", 3},
		"half a gzip":         {200, packed, whole.String()[:20], "the answer is incomplete: unexpected EOF, 3 times", 3},
		"too large":           {200, packed, string(bomb), "the answer is too large: larger than 64 MiB", 1},
		"busy":                {503, nil, "", "the answer is 503 Service Unavailable, 3 times", 3},
		"forbidden":           {403, nil, "<Code>AccessDenied</Code>", "the answer is 403 Forbidden, 3 times", 3},
		"a bad request":       {400, nil, "", "the answer is 400 Bad Request", 1},
		"gone":                {404, nil, "", "not found", 1},
		"a part":              {206, nil, good, "the answer is 206 Partial Content, which was not asked for, 3 times", 3},
		"no change of what":   {304, nil, "", "the answer is 304 Not Modified, which was not asked for, 3 times", 3},
		"an unknown encoding": {200, http.Header{"Content-Encoding": {"br"}}, good, `the answer is incomplete: the content encoding "br" was not asked for, 3 times`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, asked := answer(t, tt.status, tt.header, tt.content)
			c := client(t, url, func(cfg *edgar.Config) { cfg.Tries = 3 })
			_, _, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
			require.EqualError(t, err, "company facts of CIK 320193: "+tt.want)
			assert.Equal(t, tt.asked, asked.Load())
		})
	}
}

func TestDailyIndex(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	c := client(t, url)
	entries, err := c.DailyIndex(t.Context(), day(t, "2026-06-01"))
	require.NoError(t, err)
	assert.Equal(t, indexed(t), entries)
	_, err = c.DailyIndex(t.Context(), day(t, "2026-05-31"))
	require.ErrorIs(t, err, edgar.ErrNotFound)
	assert.Equal(t, map[edgartest.Request]int{
		{Path: "/Archives/edgar/daily-index/2026/QTR2/form.20260601.idx", Status: 200}: 1,
		{Path: "/Archives/edgar/daily-index/2026/QTR2/form.20260531.idx", Status: 403}: 1,
	}, s.Requests())

	// Who is turned away has not learned that there is none.
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.Forbidden}})
	_, err = c.DailyIndex(t.Context(), day(t, "2026-06-01"))
	require.EqualError(t, err, "index of 2026-06-01: the answer is 403 Forbidden, 6 times")
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.HTML}})
	_, err = c.DailyIndex(t.Context(), day(t, "2026-06-01"))
	require.EqualError(t, err, "index of 2026-06-01: the answer is an HTML page, not an index, 6 times")
}

// Every fault alone half of the time, and all of them a third of the time, change nothing of what comes.
func TestFaults(t *testing.T) {
	t.Parallel()
	type test struct {
		faults edgartest.Faults
		rounds int
	}
	tests := map[string]test{"all": {edgartest.Faults{Rate: 0.3, Seed: 7}, 25}}
	for _, kind := range edgartest.AllFaults {
		tests[string(kind)] = test{edgartest.Faults{Rate: 0.5, Seed: 3, Kinds: []edgartest.Fault{kind}}, 5}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := serve(t, files(t))
			tt.faults.Pause = 10 * time.Millisecond
			s.SetFaults(tt.faults)
			c := client(t, url, func(cfg *edgar.Config) { cfg.Tries = 30 })
			want := sampleFacts(t, snowflake)
			g, ctx := errgroup.WithContext(t.Context())
			g.SetLimit(10)
			for range tt.rounds {
				g.Go(func() error {
					facts, _, err := c.CompanyFacts(ctx, snowflake, edgar.Version{})
					if err == nil && !bytes.Equal(want, facts.Content) {
						err = errors.New("other facts")
					}
					return err
				})
				g.Go(func() error {
					submissions, _, err := c.Submissions(ctx, marvell, edgar.Version{})
					if err == nil && len(submissions.Filings) != 788 {
						err = errors.New("other submissions")
					}
					return err
				})
				g.Go(func() error {
					entries, err := c.DailyIndex(ctx, day(t, "2026-06-01"))
					if err == nil && len(entries) != len(indexed(t)) {
						err = errors.New("another index")
					}
					return err
				})
				g.Go(func() error {
					if _, err := c.DailyIndex(ctx, day(t, "2026-06-07")); !errors.Is(err, edgar.ErrNotFound) {
						return errors.Wrap(err, "missing index")
					}
					return nil
				})
			}
			require.NoError(t, g.Wait())
			made := 0
			for _, n := range s.Requests() {
				made += n
			}
			needed := 5 * tt.rounds
			switch name {
			case "slow":
				assert.Equal(t, needed, made)
			default:
				assert.Greater(t, made, needed*11/10, "nothing went wrong")
			}
		})
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.SlowBody}, Pause: time.Minute})
	c := client(t, url, func(cfg *edgar.Config) { cfg.Tries, cfg.Stall = 2, 500*time.Millisecond })
	_, _, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
	require.EqualError(t, err, "company facts of CIK 320193: the answer is incomplete: nothing came for 500ms, 2 times")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.SlowBody}, Pause: time.Minute})
	for name, change := range map[string]func(*edgar.Config){
		"in an answer": func(*edgar.Config) {},
		"in a pause":   func(cfg *edgar.Config) { cfg.Stall, cfg.FirstPause = 10*time.Millisecond, time.Hour },
		"in its turn":  func(cfg *edgar.Config) { cfg.Wait = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, _, err := client(t, url, change).CompanyFacts(ctx, apple, edgar.Version{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func response(r *http.Request, status int, content string, header http.Header) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(content)), ContentLength: int64(len(content)), Request: r,
	}
}

// In a bubble, where pauses take no time.
func TestPauses(t *testing.T) {
	t.Parallel()
	pause := func(t *testing.T, header func() http.Header) (took time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			c := client(t, "https://example.com", func(cfg *edgar.Config) {
				cfg.FirstPause = time.Second
				cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
					if tries++; tries > 1 {
						return response(r, 200, `{"cik":320193,"facts":{}}`, nil), nil
					}
					return response(r, 429, "", header()), nil
				})
			})
			began := time.Now()
			_, _, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
			require.NoError(t, err)
			took = time.Since(began)
		})
		return took
	}
	after := func(s string) func() http.Header {
		return func() http.Header { return http.Header{"Retry-After": {s}} }
	}
	for s, want := range map[string]time.Duration{"7": 7 * time.Second, "3600": 10 * time.Minute, "1e300": 10 * time.Minute} {
		assert.Equal(t, want, pause(t, after(s)), s)
	}
	assert.Equal(t, 42*time.Second, pause(t, func() http.Header {
		return http.Header{"Retry-After": {time.Now().Add(42 * time.Second).UTC().Format(http.TimeFormat)}}
	}))
	for _, s := range []string{"", "0", "-1", "soon", "NaN", "Thu, 21 Oct 1999 07:28:00 GMT"} {
		took := pause(t, after(s))
		assert.GreaterOrEqual(t, took, 500*time.Millisecond, s)
		assert.LessOrEqual(t, took, 1500*time.Millisecond, s)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "https://example.com", func(cfg *edgar.Config) {
			cfg.Wait = nil
			cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
				return response(r, 200, `{"cik":320193,"facts":{}}`, nil), nil
			})
		})
		began := time.Now()
		for range 8*edgar.RequestsPerSecond + 1 {
			_, _, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
			require.NoError(t, err)
		}
		assert.InDelta(t, 8, time.Since(began).Seconds(), 0.01)
	})
}

func TestObserve(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	type attempt struct {
		what   string
		status int
		retry  bool
	}
	var mu sync.Mutex
	var attempts []attempt
	turns := 0
	refuse := true
	var agents []string
	c := client(t, url, func(cfg *edgar.Config) {
		cfg.Wait = func(context.Context) error { turns++; return nil }
		cfg.Observe = func(what string, status int, retry bool) {
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, attempt{what, status, retry})
		}
		cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
			agents = append(agents, r.UserAgent())
			if refuse {
				refuse = false
				return nil, errors.New("connection refused")
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	})
	_, _, err := c.CompanyFacts(t.Context(), marvell, edgar.Version{})
	require.NoError(t, err)
	_, _, err = c.Submissions(t.Context(), apple, edgar.Version{})
	require.ErrorIs(t, err, edgar.ErrNotFound)
	_, _, _, err = c.Listings(t.Context(), edgar.Version{})
	require.NoError(t, err)
	_, err = c.DailyIndex(t.Context(), day(t, "2026-06-01"))
	require.NoError(t, err)
	_, err = c.Download(t.Context(), edgar.CompanyFactsBulk, t.TempDir()+"/a.zip", edgar.Version{}, nil)
	require.NoError(t, err)
	assert.Equal(t, []attempt{
		{"company_facts", 0, false}, {"company_facts", 200, true}, {"submissions", 404, false}, {"listings", 404, false},
		{"listings", 200, false}, {"daily_index", 200, false}, {"bulk", 200, false},
	}, attempts)
	assert.Equal(t, len(attempts), turns)
	for _, a := range agents {
		assert.Equal(t, agent, a)
	}
	assert.Zero(t, count(s, 403))
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	_, elsewhere := serve(t, files(t))
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/xbrl/companyfacts/CIK0000320193.json":
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusFound)
		case "/api/xbrl/companyfacts/CIK0001835632.json":
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
		case "/moved":
			_, _ = io.WriteString(w, `{"cik":1835632,"facts":{}}`)
		default:
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}
	}))
	t.Cleanup(h.Close)
	c := client(t, h.URL)
	_, _, err := c.CompanyFacts(t.Context(), apple, edgar.Version{})
	require.EqualError(t, err, "company facts of CIK 320193: redirected to "+elsewhere+"/api/xbrl/companyfacts/CIK0000320193.json")
	_, _, err = c.CompanyFacts(t.Context(), marvell, edgar.Version{})
	require.NoError(t, err)
	_, _, err = c.CompanyFacts(t.Context(), snowflake, edgar.Version{})
	require.ErrorContains(t, err, "redirected to ")
}
