package edgar_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
)

// archive returns a zip file of about a size.
func archive(t testing.TB, seed byte, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "CIK0000000001.json", Method: zip.Store})
	require.NoError(t, err)
	_, err = io.CopyN(w, rand.NewChaCha8([32]byte{seed}), int64(size))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// counting counts the bytes of bodies.
type counting struct{ bytes atomic.Int64 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		res.Body = &countedBody{res.Body, &c.bytes}
	}
	return res, err
}

type countedBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

// left returns the names of the files beside the archive.
func left(t testing.TB, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			names = append(names, e.Name())
		}
	}
	return names
}

func same(t testing.TB, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "another archive")
	assert.Empty(t, left(t, path))
}

func TestDownload(t *testing.T) {
	t.Parallel()
	s, url := serve(t, files(t))
	path := filepath.Join(t.TempDir(), "facts.zip")
	c := client(t, url)
	var last, whole int64
	version, err := c.Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, func(done, total int64) {
		assert.GreaterOrEqual(t, done, last)
		last, whole = done, total
	})
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, info.Size(), last)
	assert.Equal(t, info.Size(), whole)
	assert.Empty(t, left(t, path))
	_, err = c.Download(t.Context(), edgar.CompanyFactsBulk, path, version, nil)
	require.ErrorIs(t, err, edgar.ErrNotModified)

	b, err := edgar.OpenBulk(path)
	require.NoError(t, err)
	defer b.Close()
	var ciks []int64
	for e := range b.Entries() {
		require.NoError(t, e.Err)
		assert.Equal(t, edgar.FactsKind, e.Kind)
		assert.Equal(t, sampleFacts(t, e.CIK), content(t, e))
		ciks = append(ciks, e.CIK)
	}
	assert.Equal(t, []int64{apple, snowflake, marvell}, ciks)

	// Once a company is gone, there is another archive.
	s.Remove("companyfacts-CIK0000320193.json")
	newer, err := c.Download(t.Context(), edgar.CompanyFactsBulk, path, version, nil)
	require.NoError(t, err)
	assert.NotEqual(t, version, newer)
	b, err = edgar.OpenBulk(path)
	require.NoError(t, err)
	defer b.Close()
	assert.Equal(t, 2, b.Len())

	_, err = c.Download(t.Context(), "prices", path, version, nil)
	require.EqualError(t, err, `there is no archive "prices"`)
}

// Downloads go on where they were cut, by a new client as well.
func TestDownloadResumes(t *testing.T) {
	t.Parallel()
	want := archive(t, 1, 3<<20)
	s, url := serve(t, fstest.MapFS{"submissions.zip": {Data: want, ModTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}})
	path := filepath.Join(t.TempDir(), "a.zip")
	counted := &counting{}
	once := func(cfg *edgar.Config) { cfg.Tries, cfg.Transport = 1, counted }
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.CutBody}})
	// 1.5 of 3 MiB, then half of the rest, which is too little to go on with one try.
	_, err := client(t, url, once).Download(t.Context(), edgar.SubmissionsBulk, path, edgar.Version{}, nil)
	require.ErrorContains(t, err, "submissions.zip: the answer ends after 23")
	assert.Equal(t, []string{"a.zip.part", "a.zip.part.json"}, left(t, path))
	assert.Equal(t, 1, count(s, 200))
	assert.Equal(t, 1, count(s, 206))

	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.HTML}})
	_, err = client(t, url, once).Download(t.Context(), edgar.SubmissionsBulk, path, edgar.Version{}, nil)
	require.EqualError(t, err, "submissions.zip: the answer is an HTML page, not a zip file")
	counted.bytes.Store(0)

	s.SetFaults(edgartest.Faults{})
	began := int64(-1)
	_, err = client(t, url, once).Download(t.Context(), edgar.SubmissionsBulk, path, edgar.Version{}, func(done, total int64) {
		if began < 0 {
			began = done
		}
		assert.Equal(t, int64(len(want)), total)
	})
	require.NoError(t, err)
	same(t, path, want)
	assert.Less(t, counted.bytes.Load(), int64(len(want)/3))
	assert.Greater(t, began, int64(len(want)/3*2))
}

func TestDownloadFaults(t *testing.T) {
	t.Parallel()
	want := archive(t, 1, 5<<20)
	s, url := serve(t, fstest.MapFS{"companyfacts.zip": {Data: want}})
	s.SetFaults(edgartest.Faults{Rate: 0.6, Seed: 5, Pause: time.Millisecond})
	c := client(t, url, func(cfg *edgar.Config) { cfg.Tries = 30 })
	for range 5 {
		path := filepath.Join(t.TempDir(), "a.zip")
		_, err := c.Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
		require.NoError(t, err)
		same(t, path, want)
	}
	assert.Positive(t, count(s, 206))
}

