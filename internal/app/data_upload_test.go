package app_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func count(t *testing.T, pool *pgxpool.Pool, query string) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&n))
	return n
}

// noise is a file that does not compress, and is none that can be imported.
func noise(size int64) io.Reader { return io.LimitReader(rand.Reader, size) }

// Not parallel: it measures the process.
func TestUploadsTakeLittleMemory(t *testing.T) {
	pool := pgtest.New(t)
	a := newApp(t, pool)
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	debug.FreeOSMemory()
	metrics.Read(heap)
	before, peak := heap[0].Value.Uint64(), uint64(0)
	watch := func(work func() error) uint64 {
		done := make(chan error, 1)
		go func() { done <- work() }()
		for peak = 0; ; {
			select {
			case err := <-done:
				require.NoError(t, err)
				return (max(peak, before) - before) >> 20
			case <-time.After(2 * time.Millisecond):
				metrics.Read(heap)
				peak = max(peak, heap[0].Value.Uint64())
			}
		}
	}
	assert.Less(t, watch(func() error {
		var g errgroup.Group
		for range 4 {
			g.Go(func() error {
				_, err := a.StartImport(t.Context(), root, app.ImportRequest{Kind: app.ImportSplits, File: noise(63 << 20)})
				return err
			})
		}
		return g.Wait()
	}), uint64(100), "MiB to receive four files")
	assert.Equal(t, 4, count(t, pool, "SELECT count(*) FROM document WHERE size = 63 << 20"))
	assert.Less(t, watch(func() error {
		work(t, a)
		deadline := time.Now().Add(time.Minute)
		for count(t, pool, "SELECT count(*) FROM import WHERE finished_at IS NULL") > 0 && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		return nil
	}), uint64(100), "MiB to read them")
	assert.Equal(t, 4, count(t, pool, "SELECT count(*) FROM import WHERE state = 'failed'"))
}

// A gate is a file whose end does not come before it is opened.
type gate struct {
	io.Reader
	reached, open chan struct{}
	once          sync.Once
}

func (g *gate) Read(b []byte) (int, error) {
	n, err := g.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		g.once.Do(func() { close(g.reached) })
		<-g.open
	}
	return n, err
}

func newGate(file io.Reader) *gate {
	return &gate{Reader: file, reached: make(chan struct{}), open: make(chan struct{})}
}

func TestUploadsAtATime(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	slow := newGate(noise(3 << 20))
	var g errgroup.Group
	start := func(file io.Reader) error {
		_, err := a.StartImport(t.Context(), root, app.ImportRequest{Kind: app.ImportSplits, File: file})
		return err
	}
	g.Go(func() error { return start(slow) })
	gates := []*gate{slow}
	for range 3 {
		other := newGate(noise(1))
		gates = append(gates, other)
		g.Go(func() error { return start(other) })
	}
	for _, w := range gates {
		<-w.reached
	}
	assert.Zero(t, pool.Stat().AcquiredConns(), "a slow client holds no connection")

	file := strings.NewReader("ticker,effective_date,ratio\n")
	err := start(file)
	e, ok := errors.Into[*app.Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, app.Unavailable, e.Code)
	assert.Equal(t, "too-many-uploads", e.Type)
	assert.Positive(t, e.RetryAfter)
	assert.Equal(t, int(file.Size()), file.Len(), "nothing of it is read")

	for _, w := range gates {
		close(w.open)
	}
	require.NoError(t, g.Wait())
	require.NoError(t, start(file))
}

func TestUploadIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	start := func(a *app.App, file io.Reader) error {
		_, err := a.StartImport(t.Context(), root, app.ImportRequest{Kind: app.ImportSplits, File: file})
		return err
	}
	rows := func() []int {
		var n []int
		for _, table := range []string{"import", "document", "upload", "upload_piece"} {
			n = append(n, count(t, pool, "SELECT count(*) FROM "+table))
		}
		return n
	}
	broken := io.MultiReader(noise(3<<20), readerFunc(func([]byte) (int, error) { return 0, errors.New("the client is gone") }))
	require.Error(t, start(a, broken))
	require.Error(t, start(a, noise(app.MaxFileSize+1)))
	require.Error(t, start(a, bytes.NewReader([]byte{0x1f, 0x8b, 8})))
	assert.Equal(t, []int{0, 0, 0, 0}, rows(), "what cannot be taken in leaves nothing")

	file := "ticker,effective_date,ratio\n"
	require.NoError(t, start(a, strings.NewReader(file)))
	require.NoError(t, start(a, strings.NewReader(file)))
	assert.Equal(t, []int{2, 1, 1, 1}, rows(), "the same bytes are kept once")

	doomed, kill := mortal(t, pool)
	dying := newGate(noise(3 << 20))
	failed := make(chan error, 1)
	go func() { failed <- start(newApp(t, doomed), dying) }()
	<-dying.reached
	kill()
	close(dying.open)
	require.Error(t, <-failed)
	assert.Equal(t, []int{2, 1, 2}, rows()[:3], "a server that died could not clean up")
	require.NoError(t, a.Prune(t.Context()))
	assert.Equal(t, []int{2, 1, 2}, rows()[:3], "it might still come in")
	_, err := pool.Exec(t.Context(), "UPDATE upload SET created_at = created_at - interval '61 minutes'")
	require.NoError(t, err)
	require.NoError(t, a.Prune(t.Context()))
	assert.Equal(t, []int{2, 1, 1, 1}, rows())
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Documents that versions before have stored in one value are read as well.
func TestDocumentsOfBefore(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	id := startApple(t, a)
	for _, statement := range []string{
		"UPDATE document SET content = (SELECT string_agg(p.content, '' ORDER BY number) FROM upload_piece p WHERE p.upload_id = document.upload_id)",
		"UPDATE document SET upload_id = NULL",
		"DELETE FROM upload",
	} {
		_, err := pool.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	work(t, a)
	eventually(t, a, id, "succeeded")
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	x, err := a.ExportCompany(t.Context(), "AAPL", app.PointInTime{AsOf: &day})
	require.NoError(t, err)
	assert.NotEmpty(t, x.Dividends)
}
