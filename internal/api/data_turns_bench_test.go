package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/telemetry"
	"github.com/edgevalue/edgevalue/internal/web"
)

// How long servers are compared: each has a turn of each kind in every round.
const (
	benchRounds  = 3
	turnsARound  = 4
	benchTurn    = 250 * time.Millisecond
	benchClients = 32
)

// A side is a server that is compared with others, and what it did in each round.
type side struct {
	turn   func(time.Duration) (answers int, err error)
	rate   []float64 // answers per second
	cpu    []float64 // us of this process, clients included, an answer
	pgCPU  []float64 // us of PostgreSQL's an answer; 0 where the system does not tell
	allocs []float64 // objects an answer
	bytes  []float64 // allocated an answer
}

// inTurns has the sides serve in turns, backwards every second time. Go's scheduler has one processor more than there are, since
// the clients are in the same process: with as many, servers and clients that wait for each other leave some idle, and what is
// compared is no longer what answers cost.
func inTurns(b *testing.B, pool *pgxpool.Pool, sides ...*side) {
	b.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	server := postgresServer(b, pool)
	for _, s := range sides { // warm up
		_, err := s.turn(benchTurn)
		require.NoError(b, err)
	}
	type sums struct{ answers, took, cpu, pgCPU, allocs, bytes float64 }
	for b.Loop() {
		for range benchRounds {
			sum := make([]sums, len(sides))
			for turn := range turnsARound {
				for i := range sides {
					if turn%2 == 1 {
						i = len(sides) - 1 - i
					}
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					start, cpu, pgCPU := time.Now(), processTime(b), postgresTime(server)
					n, err := sides[i].turn(benchTurn)
					require.NoError(b, err)
					took, cpu, pgCPU := time.Since(start), processTime(b)-cpu, postgresTime(server)-pgCPU
					runtime.ReadMemStats(&after)
					sum[i].answers += float64(n)
					sum[i].took += took.Seconds()
					sum[i].cpu += float64(cpu.Microseconds())
					sum[i].pgCPU += float64(pgCPU.Microseconds())
					sum[i].allocs += float64(after.Mallocs - before.Mallocs)
					sum[i].bytes += float64(after.TotalAlloc - before.TotalAlloc)
				}
			}
			for i, s := range sides {
				n := sum[i].answers
				s.rate, s.cpu, s.pgCPU = append(s.rate, n/sum[i].took), append(s.cpu, sum[i].cpu/n), append(s.pgCPU, sum[i].pgCPU/n)
				s.allocs, s.bytes = append(s.allocs, sum[i].allocs/n), append(s.bytes, sum[i].bytes/n)
			}
		}
	}
}

// ratio is the median of the rounds' ratios of s's rate to another's.
func (s *side) ratio(to *side) float64 {
	ratios := make([]float64, len(s.rate))
	for i := range ratios {
		ratios[i] = s.rate[i] / to.rate[i]
	}
	return median(ratios)
}