func TestDownloadOfChangedArchive(t *testing.T) {
	t.Parallel()
	older, newer := archive(t, 1, 1<<20), archive(t, 2, 1<<20)
	s, url := serve(t, fstest.MapFS{"companyfacts.zip": {Data: older}})
	path := filepath.Join(t.TempDir(), "a.zip")
	s.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.CutBody}})
	_, err := client(t, url, func(cfg *edgar.Config) { cfg.Tries = 1 }).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.Error(t, err)
	s.Set("companyfacts.zip", newer)
	s.SetFaults(edgartest.Faults{})
	version, err := client(t, url).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.NoError(t, err)
	same(t, path, newer)
	assert.Zero(t, count(s, 206))

	// A part that is complete, as when the program was killed before it gave it its name, and one that is too long.
	for name, part := range map[string][]byte{"complete": newer, "too long": append(bytes.Clone(newer), 1)} {
		path := filepath.Join(t.TempDir(), "a.zip")
		require.NoError(t, os.WriteFile(path+".part", part, 0o600))
		require.NoError(t, os.WriteFile(path+".part.json", []byte(`{"etag":`+quote(version.ETag)+`}`), 0o600))
		got, err := client(t, url).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
		require.NoError(t, err, name)
		assert.Equal(t, version.ETag, got.ETag)
		same(t, path, newer)
	}
	// Parts of no known version.
	for _, text := range []string{"", "{}", `{"etag":"W/\"a\""}`, `{"etag":"\"a\""}`} {
		path := filepath.Join(t.TempDir(), "a.zip")
		require.NoError(t, os.WriteFile(path+".part", older[:1000], 0o600))
		require.NoError(t, os.WriteFile(path+".part.json", []byte(text), 0o600))
		_, err := client(t, url).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
		require.NoError(t, err)
		same(t, path, newer)
	}
}

func quote(s string) string {
	return `"` + string(bytes.ReplaceAll([]byte(s), []byte(`"`), []byte(`\"`))) + `"`
}

// A server that continues with another archive than the one it began with, without saying so.
func TestDownloadOfMixedArchive(t *testing.T) {
	t.Parallel()
	older, newer := archive(t, 1, 1<<20), archive(t, 2, 1<<20)
	asked := 0
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		content := newer
		if asked == 1 {
			content = older
			w.Header().Set("Content-Length", "2000000")
		}
		r.Header.Del("If-Range")
		http.ServeContent(w, r, "a.zip", time.Date(2026, 1, asked, 0, 0, 0, 0, time.UTC), bytes.NewReader(content))
	}))
	t.Cleanup(h.Close)
	path := filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.WriteFile(path+".part", older[:1000], 0o600))
	require.NoError(t, os.WriteFile(path+".part.json", []byte(`{"etag":"\"a\""}`), 0o600))
	_, err := client(t, h.URL).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.NoError(t, err)
	same(t, path, newer)
}

func TestDownloadRefuses(t *testing.T) {
	t.Parallel()
	_, url := serve(t, fstest.MapFS{"companyfacts.zip": {Data: []byte("PK, but no zip")}, "submissions.zip": {Data: []byte("Hello")}})
	path := filepath.Join(t.TempDir(), "a.zip")
	c := client(t, url)
	_, err := c.Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.EqualError(t, err, "companyfacts.zip: the archive is not a zip file, or not a complete one, 2 times")
	_, err = c.Download(t.Context(), edgar.SubmissionsBulk, path, edgar.Version{}, nil)
	require.EqualError(t, err, "submissions.zip: the answer is not a zip file, 6 times")
	assert.Empty(t, left(t, path))
	_, err = c.Download(t.Context(), edgar.CompanyFactsBulk, filepath.Join(path, "b", "c.zip"), edgar.Version{}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)

	large := client(t, "https://example.com", func(cfg *edgar.Config) {
		cfg.Transport = transport(func(r *http.Request) (*http.Response, error) {
			res := response(r, 200, "PK", nil)
			res.ContentLength = 9 << 30
			return res, nil
		})
	})
	_, err = large.Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.EqualError(t, err, "companyfacts.zip: the archive is larger than 8 GiB")
	missing, _ := answer(t, 404, nil, "")
	_, err = client(t, missing).Download(t.Context(), edgar.CompanyFactsBulk, path, edgar.Version{}, nil)
	require.ErrorIs(t, err, edgar.ErrNotFound)
}
