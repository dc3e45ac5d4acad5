//go:build unix

package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
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

// Imports of prices may be this much slower than one COPY of the same rows.
const (
	firstOfCopy     = 0.7
	unchangedOfCopy = 1.0
)

const rounds = 3

// BenchmarkImport takes in Apple's company facts (3.7 MB unpacked) and has a River worker import them, in rounds: into a
// database without the company, by other rules that give the same, and once more without any change; copy is one COPY for each
// table of the rows that the first has written, as PostgreSQL gave them out, into tables with the same indexes and constraints.
// The time is that from the upload on. cpu-ms is user and system time of this process, pg-ms that of PostgreSQL's; peak-heap is above
// what is there before, peak-rss that of the whole process.
func BenchmarkImport(b *testing.B) {
	file, err := sample.FS.ReadFile("companyfacts-CIK0000320193.json.gz")
	require.NoError(b, err)
	im := newImporter(b)
	im.run(b, file) // prepares statements
	im.clear(b)
	im.run(b, file)
	copyTables, rows := im.written(b)
	first, again, same, copied := newSide("first"), newSide("again"), newSide("same"), newSide("copy")
	for b.Loop() {
		for range rounds {
			copied.measure(b, im, copyTables)
			im.clear(b)
			first.measure(b, im, func() time.Duration {
				w, u := im.run(b, file)
				require.True(b, w > 100 && u == 0, "written %d, unchanged %d", w, u)
				return 0
			})
			im.forget(b)
			again.measure(b, im, func() time.Duration {
				w, u := im.run(b, file)
				require.True(b, w == 0 && u > 100, "written %d, unchanged %d", w, u)
				return 0
			})
			same.measure(b, im, func() time.Duration {
				w, u := im.run(b, file)
				require.Zero(b, w+u)
				return 0
			})
		}
	}
	var missed []string // a benchmark that fails shows no figures: the one around it does
	for _, s := range []*importSide{copied, first, again, same} {
		s.report(b, rows, copied, &missed)
		if s != copied && median(s.cpu) > float64(maxImportCPU.Milliseconds()) {
			missed = append(missed, fmt.Sprintf("%s may take %s of CPU time", s.name, maxImportCPU))
		}
	}
	require.Empty(b, missed)
}

// BenchmarkImportPrices has a River worker import prices of some hundred days of a thousand listings, of which a tenth has a split, from
// one file, in rounds: into an empty table, without any change, with another close in one row of a hundred, and with another
// in every row. copy reads the same file in the simplest way (lines cut at commas, numbers without sign or exponent) into one
// CopyFrom of pgx, of typed values in binary form and in the order of the file, into a table with the columns, defaults, indexes
// and constraints of price, its foreign key too; it checks nothing, and finds the listing of a ticker in a map.
// ratio is that of the rows per second, from the start of the job until it is done; whole-ratio counts the upload and the
// wait for the job, too.
func BenchmarkImportPrices(b *testing.B) {
	const listings, days = 1000, 300
	plain, some, all := priceFile(b, listings, days, 0), priceFile(b, listings, days, 100), priceFile(b, listings, days, 1)
	im := newImporter(b)
	for _, sql := range []string{
		fmt.Sprintf(`WITH c AS (INSERT INTO company (name) SELECT 'T' || i FROM generate_series(0, %d - 1) AS i RETURNING id, name)
			INSERT INTO listing (company_id, ticker, is_primary) SELECT id, name, true FROM c`, listings),
		"INSERT INTO split (company_id, effective_date, ratio) SELECT id, '2000-01-03', 2 FROM company WHERE id % 10 = 0",
		"CREATE TABLE copied (LIKE price INCLUDING ALL, FOREIGN KEY (listing_id) REFERENCES listing ON DELETE CASCADE)",
	} {
		_, err := im.pool.Exec(b.Context(), sql)
		require.NoError(b, err)
	}
	run := func(name string, changed int64) func() time.Duration {
		return func() time.Duration {
			f, err := os.Open(name)
			require.NoError(b, err)
			defer f.Close()
			done := im.runFile(b, app.ImportRequest{Kind: app.ImportPrices, File: f})
			took := time.Since(*done.StartedAt)
			require.EqualValues(b, changed, done.Written)
			require.EqualValues(b, listings*days-changed, done.Unchanged)
			return took
		}
	}
	first, unchanged, onePercent, everyRow, copied := newSide("first"), newSide("unchanged"), newSide("changed_1%"), newSide("changed_all"), newSide("copy")
	for b.Loop() {
		for range rounds {
			_, err := im.pool.Exec(b.Context(), "TRUNCATE price, copied")
			require.NoError(b, err)
			copied.measure(b, im, func() time.Duration { return copyPrices(b, im.pool, plain) })
			first.measure(b, im, run(plain, listings*days))
			unchanged.measure(b, im, run(plain, 0))
			onePercent.measure(b, im, run(some, listings*days/100))
			everyRow.measure(b, im, run(all, listings*days))
		}
	}
	var missed []string
	for _, s := range []*importSide{copied, first, unchanged, onePercent, everyRow} {
		s.report(b, listings*days, copied, &missed)
	}
	for s, least := range map[*importSide]float64{first: firstOfCopy, unchanged: unchangedOfCopy} {
		if got := s.ratio(copied); got < least {
			missed = append(missed, fmt.Sprintf("%s has %.2f of the rows per second of a COPY, must have %.2f", s.name, got, least))
		}
	}
	require.Empty(b, missed)
}

