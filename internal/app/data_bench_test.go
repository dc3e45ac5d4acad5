//go:build unix

package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

// What the import of a large company's filings may take.
const (
	maxImportCPU    = time.Second
	maxImportMemory = 64 << 20 // bytes, of the whole process where that can be told
)

// BenchmarkImport takes in Apple's company facts (3.7 MB unpacked) and has a River worker import them: into a database
// without the company, by other rules that give the same, and once more without any change. cpu-ms is user and system time of this process,
// which PostgreSQL's is not; peak-heap is above what is there before, peak-rss that of the whole process.
func BenchmarkImport(b *testing.B) {
	file, err := sample.FS.ReadFile("companyfacts-CIK0000320193.json.gz")
	require.NoError(b, err)
	var missed []string // a benchmark that fails shows no figures: the one around it does
	for _, bm := range []struct {
		name string
		next func(*testing.B, *importer)
		ok   func(written, unchanged int64) bool
	}{
		{"first", func(b *testing.B, i *importer) { i.clear(b) }, func(w, u int64) bool { return w > 100 && u == 0 }},
		{"again", func(b *testing.B, i *importer) { i.forget(b) }, func(w, u int64) bool { return w == 0 && u > 100 }},
		{"same", func(*testing.B, *importer) {}, func(w, u int64) bool { return w+u == 0 }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			im := newImporter(b)
			im.run(b, file) // prepares statements and, for "again", writes
			var cpu, heap, rss peak
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				bm.next(b, im)
				m := startMeasuring()
				b.StartTimer()
				w, u := im.run(b, file)
				b.StopTimer()
				require.True(b, bm.ok(w, u), "written %d, unchanged %d", w, u)
				c, h, r := m.stop()
				cpu.add(float64(c.Microseconds()) / 1000)
				heap.add(float64(h) / (1 << 20))
				rss.add(float64(r) / (1 << 20))
				b.StartTimer()
			}
			b.ReportMetric(cpu.sum/float64(b.N), "cpu-ms/op")
			b.ReportMetric(heap.max, "peak-heap-MiB")
			if rss.max > 0 {
				b.ReportMetric(rss.max, "peak-rss-MiB")
			}
			if cpu.sum/float64(b.N) > float64(maxImportCPU.Milliseconds()) {
				missed = append(missed, fmt.Sprintf("%s may take %s of CPU time", bm.name, maxImportCPU))
			}
			if max(heap.max, rss.max) > maxImportMemory>>20 {
				missed = append(missed, fmt.Sprintf("%s may take %d MiB", bm.name, maxImportMemory>>20))
			}
		})
	}
	if len(missed) > 0 {
		b.Errorf("too much: %s", strings.Join(missed, "; "))
	}
}

// BenchmarkImportPrices takes in prices of a thousand days of a thousand listings, of which a tenth has a split, in one file
// of a million rows, and has a River worker import them: into an empty table, and once more. peak-heap and peak-rss are
// those of the worker; the time is that of the import, without the upload.
func BenchmarkImportPrices(b *testing.B) {
	const listings, days = 1000, 1000
	name := filepath.Join(b.TempDir(), "prices.csv") // not in memory
	out, err := os.Create(name)
	require.NoError(b, err)
	file := bufio.NewWriter(out)
	_, _ = file.WriteString("date,ticker,open,high,low,close,volume\n")
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := range days {
		date := first.AddDate(0, 0, day).Format(time.DateOnly)
		for listing := range listings {
			_, _ = fmt.Fprintf(file, "%s,T%d,%d.%02d,%[3]d.99,%[3]d.01,%[3]d.5,%d\n", date, listing, 100+listing%50, day%100, 1_000_000+day*listing)
		}
	}
	require.NoError(b, errors.Join(file.Flush(), out.Close()))
	run := func(b *testing.B, im *importer) db.Import {
		f, err := os.Open(name)
		require.NoError(b, err)
		defer f.Close()
		return im.runFile(b, app.ImportRequest{Kind: app.ImportPrices, File: f})
	}
	for _, bm := range []struct {
		name string
		next string
	}{{"first", "TRUNCATE price"}, {"again", "SELECT"}} {
		b.Run(bm.name, func(b *testing.B) {
			im := newImporter(b)
			_, err := im.pool.Exec(b.Context(), `
				WITH c AS (INSERT INTO company (name) SELECT 'T' || i FROM generate_series(0, $1 - 1) AS i RETURNING id, name)
				INSERT INTO listing (company_id, ticker, is_primary) SELECT id, name, true FROM c`, listings)
			require.NoError(b, err)
			_, err = im.pool.Exec(b.Context(), "INSERT INTO split (company_id, effective_date, ratio) SELECT id, '2000-01-03', 2 FROM company WHERE id % 10 = 0")
			require.NoError(b, err)
			run(b, im)
			var heap, rss peak
			var seconds float64
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				_, err := im.pool.Exec(b.Context(), bm.next)
				require.NoError(b, err)
				m := startMeasuring()
				b.StartTimer()
				done := run(b, im)
				b.StopTimer()
				_, h, r := m.stop()
				require.EqualValues(b, listings*days, done.Written+done.Unchanged)
				seconds += done.FinishedAt.Sub(*done.StartedAt).Seconds()
				heap.add(float64(h) / (1 << 20))
				rss.add(float64(r) / (1 << 20))
				b.StartTimer()
			}
			b.ReportMetric(listings*days*float64(b.N)/seconds, "rows/s")
			b.ReportMetric(heap.max, "peak-heap-MiB")
			b.ReportMetric(rss.max, "peak-rss-MiB")
		})
	}
}

