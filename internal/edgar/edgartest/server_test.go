package edgartest_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
)

const facts = "/api/xbrl/companyfacts/CIK0000000001.json"

func packed(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, s)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func files(t *testing.T) fstest.MapFS {
	t.Helper()
	return fstest.MapFS{
		"companyfacts-CIK0000000001.json.gz":             {Data: packed(t, "facts of 1")},
		"companyfacts-CIK0000000002.json":                {Data: []byte("facts of 2")},
		"submissions-CIK0000000001.json":                 {Data: []byte("submissions")},
		"submissions-CIK0000000001-submissions-001.json": {Data: []byte("more")},
		"company_tickers.json":                           {Data: []byte("tickers")},
		"form.20260105.idx":                              {Data: []byte("index"), ModTime: time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)},
		"secret.txt":                                     {Data: []byte("secret")},
	}
}

// get asks without a network. It does not unpack.
func get(t *testing.T, s *edgartest.Server, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("User-Agent", "test")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := edgartest.New(files(t))
	for path, want := range map[string]string{
		facts: "facts of 1", "/api/xbrl/companyfacts/CIK0000000002.json": "facts of 2",
		"/submissions/CIK0000000001.json":                         "submissions",
		"/submissions/CIK0000000001-submissions-001.json":         "more",
		"/files/company_tickers.json":                             "tickers",
		"/Archives/edgar/daily-index/2026/QTR1/form.20260105.idx": "index",
	} {
		res := get(t, s, path)
		assert.Equal(t, 200, res.StatusCode, path)
		assert.Equal(t, want, text(t, res), path)
		assert.NotEmpty(t, res.Header.Get("Last-Modified"), path)

		zipped := get(t, s, path, "Accept-Encoding", "br, gzip")
		assert.Equal(t, "gzip", zipped.Header.Get("Content-Encoding"))
		z, err := gzip.NewReader(zipped.Body)
		require.NoError(t, err)
		plain, err := io.ReadAll(z)
		require.NoError(t, err)
		assert.Equal(t, want, string(plain), path)
		assert.NotEqual(t, res.Header.Get("ETag"), zipped.Header.Get("ETag"))

		assert.Equal(t, 304, get(t, s, path, "If-None-Match", res.Header.Get("ETag")).StatusCode)
		assert.Equal(t, 304, get(t, s, path, "If-Modified-Since", res.Header.Get("Last-Modified")).StatusCode)
		part := get(t, s, path, "Range", "bytes=2-", "If-Range", res.Header.Get("ETag"))
		assert.Equal(t, 206, part.StatusCode)
		assert.Equal(t, want[2:], text(t, part))
		assert.Equal(t, 200, get(t, s, path, "Range", "bytes=2-", "If-Range", `"another"`).StatusCode)
	}
	assert.Equal(t, 2, s.Requests()[edgartest.Request{Path: facts, Status: 304}])
	assert.Equal(t, 3, s.Requests()[edgartest.Request{Path: facts, Status: 200}])
	s.Forget()
	assert.Empty(t, s.Requests())
}

func TestServerMissing(t *testing.T) {
	t.Parallel()
	s := edgartest.New(files(t))
	for path, status := range map[string]int{
		"/files/company_tickers_exchange.json": 404, "/files/secret.txt": 404, "/secret.txt": 404, "/": 404,
		"/submissions/CIK0000000003.json": 404, "/submissions/CIK1.json": 404, "/api/xbrl/companyfacts/CIK0000000003.json": 404,
		"/Archives/edgar/daily-index/bulkdata/secret.txt":         404,
		"/Archives/edgar/daily-index/2026/QTR2/form.20260105.idx": 403, "/Archives/edgar/daily-index/2026/QTR1/form.20260106.idx": 403,
	} {
		res := get(t, s, path)
		assert.Equal(t, status, res.StatusCode, path)
		assert.Contains(t, text(t, res), map[int]string{404: "<Code>NoSuchKey</Code>", 403: "<Code>AccessDenied</Code>"}[status])
	}
	for _, agent := range []string{"", "Go-http-client/1.1"} {
		res := get(t, s, facts, "User-Agent", agent)
		assert.Equal(t, 403, res.StatusCode)
		assert.NotContains(t, text(t, res), "AccessDenied")
	}
}