// priceFile returns the name of a file, which is not in memory, with another close in each row whose number every divides, none
// if it is 0.
func priceFile(b *testing.B, listings, days, every int) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "prices.csv")
	out, err := os.Create(name)
	require.NoError(b, err)
	file := bufio.NewWriter(out)
	_, _ = file.WriteString("date,ticker,open,high,low,close,volume\n")
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for row := range listings * days {
		day, listing, cents := row/listings, row%listings, 50
		if every > 0 && row%every == 0 {
			cents += 1 + every%7
		}
		_, _ = fmt.Fprintf(file, "%s,T%d,%d.%02d,%[3]d.99,%[3]d.01,%[3]d.%d,%d\n",
			first.AddDate(0, 0, day).Format(time.DateOnly), listing, 100+listing%50, day%100, cents, 1_000_000+day*listing)
	}
	require.NoError(b, errors.Join(file.Flush(), out.Close()))
	return name
}

// copyPrices is what imports of prices are compared with.
func copyPrices(b *testing.B, pool *pgxpool.Pool, name string) time.Duration {
	b.Helper()
	start := time.Now()
	f, err := os.Open(name)
	require.NoError(b, err)
	defer f.Close()
	listings := map[string]int64{}
	rows, err := pool.Query(b.Context(), "SELECT ticker, id FROM listing")
	require.NoError(b, err)
	var ticker string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&ticker, &id}, func() error { listings[ticker] = id; return nil })
	require.NoError(b, err)
	lines := bufio.NewScanner(f)
	lines.Scan() // the header
	row := make([]any, 7)
	_, err = pool.CopyFrom(b.Context(), pgx.Identifier{"copied"}, []string{"listing_id", "date", "open", "high", "low", "close", "volume"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if !lines.Scan() {
				return nil, lines.Err()
			}
			line := lines.Bytes()
			field := func() (f []byte) { f, line, _ = bytes.Cut(line, []byte{','}); return f }
			day := field()
			number := func(at int) int { return int(day[at]-'0')*10 + int(day[at+1]-'0') }
			row[1] = time.Date(number(0)*100+number(2), time.Month(number(5)), number(8), 0, 0, 0, 0, time.UTC)
			row[0] = listings[string(field())]
			for i := 2; i < 6; i++ {
				n, exponent := digits(field())
				row[i] = pgtype.Numeric{Int: big.NewInt(n), Exp: exponent, NaN: false, InfinityModifier: pgtype.Finite, Valid: true}
			}
			row[6], _ = digits(field())
			return row, nil
		}))
	require.NoError(b, err)
	return time.Since(start)
}

