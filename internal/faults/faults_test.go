//go:build faults

package faults

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/sample"
)

var rounds = flag.Int("rounds", 3, "how many times each fault is made")

// figures are what a test counts.
type figures struct {
	mu     sync.Mutex
	counts map[string]int
}

func (f *figures) add(name string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]int{}
	}
	f.counts[name] += n
}

func (f *figures) print() {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(f.counts)) {
		fmt.Fprintf(w, "  %s\t%d\n", name, f.counts[name])
	}
	_ = w.Flush()
}

// insist calls until the answer is a success, and returns it. What says that the server is away or busy is no answer.
func insist[T any](ctx context.Context, f *figures, call func() (T, error)) (T, error) {
	for {
		answer, err := call()
		var problem *oas.ProblemStatusCodeWithHeaders
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return answer, ctx.Err()
		case !errors.As(err, &problem):
			f.add("requests without an answer", 1)
		case problem.StatusCode == http.StatusServiceUnavailable || problem.StatusCode == http.StatusTooManyRequests:
			f.add(fmt.Sprintf("requests answered %d", problem.StatusCode), 1)
		case problem.StatusCode == http.StatusConflict && strings.HasSuffix(problem.Response.Type, "/idempotency-key-in-use"):
			f.add("requests answered 409, in use", 1)
		default:
			return answer, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// A writer writes to a company of its own, one thing after the other, until it is told to stop.
type writer struct {
	client    *oas.Client
	figures   *figures
	ticker    oas.Ticker
	dividends int // acknowledged, with the amounts 1 to dividends
	url       string
}

func (w *writer) write(ctx context.Context, stop *atomic.Bool) error {
	first := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	for !stop.Load() {
		n := w.dividends + 1
		post := func() (*oas.Dividend, error) {
			return w.client.CreateDividend(ctx, &oas.DividendInput{
				AmountPerShare: decimal.NewFromInt(int64(n)), Currency: "USD", PublishDate: first.AddDate(0, 0, n%20_000),
			}, oas.CreateDividendParams{Ticker: w.ticker, IdempotencyKey: oas.NewOptString(fmt.Sprintf("%s-%d", w.ticker, n))})
		}
		var twin sync.WaitGroup
		if n%5 == 0 { // one that does not wait for the other's answer
			twin.Go(func() { _, _ = post() })
		}
		_, err := insist(ctx, w.figures, post)
		twin.Wait()
		if err != nil {
			return errors.Wrapf(err, "post dividend %d of %s", n, w.ticker)
		}
		w.dividends = n
		w.figures.add("writes acknowledged", 1)
		if n%3 == 0 {
			url := fmt.Sprintf("https://example.com/%d", n)
			_, err := insist(ctx, w.figures, func() (*oas.Company, error) {
				return w.client.UpdateCompany(ctx, &oas.CompanyUpdate{URL: oas.NewOptNilString(url)}, oas.UpdateCompanyParams{Ticker: w.ticker})
			})
			if err != nil {
				return errors.Wrapf(err, "patch %s", w.ticker)
			}
			w.url = url
			w.figures.add("writes acknowledged", 1)
		}
	}
	return nil
}

// check compares what is there with what was acknowledged.
func (w *writer) check(t *testing.T) {
	t.Helper()
	have := map[string]int{}
	params := oas.ListCompanyDividendsParams{Ticker: w.ticker, PageSize: oas.NewOptInt32(1000)}
	for {
		page, err := w.client.ListCompanyDividends(t.Context(), params)
		require.NoError(t, err)
		for _, d := range page.Items {
			have[d.AmountPerShare.String()]++
		}
		if page.NextPageToken.Null || page.NextPageToken.Value == "" {
			break
		}
		params.PageToken = oas.NewOptString(page.NextPageToken.Value)
	}
	lost, doubled := 0, 0
	for n := 1; n <= w.dividends; n++ {
		switch c := have[fmt.Sprint(n)]; {
		case c == 0:
			lost++
		case c > 1:
			doubled++
		}
	}
	w.figures.add("writes lost", lost)
	w.figures.add("writes doubled", doubled)
	assert.Zero(t, lost, "acknowledged dividends of %s that are not there", w.ticker)
	assert.Zero(t, doubled, "dividends of %s that are there more than once", w.ticker)
	c, err := w.client.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: w.ticker})
	require.NoError(t, err)
	if c.URL.Value != w.url {
		w.figures.add("writes lost", 1)
	}
	assert.Equal(t, w.url, c.URL.Value, "the last acknowledged address of %s", w.ticker)
}