type peak struct{ sum, max float64 }

func (p *peak) add(v float64) { p.sum, p.max = p.sum+v, max(p.max, v) }

// importer runs imports one after the other, by a River worker.
type importer struct {
	app  *app.App
	pool *pgxpool.Pool
	done <-chan error // what a job's work ended with
}

func newImporter(b *testing.B) *importer {
	b.Helper()
	pool := pgtest.New(quiet{b})
	log := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{Pool: pool, Logger: log, Now: time.Now})
	require.NoError(b, err)
	done := make(chan error)
	tell := river.WorkerMiddlewareFunc(func(ctx context.Context, _ *rivertype.JobRow, work func(context.Context) error) error {
		err := work(ctx)
		done <- err
		return err
	})
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	stopped := make(chan error, 1)
	go func() {
		stopped <- jobs.Run(ctx, a, jobs.Config{
			Grace: 10 * time.Second, Logger: log, Middleware: []rivertype.Middleware{tell}, DataConfig: jobs.DataConfig{Imports: 1},
		})
	}()
	b.Cleanup(func() { stop(); require.NoError(b, <-stopped) })
	return &importer{a, pool, done}
}

// quiet keeps what is logged about a database out of a benchmark's output.
type quiet struct{ testing.TB }

func (quiet) Logf(string, ...any) {}

func (i *importer) run(b *testing.B, file []byte) (written, unchanged int64) {
	ticker := "AAPL"
	im := i.runFile(b, app.ImportRequest{Kind: app.ImportSECCompanyFacts, Ticker: &ticker, File: bytes.NewReader(file)})
	return im.Written, im.Unchanged
}

func (i *importer) runFile(b *testing.B, r app.ImportRequest) db.Import {
	started, err := i.app.StartImport(b.Context(), app.System, r)
	require.NoError(b, err)
	select {
	case err := <-i.done:
		require.NoError(b, err)
	case <-time.After(5 * time.Minute):
		b.Fatal("the import does not end")
	}
	im, err := i.app.GetImport(b.Context(), app.System, started.ID)
	require.NoError(b, err)
	return im
}

func (i *importer) clear(b *testing.B) {
	_, err := i.pool.Exec(b.Context(), "TRUNCATE company, document, import CASCADE")
	require.NoError(b, err)
}

func (i *importer) forget(b *testing.B) {
	_, err := i.pool.Exec(b.Context(), "UPDATE company_facts SET rules_version = 0")
	require.NoError(b, err)
}

// measurement watches the process's memory every millisecond.
type measurement struct {
	cpu      time.Duration
	baseline uint64
	quit     chan struct{}
	peak     chan uint64
}

func startMeasuring() *measurement {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets VmHWM on Linux
	m := &measurement{cpu: cpuTime(), baseline: heapBytes(), quit: make(chan struct{}), peak: make(chan uint64)}
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		highest := m.baseline
		for {
			select {
			case <-tick.C:
				highest = max(highest, heapBytes())
			case <-m.quit:
				m.peak <- highest
				return
			}
		}
	}()
	return m
}

// stop returns the CPU time since the start, and the peaks in bytes of the heap above the baseline and of the resident
// set, 0 when the system does not tell.
func (m *measurement) stop() (cpu time.Duration, heap, rss uint64) {
	cpu = cpuTime() - m.cpu
	close(m.quit)
	heap = <-m.peak - m.baseline
	return cpu, heap, residentPeak()
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heapBytes are those of all objects, dead ones that were not yet swept included.
func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

var vmHWM = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func residentPeak() uint64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	match := vmHWM.FindSubmatch(status)
	if err != nil || match == nil {
		return 0
	}
	kb, _ := strconv.ParseUint(string(match[1]), 10, 64)
	return kb << 10
}