// digits reads a number without sign: how much, times ten to the power of what.
func digits(text []byte) (n int64, exponent int32) {
	for i, c := range text {
		if c == '.' {
			exponent = int32(i + 1 - len(text))
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, exponent
}

// An importSide is one of what is compared, and what it took in each round.
type importSide struct {
	name                    string
	took, whole, cpu, pgCPU []float64 // seconds, and milliseconds
	heap, rss               []float64 // MiB
}

//exhaustruct:ignore nothing was measured yet
func newSide(name string) *importSide { return &importSide{name: name} }

// measure takes what f took without what comes before it, if f says so.
func (s *importSide) measure(b *testing.B, im *importer, f func() time.Duration) {
	b.Helper()
	m, pgCPU, start := startMeasuring(), im.postgresTime(b), time.Now()
	took := f()
	whole := time.Since(start)
	if took == 0 {
		took = whole
	}
	cpu, heap, rss := m.stop()
	s.took, s.whole = append(s.took, took.Seconds()), append(s.whole, whole.Seconds())
	s.cpu, s.pgCPU = append(s.cpu, float64(cpu.Microseconds())/1000), append(s.pgCPU, im.postgresTime(b)-pgCPU)
	s.heap, s.rss = append(s.heap, float64(heap)/(1<<20)), append(s.rss, float64(rss)/(1<<20))
}

// ratio is the median of the rounds' ratios of s's rows per second to another's.
func (s *importSide) ratio(to *importSide) float64 { return medianRatio(to.took, s.took) }

func medianRatio(of, to []float64) float64 {
	ratios := make([]float64, len(of))
	for i := range ratios {
		ratios[i] = of[i] / to[i]
	}
	return median(ratios)
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// report shows the medians of the rounds, and the largest peaks.
func (s *importSide) report(b *testing.B, rows int, copied *importSide, missed *[]string) {
	b.Helper()
	b.Run(s.name, func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // says nothing
		b.ReportMetric(float64(rows)/median(s.took), "rows/s")
		b.ReportMetric(median(s.cpu), "cpu-ms")
		b.ReportMetric(median(s.pgCPU), "pg-ms")
		b.ReportMetric(slices.Max(s.heap), "peak-heap-MiB")
		b.ReportMetric(slices.Max(s.rss), "peak-rss-MiB")
		if s != copied {
			b.ReportMetric(s.ratio(copied), "ratio")
			b.ReportMetric(medianRatio(copied.took, s.whole), "whole-ratio")
		}
	})
	if s != copied && max(slices.Max(s.heap), slices.Max(s.rss)) > maxImportMemory>>20 {
		*missed = append(*missed, fmt.Sprintf("%s may take %d MiB", s.name, maxImportMemory>>20))
	}
}

// BenchmarkJobs works off the smallest job of ours by our worker, with all that it does around a job, in turns with a job that
// does nothing by River alone, as River's own benchmark (river bench -n) does it: jobs that were inserted before, 2,000 at a time, and
// as short pauses between two looks for jobs. ratio is that of the jobs per second, from the start of the client until
// no job is left.
func BenchmarkJobs(b *testing.B) {
	const n = 10_000
	pool := pgtest.New(quiet{b})
	log := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{Pool: pool, Logger: log, Now: time.Now})
	require.NoError(b, err)
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[nothingArgs]) error { return nil }))
	const atOnce, cooldown, poll = 2000, 2 * time.Millisecond, 20 * time.Millisecond
	// off returns the jobs per second of what works until it is stopped.
	off := func(args river.JobArgs, work func(ctx context.Context) error) float64 {
		_, err := pool.Exec(b.Context(), "TRUNCATE river_job")
		require.NoError(b, err)
		client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
		require.NoError(b, err)
		all := make([]river.InsertManyParams, n)
		for i := range all {
			all[i].Args = args
		}
		_, err = client.InsertManyFast(b.Context(), all)
		require.NoError(b, err)
		_, err = pool.Exec(b.Context(), "VACUUM ANALYZE river_job")
		require.NoError(b, err)
		ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
		stopped := make(chan error, 1)
		start := time.Now()
		go func() { stopped <- work(ctx) }()
		for left := true; left; time.Sleep(10 * time.Millisecond) {
			err := pool.QueryRow(b.Context(), "SELECT EXISTS (SELECT FROM river_job WHERE state IN ('available', 'running'))").Scan(&left)
			require.NoError(b, err)
		}
		took := time.Since(start)
		stop()
		require.NoError(b, <-stopped)
		var done int
		require.NoError(b, pool.QueryRow(b.Context(), "SELECT count(*) FROM river_job WHERE state = 'completed'").Scan(&done))
		require.Equal(b, n, done)
		return n / took.Seconds()
	}
	var ours, rivers []float64
	for b.Loop() {
		for range rounds {
			rivers = append(rivers, off(nothingArgs{}, func(ctx context.Context) error {
				client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
					Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}}, Workers: workers,
					FetchCooldown: cooldown, FetchPollInterval: poll, Logger: log,
				})
				if err != nil {
					return err
				}
				if err := client.Start(ctx); err != nil {
					return err
				}
				<-client.Stopped()
				return nil
			}))
			ours = append(ours, off(app.EchoArgs{Word: "hello"}, func(ctx context.Context) error {
				return jobs.Run(ctx, a, jobs.Config{Concurrency: atOnce, PollInterval: cooldown, Grace: 10 * time.Second, Logger: log})
			}))
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing
	b.ReportMetric(median(ours), "jobs/s")
	b.ReportMetric(median(rivers), "river-jobs/s")
	b.ReportMetric(medianRatio(ours, rivers), "ratio")
}