func TestServerArchives(t *testing.T) {
	t.Parallel()
	const path = "/Archives/edgar/daily-index/bulkdata/companyfacts.zip"
	names := func(archive string) (names []string) {
		z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
		require.NoError(t, err)
		for _, f := range z.File {
			names = append(names, f.Name)
		}
		return names
	}
	s := edgartest.New(files(t))
	first := get(t, s, path)
	archive := text(t, first)
	assert.Equal(t, []string{"CIK0000000001.json", "CIK0000000002.json"}, names(archive))
	assert.Equal(t, archive, text(t, get(t, edgartest.New(files(t)), path)), "other bytes of the same files")
	assert.Equal(t, archive[5:], text(t, get(t, s, path, "Range", "bytes=5-", "If-Range", first.Header.Get("ETag"))))
	assert.Equal(t, []string{"CIK0000000001-submissions-001.json", "CIK0000000001.json"},
		names(text(t, get(t, s, strings.Replace(path, "companyfacts", "submissions", 1)))))

	s.Set("companyfacts-CIK0000000003.json.gz", packed(t, "facts of 3"))
	s.Remove("companyfacts-CIK0000000001.json")
	changed := get(t, s, path, "If-None-Match", first.Header.Get("ETag"))
	assert.Equal(t, []string{"CIK0000000002.json", "CIK0000000003.json"}, names(text(t, changed)))
	assert.Equal(t, 404, get(t, s, facts).StatusCode)
	assert.Equal(t, "facts of 3", text(t, get(t, s, "/api/xbrl/companyfacts/CIK0000000003.json")))

	all := files(t)
	all["companyfacts.zip"] = &fstest.MapFile{Data: []byte("archive")}
	s = edgartest.New(all)
	assert.Equal(t, "archive", text(t, get(t, s, path)))
	s.Set("companyfacts.zip", []byte("another"))
	assert.Equal(t, "another", text(t, get(t, s, path)))
	s.Remove("companyfacts.zip")
	assert.Equal(t, 404, get(t, s, path).StatusCode)
}

func TestServerFaults(t *testing.T) {
	t.Parallel()
	row := func(f edgartest.Faults) (statuses []int) {
		s := edgartest.New(files(t))
		s.SetFaults(f)
		for range 50 {
			statuses = append(statuses, get(t, s, facts).StatusCode)
		}
		return statuses
	}
	kinds := []edgartest.Fault{edgartest.Unavailable, edgartest.TooManyRequests}
	first := row(edgartest.Faults{Rate: 0.5, Seed: 1, Kinds: kinds})
	assert.Subset(t, first, []int{200, 429, 503})
	assert.Equal(t, first, row(edgartest.Faults{Rate: 0.5, Seed: 1, Kinds: kinds}))
	assert.NotEqual(t, first, row(edgartest.Faults{Rate: 0.5, Seed: 2, Kinds: kinds}))

	s := edgartest.New(files(t))
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	ask := func(kind edgartest.Fault) (*http.Response, string, error) {
		s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{kind}, Pause: 30 * time.Millisecond})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+facts, nil)
		require.NoError(t, err)
		r.Header.Set("User-Agent", "test")
		r.Header.Set("Accept-Encoding", "identity")
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return res, string(b), err
	}
	res, got, err := ask(edgartest.CutBody)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, int64(10), res.ContentLength)
	assert.Equal(t, "facts", got)
	began := time.Now()
	_, got, err = ask(edgartest.SlowBody)
	require.NoError(t, err)
	assert.Equal(t, "facts of 1", got)
	assert.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)
	res, got, err = ask(edgartest.HTML)
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.Contains(t, got, "<html>")
	res, _, err = ask(edgartest.TooManyRequests)
	require.NoError(t, err)
	assert.Equal(t, 429, res.StatusCode)
	assert.Contains(t, []string{"0", "1"}, res.Header.Get("Retry-After"))
	res, got, err = ask(edgartest.Forbidden)
	require.NoError(t, err)
	assert.Equal(t, 403, res.StatusCode)
	assert.NotContains(t, got, "AccessDenied")
}