// An importer imports one company again and again, each time from nothing, and compares what comes of it.
type importer struct {
	stack   *stack
	client  *oas.Client
	figures *figures
	ticker  oas.Ticker
	file    []byte
	want    string
}

func (i *importer) once(ctx context.Context, key string) error {
	_, err := insist(ctx, i.figures, func() (struct{}, error) {
		err := i.client.DeleteCompany(ctx, oas.DeleteCompanyParams{Ticker: i.ticker})
		var problem *oas.ProblemStatusCodeWithHeaders
		if errors.As(err, &problem) && problem.StatusCode == http.StatusNotFound {
			err = nil
		}
		return struct{}{}, err
	})
	if err != nil {
		return errors.Wrap(err, "delete company")
	}
	im, err := insist(ctx, i.figures, func() (*oas.Import, error) {
		body := oas.ImportSecCompanyFactsReq{Data: bytes.NewReader(i.file)}
		return i.client.ImportSecCompanyFacts(ctx, body, oas.ImportSecCompanyFactsParams{
			Ticker: oas.NewOptTicker(i.ticker), IdempotencyKey: oas.NewOptString(key),
		})
	})
	if err != nil {
		return errors.Wrap(err, "start import")
	}
	for im.FinishedAt.Null {
		im, err = insist(ctx, i.figures, func() (*oas.Import, error) {
			return i.client.GetImport(ctx, oas.GetImportParams{ID: im.ID})
		})
		if err != nil {
			return errors.Wrap(err, "get import")
		}
		time.Sleep(50 * time.Millisecond)
	}
	i.figures.add("imports", 1)
	if im.State != oas.ImportStateSucceeded {
		i.figures.add("imports that did not succeed", 1)
		return errors.Errorf("import %d ended %s: %s", im.ID, im.State, im.Error.Value)
	}
	got, err := i.export(ctx)
	if err != nil {
		return err
	}
	if i.want == "" {
		i.want = got
	}
	if got != i.want {
		i.figures.add("imports that came out different", 1)
		return errors.Errorf("import %d came out different", im.ID)
	}
	return nil
}

// export returns what the program exports of the company.
func (i *importer) export(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp(i.stack.dir, "export-")
	if err != nil {
		return "", errors.Wrap(err, "make directory")
	}
	for {
		if _, err = i.stack.try("export", "--out", dir, string(i.ticker)); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return "", errors.Wrap(err, "export")
		case <-time.After(100 * time.Millisecond):
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, string(i.ticker)+".json"))
	if err != nil {
		return "", errors.Wrap(err, "read export")
	}
	return string(b), nil
}

// probe calls the server on new connections, and counts those that were accepted and had no answer.
func (s *stack) probe(ctx context.Context, f *figures) {
	for ctx.Err() == nil {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", s.address)
		if err != nil {
			time.Sleep(2 * time.Millisecond)
			continue
		}
		_ = c.SetDeadline(time.Now().Add(15 * time.Second))
		_, err = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		var answer []byte
		if err == nil {
			answer, _ = io.ReadAll(c)
		}
		_ = c.Close()
		f.add("connections while it ended", 1)
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 ")) {
			f.add("connections while it ended, without an answer", 1)
		}
	}
}

