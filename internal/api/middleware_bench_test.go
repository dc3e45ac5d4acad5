package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/telemetry"
)

// thrown is a response that is thrown away.
type thrown struct{ header http.Header }

func (w thrown) Header() http.Header         { return w.header }
func (w thrown) Write(b []byte) (int, error) { return len(b), nil }
func (w thrown) WriteHeader(int)             {}

// BenchmarkMiddleware measures what each step adds to a GET that a handler answers from memory: ns and allocations a
// request, without a network, and with the chain's other steps left out. "before the cache" are those that every answer
// goes through, and "all" is the whole chain.
func BenchmarkMiddleware(b *testing.B) {
	log := telemetry.NewLogger(io.Discard, "json", slog.LevelInfo)
	pool, err := pgxpool.New(b.Context(), "") // which connects to nothing
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	metrics := telemetry.NewMetrics(pool, nil)
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, newProblem(r.Context(), &app.OutageLog{Logger: log}, err))
	}
	const many = 1 << 30
	cfg := Config{
		Logger: log, Observe: metrics.Observe, HTTPS: true, CORSOrigins: []string{"https://edgevalue.example"},
		Limits: Limits{InFlight: 256, InFlightPerNetwork: 128, PerMinute: many, PerMinuteSite: many},
	}
	all := append([]step{metrics.InFlight}, steps(cfg, refuse, nil, alone)...)
	nameOf := func(s step) string { // of the function that returns it
		parts := strings.Split(runtime.FuncForPC(reflect.ValueOf(s).Pointer()).Name(), ".")
		for i, p := range slices.Backward(parts) {
			if !strings.HasPrefix(p, "func") {
				return strings.TrimSuffix(parts[i], "-fm")
			}
		}
		return ""
	}

	body := make([]byte, 600)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetRoute(r.Context(), "getCompany")
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
	sent := httptest.NewRequest(http.MethodGet, Prefix+"/companies/AAPL?as_of=2024-01-02", nil)
	sent.RemoteAddr = "192.0.2.1:1234"
	sent.Header.Set("Accept", "application/json")
	sent.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	var identified *http.Request // as the steps after identify get it
	identify(nil)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { identified = r })).ServeHTTP(thrown{http.Header{}}, sent)
	compare := func(name string, with http.Handler, r *http.Request) {
		b.Run(name, func(b *testing.B) {
			const times = 200
			var took [2][]time.Duration
			var allocs [2]uint64
			run := func(i int, h http.Handler, r *http.Request) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				for range times {
					h.ServeHTTP(thrown{http.Header{}}, r)
				}
				took[i] = append(took[i], time.Since(start))
				runtime.ReadMemStats(&after)
				allocs[i] += after.Mallocs - before.Mallocs
			}
			run(0, answer, identified) // warm up
			run(1, with, r)
			took, allocs = [2][]time.Duration{}, [2]uint64{}
			for b.Loop() {
				for range 50 {
					run(0, answer, identified)
					run(1, with, r)
				}
			}
			median := func(all []time.Duration) float64 {
				return float64(slices.Sorted(slices.Values(all))[len(all)/2]) / times
			}
			b.ReportMetric(median(took[1])-median(took[0]), "added-ns/req")
			b.ReportMetric(float64(int64(allocs[1])-int64(allocs[0]))/float64(len(took[0])*times), "added-allocs/req")
			b.ReportMetric(0, "ns/op") // says nothing
		})
	}
	around := func(steps []step) http.Handler {
		h := http.Handler(answer)
		for _, s := range slices.Backward(steps) {
			h = s(h)
		}
		return h
	}
	before := 0
	for i, s := range all {
		name := nameOf(s)
		compare(name, s(answer), identified)
		if name == "admit" {
			before = i + 1
		}
	}
	compare("before the cache", around(all[:before]), sent)
	compare("all", around(all), sent)
}
