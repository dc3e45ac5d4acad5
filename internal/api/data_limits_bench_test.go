package api_test

import (
	"bufio"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/api"
)

// productionLimits are those that "edgevalue serve" has by default.
func productionLimits() api.Limits {
	cpus := runtime.GOMAXPROCS(0)
	return api.Limits{
		InFlight: api.DefaultInFlight(cpus), InFlightPerNetwork: api.DefaultInFlight(cpus) / 2, ListItems: api.ListItems(cpus),
		PerMinute: 600, PerMinuteSite: 3000,
	}
}

// BenchmarkUnderLoad measures what one company takes while nothing else is asked for, and while 64 clients ask for the
// largest page one after the other. The clients share the processors with the server and the database. times is how much
// longer a company takes then.
func BenchmarkUnderLoad(b *testing.B) {
	pool := benchPool(b)
	for _, bm := range []struct {
		name   string
		limits api.Limits
	}{{"without_limits", api.Limits{}}, {"with_limits", productionLimits()}} {
		addr := serveAPI(b, pool, benchConfig{limits: bm.limits})
		for _, path := range []string{"/companies?page_size=1000", "/financial-statements?page_size=1000", "/companies"} {
			b.Run(bm.name+strings.ReplaceAll(path, "?page_size=", "_"), func(b *testing.B) {
				const small = "/companies/AAPL"
				smallWire := wireLength(b, addr, small)
				wire := wireLength(b, addr, path)
				const turn = 2 * time.Second
				var quiet, loaded []time.Duration
				pages := 0
				var refused atomic.Int64
				var took time.Duration
				for b.Loop() {
					quiet = append(quiet, ask(b, addr, small, smallWire, turn)...)
					var stop atomic.Bool
					var g errgroup.Group
					var got [64]int
					start := time.Now()
					for i := range got {
						g.Go(func() error {
							for !stop.Load() {
								if n := len(ask(b, addr, path, wire, 0)); n > 0 {
									got[i] += n
								} else {
									refused.Add(1)
									time.Sleep(time.Second) // as Retry-After says
								}
							}
							return nil
						})
					}
					loaded = append(loaded, ask(b, addr, small, smallWire, turn)...)
					stop.Store(true)
					require.NoError(b, g.Wait())
					took += time.Since(start)
					for _, n := range got {
						pages += n
					}
				}
				ms := func(all []time.Duration) float64 {
					slices.Sort(all)
					return float64(all[len(all)/2].Microseconds()) / 1000
				}
				b.ReportMetric(ms(quiet), "quiet-ms")
				b.ReportMetric(ms(loaded), "loaded-ms")
				b.ReportMetric(ms(loaded)/ms(quiet), "times")
				b.ReportMetric(float64(pages)/took.Seconds(), "pages/s")
				b.ReportMetric(float64(refused.Load()), "refused")
				b.ReportMetric(0, "ns/op") // says nothing
			})
		}
	}
}

// ask calls a path again and again over one connection, once at least, and returns how long each answer took. It ends
// when one is refused.
func ask(b *testing.B, addr, path string, wire int, long time.Duration) (took []time.Duration) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return nil
	}
	defer func() { _ = conn.Close() }()
	r := bufio.NewReaderSize(conn, 64<<10)
	request := get(path)
	for end := time.Now().Add(long); ; {
		start := time.Now()
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return took
		}
		const ok = "HTTP/1.1 200 OK\r\n"
		if head, err := r.Peek(len(ok)); err != nil || string(head) != ok {
			if err != nil || !strings.Contains(string(head), " 503") {
				b.Errorf("no answer: %q, %v", head, err)
			}
			return took
		}
		if _, err := r.Discard(wire); err != nil {
			b.Error(err)
			return took
		}
		took = append(took, time.Since(start))
		if !time.Now().Before(end) {
			return took
		}
		time.Sleep(2 * time.Millisecond)
	}
}