// report shows the medians of the rounds.
func (s *side) report(b *testing.B, name string) {
	b.ReportMetric(0, "ns/op") // says nothing
	b.ReportMetric(median(s.rate), name+"-req/s")
	b.ReportMetric(median(s.cpu), name+"-cpu-us")
	b.ReportMetric(median(s.pgCPU), name+"-pg-us")
	b.ReportMetric(median(s.allocs), name+"-allocs")
	b.ReportMetric(median(s.bytes)/1024, name+"-KiB")
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// marks collects what benchmarks missed: one that fails shows no figures, the one around it does.
type marks []string

func (m *marks) atLeast(b *testing.B, unit string, got, least float64) {
	b.ReportMetric(got, unit)
	if got < least {
		*m = append(*m, fmt.Sprintf("%s: %s %.2f, must be at least %.2f", b.Name(), unit, got, least))
	}
}

func (m *marks) atMost(b *testing.B, unit string, got, most float64) {
	b.ReportMetric(got, unit)
	if got > most {
		*m = append(*m, fmt.Sprintf("%s: %s %.2f, may be at most %.2f", b.Name(), unit, got, most))
	}
}

func (m *marks) fail(b *testing.B) {
	b.Helper()
	require.Empty(b, *m)
}

func processTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// postgresTime is the CPU time of the processes of the database's server, 0 where it is not on this machine or the system
// does not tell.
func postgresTime(server string) (total time.Duration) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range files {
		if fields := postgresStat(name); len(fields) > 12 && fields[1] == server {
			for _, ticks := range fields[11:13] { // utime and stime in hundredths of a second
				n, _ := strconv.ParseInt(ticks, 10, 64)
				total += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return total
}

// postgresStat is what follows the name in a file of proc_pid_stat(5): the state, the parent and so on.
func postgresStat(file string) []string {
	stat, _ := os.ReadFile(file) // it may have ended
	_, rest, _ := strings.Cut(string(stat), "(postgres) ")
	return strings.Fields(rest)
}

// postgresServer is the id of the parent of a database's processes, "" if there is no such process on this machine.
func postgresServer(b *testing.B, pool *pgxpool.Pool) string {
	b.Helper()
	var backend int
	require.NoError(b, pool.QueryRow(b.Context(), "SELECT pg_backend_pid()").Scan(&backend))
	if fields := postgresStat(fmt.Sprintf("/proc/%d/stat", backend)); len(fields) > 1 {
		return fields[1]
	}
	return ""
}

type benchConfig struct {
	limits api.Limits
	cached bool
}

// serveAPI serves what "edgevalue serve" does, without the job monitor, and returns its address.
func serveAPI(b *testing.B, pool *pgxpool.Pool, cfg benchConfig) string {
	b.Helper()
	log := telemetry.NewLogger(io.Discard, "json", slog.LevelInfo)
	a, err := app.New(app.Config{
		Pool: pool, Logger: log, Now: time.Now, Changes: pg.NewChanges(pool, log), PublicURL: "https://edgevalue.example",
	})
	require.NoError(b, err)
	return serveApp(b, a, log, cfg)
}

func serveApp(b *testing.B, a *app.App, log *slog.Logger, cfg benchConfig) string {
	b.Helper()
	pages := http.NewServeMux()
	_, err := web.Register(pages, web.Config{ProjectName: "EdgeValue", Environment: web.Production, Spec: edgevalue.OpenAPI})
	require.NoError(b, err)
	metrics := telemetry.NewMetrics(a.Pool, nil)
	served := api.Config{
		App: a, Logger: log, CORSOrigins: []string{"https://edgevalue.example"}, HTTPS: true, Pages: pages, Observe: metrics.Observe,
		Limits: cfg.limits,
	}
	if cfg.cached {
		served.Cache = api.NewCache(64 << 20)
		listen(b, a.Changes)
	}
	handler, err := api.New(served)
	require.NoError(b, err)
	return serve(b, metrics.InFlight(handler))
}

// serve does so with net/http alone: httptest also keeps account of what each connection does.
func serve(b *testing.B, h http.Handler) string {
	b.Helper()
	s := &http.Server{Handler: h}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	b.Cleanup(func() {
		require.NoError(b, s.Close())
		require.ErrorIs(b, <-done, http.ErrServerClosed)
	})
	return l.Addr().String()
}

// fromMemory answers everything with one body and one header.
func fromMemory(body string, header http.Header) http.Handler {
	content := []byte(body)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		_, _ = w.Write(content)
	})
}

// headerOf is that of a path's answer, but for what net/http writes itself.
func headerOf(b *testing.B, addr, path string) http.Header {
	b.Helper()
	res, _, _ := exchange(b, addr, path)
	res.Header.Del("Date")
	return res.Header
}

// get is the request for a path of the API. It accepts no compression, which the other sides do not offer.
func get(path string) []byte {
	return []byte("GET " + api.Prefix + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
}

// fetch returns the body of a path's successful answer.
func fetch(b *testing.B, addr, path string) string {
	b.Helper()
	_, body, _ := exchange(b, addr, path)
	return body
}

// wireLength is the number of bytes that the whole answer has on the wire, when it was asked for before.
func wireLength(b *testing.B, addr, path string) int {
	b.Helper()
	_, _, wire := exchange(b, addr, path)
	return wire
}

func exchange(b *testing.B, addr, path string) (res *http.Response, body string, wire int) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(b, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write(get(path))
	require.NoError(b, err)
	var all bytes.Buffer
	res, err = http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &all)), nil)
	require.NoError(b, err)
	content, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, res.StatusCode, "%s", content)
	return res, string(content), all.Len()
}