// TestFaults makes every fault some times while clients write and import, and finds all that was acknowledged, once.
func TestFaults(t *testing.T) {
	s := newStack(t, "")
	var (
		f    figures
		stop atomic.Bool
		work sync.WaitGroup
	)
	defer f.print()
	client := s.client()
	writers := make([]*writer, 8)
	for n := range writers {
		w := &writer{client: client, figures: &f, ticker: oas.Ticker(fmt.Sprintf("W%d", n))}
		_, err := client.CreateCompany(t.Context(), &oas.CompanyCreate{Name: string(w.ticker), Listings: []oas.ListingInput{{Ticker: w.ticker}}})
		require.NoError(t, err)
		writers[n] = w
	}
	file, err := sample.FS.ReadFile("companyfacts-CIK0001640147.json.gz")
	require.NoError(t, err)
	im := &importer{stack: s, client: client, figures: &f, ticker: "SNOW", file: file}
	require.NoError(t, im.once(t.Context(), "undisturbed"))

	for _, w := range writers {
		work.Go(func() { assert.NoError(t, w.write(t.Context(), &stop)) })
	}
	work.Go(func() {
		for n := 0; !stop.Load(); n++ {
			assert.NoError(t, im.once(t.Context(), fmt.Sprintf("disturbed-%d", n)))
		}
	})

	server, workers := s.running[0], s.running[1:]
	faults := []struct {
		name string
		make func()
	}{
		{"kills of the server", func() {
			s.signal(server, syscall.SIGKILL)
			s.start(server)
		}},
		{"kills of both workers", func() {
			for _, w := range workers {
				s.signal(w, syscall.SIGKILL)
			}
			for _, w := range workers {
				s.start(w)
			}
		}},
		{"kills of a worker", func() {
			w := workers[rand.IntN(len(workers))]
			s.signal(w, syscall.SIGKILL)
			s.start(w)
		}},
		{"crashes of the database", func() {
			s.crashDatabase()
			s.startDatabase()
		}},
		{"outages of the database, 3 s", func() {
			assert.NoError(t, s.server.Stop())
			time.Sleep(3 * time.Second)
			s.startDatabase()
		}},
		{"cuts of all sessions", func() {
			s.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
		}},
		{"rows held for 2 s", func() {
			c, err := pgx.Connect(t.Context(), s.dsn)
			require.NoError(t, err)
			defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
			_, err = c.Exec(t.Context(), "BEGIN; SELECT FROM company WHERE name IN ('W0', 'W1') FOR UPDATE; SELECT pg_sleep(2); COMMIT")
			assert.NoError(t, err)
		}},
		{"ends of the server", func() {
			ctx, cancel := context.WithCancel(t.Context())
			var probes sync.WaitGroup
			for range 4 {
				probes.Go(func() { s.probe(ctx, &f) })
			}
			time.Sleep(100 * time.Millisecond)
			assert.Zero(t, s.signal(server, syscall.SIGTERM), "the server must end cleanly")
			cancel()
			probes.Wait()
			s.start(server)
		}},
		{"ends of a worker", func() {
			w := workers[rand.IntN(len(workers))]
			assert.Zero(t, s.signal(w, syscall.SIGTERM), "a worker must end cleanly")
			s.start(w)
		}},
	}
	for range *rounds {
		for _, n := range rand.Perm(len(faults)) {
			time.Sleep(time.Duration(200+rand.IntN(1500)) * time.Millisecond)
			faults[n].make()
			f.add(faults[n].name, 1)
			s.awaitServer()
			for _, p := range s.running {
				assert.NoErrorf(t, p.cmd.Process.Signal(syscall.Signal(0)), "%v has ended by itself", p.args)
			}
			if t.Failed() {
				break
			}
		}
	}
	stop.Store(true)
	work.Wait()
	for _, w := range writers {
		w.check(t)
	}
	// The kernel can connect one between the server's last look at the queue and its end.
	assert.LessOrEqual(t, f.counts["connections while it ended, without an answer"], *rounds, "connections that were accepted and had no answer")
}

// TestFullDisk fills the database's disk while clients write. They are told to come again, and nothing is lost.
func TestFullDisk(t *testing.T) {
	disk, err := os.MkdirTemp("", "edgevalue-faults-disk-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.Remove(disk)) })
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=192m"); err != nil {
		t.Skipf("a small disk can only be made by root with the right to mount: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	s := newStack(t, disk)
	var (
		f    figures
		stop atomic.Bool
		work sync.WaitGroup
	)
	defer f.print()
	client := s.client()
	w := &writer{client: client, figures: &f, ticker: "W0"}
	_, err = client.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "W0", Listings: []oas.ListingInput{{Ticker: w.ticker}}})
	require.NoError(t, err)
	work.Go(func() { assert.NoError(t, w.write(t.Context(), &stop)) })

	filler := filepath.Join(disk, "filler")
	out, err := os.Create(filler)
	require.NoError(t, err)
	_, err = io.Copy(out, zeros{})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, out.Close())
	big := bytes.Repeat([]byte("date,close\n"), 3<<20) // more than any free page has room for
	_, err = client.ImportSplits(t.Context(), oas.ImportSplitsReq{
		Data: io.MultiReader(bytes.NewReader(big), io.LimitReader(noise{}, 16<<20)),
	}, oas.ImportSplitsParams{})
	var problem *oas.ProblemStatusCodeWithHeaders
	if errors.As(err, &problem) {
		f.add(fmt.Sprintf("uploads to the full disk answered %d", problem.StatusCode), 1)
		assert.Equal(t, http.StatusServiceUnavailable, problem.StatusCode, problem.Response.Detail.Value)
	} else {
		assert.Error(t, err, "there was room for it")
	}
	time.Sleep(3 * time.Second)
	require.NoError(t, os.Remove(filler))
	s.awaitServer()
	before := w.dividends
	require.Eventually(t, func() bool { return w.dividends > before+3 }, 30*time.Second, 50*time.Millisecond, "no write goes through")
	stop.Store(true)
	work.Wait()
	w.check(t)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type noise struct{}

func (noise) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(rand.Uint32())
	}
	return len(p), nil
}