type nothingArgs struct{}

func (nothingArgs) Kind() string { return "nothing" }

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

// written returns what copies the rows that an import has written of companies, a table after the other, into tables that are
// emptied before, and how many rows that are.
func (i *importer) written(b *testing.B) (copyTables func() time.Duration, total int) {
	b.Helper()
	rows, err := i.pool.Query(b.Context(), `SELECT DISTINCT table_name::text FROM information_schema.columns JOIN information_schema.tables USING (table_name)
		WHERE column_name = 'company_id' AND table_type = 'BASE TABLE' AND tables.table_schema = 'public'`)
	require.NoError(b, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	conn, err := i.pool.Acquire(b.Context())
	require.NoError(b, err)
	b.Cleanup(conn.Release)
	data := map[string][]byte{}
	for _, table := range append(tables, "company") {
		var out bytes.Buffer
		tag, err := conn.Conn().PgConn().CopyTo(b.Context(), &out, "COPY "+table+" TO STDOUT (FORMAT binary)")
		require.NoError(b, err)
		if tag.RowsAffected() > 0 {
			total += int(tag.RowsAffected())
			data[table] = out.Bytes()
			_, err := conn.Exec(b.Context(), "CREATE TABLE copied_"+table+" (LIKE "+table+" INCLUDING ALL)")
			require.NoError(b, err)
		}
	}
	return func() (took time.Duration) {
		for table, rows := range data {
			_, err := conn.Exec(b.Context(), "TRUNCATE copied_"+table)
			require.NoError(b, err)
			start := time.Now()
			_, err = conn.Conn().PgConn().CopyFrom(b.Context(), bytes.NewReader(rows), "COPY copied_"+table+" FROM STDIN (FORMAT binary)")
			require.NoError(b, err)
			took += time.Since(start)
		}
		return took
	}, total
}

// postgresTime is the CPU time of the database's processes in milliseconds, 0 where it does not tell.
func (i *importer) postgresTime(b *testing.B) (ms float64) {
	b.Helper()
	if runtime.GOOS == "linux" {
		_ = i.pool.QueryRow(b.Context(), `SELECT 10 * sum(stat[14]::float8 + stat[15]::float8) FROM pg_stat_activity,
			string_to_array(pg_read_file('/proc/' || pid || '/stat'), ' ') AS stat WHERE datname = current_database()`).Scan(&ms)
	}
	return ms
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
