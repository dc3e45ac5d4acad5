package telemetry

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/pgxpoolprometheus"
	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Metrics are the process's Prometheus metrics.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	limit    prometheus.Gauge
	refused  *prometheus.CounterVec
	reads    *prometheus.CounterVec
	jobs     *prometheus.HistogramVec
}

// NewMetrics returns metrics of the process, its requests, its jobs, those that countJobs finds, and the database pool.
func NewMetrics(pool *pgxpool.Pool, countJobs func(context.Context) ([]JobCount, error)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to respond to a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"operation", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight", Help: "Requests being served."}),
		limit:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight_limit", Help: "How many requests can be served at a time."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_refused_total", Help: "Requests refused since there were too many, by what was full.",
		}, []string{"by"}),
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "database_replica_reads_total", Help: "Reads that could go to a replica, by whether they did (replica), or why the primary was asked.",
		}, []string{"outcome"}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "river_job_duration_seconds", Help: "Time to work a job, by its outcome.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600},
		}, []string{"kind", "outcome"}),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.inFlight, m.limit, m.refused, m.reads, m.jobs, pgxpoolprometheus.NewCollector(pool, nil), jobCollector(countJobs))
	return m
}

// Observe returns what records finished requests of a kind. An unknown operation is empty.
func (m *Metrics) Observe(operation, method string, status int) (record func(took time.Duration)) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // a client may send any
	}
	of := m.requests.WithLabelValues(operation, method, strconv.Itoa(status))
	return func(took time.Duration) { of.Observe(took.Seconds()) }
}

// InFlight counts the requests that next is serving.
func (m *Metrics) InFlight(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(m.inFlight, next)
}

// SetInFlightLimit tells how many requests are served at a time.
func (m *Metrics) SetInFlightLimit(n int) { m.limit.Set(float64(n)) }

// Refused counts a request that was refused since there were too many.
func (m *Metrics) Refused(by string) { m.refused.WithLabelValues(by).Inc() }

// ReplicaRead counts a read that could go to a replica.
func (m *Metrics) ReplicaRead(outcome string) { m.reads.WithLabelValues(outcome).Inc() }

// CacheStats count requests for answers that may come from a cache, and its bytes.
type CacheStats struct{ Hits, Misses, Bypasses, Bytes uint64 }

// Cache has the metrics of a cache of answers.
func (m *Metrics) Cache(stats func() CacheStats) {
	const name, help = "http_cache_requests_total", "Requests for cacheable answers: hits came from the cache, bypasses while it could not tell what is current."
	for outcome, count := range map[string]func(CacheStats) uint64{
		"hit":    func(s CacheStats) uint64 { return s.Hits },
		"miss":   func(s CacheStats) uint64 { return s.Misses },
		"bypass": func(s CacheStats) uint64 { return s.Bypasses },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(count(stats())) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "http_cache_bytes", Help: "Size of the answers in the cache.",
	}, func() float64 { return float64(stats().Bytes) }))
}

// JobMiddleware measures the jobs that a River client works.
func (m *Metrics) JobMiddleware() []rivertype.Middleware {
	return []rivertype.Middleware{river.WorkerMiddlewareFunc(
		func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
			start := time.Now()
			outcome := "panicked"
			defer func() { m.jobs.WithLabelValues(job.Kind, outcome).Observe(time.Since(start).Seconds()) }()
			err := work(ctx)
			outcome = outcomeOf(err)
			return err
		})}
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "completed"
	case errors.Is(err, new(rivertype.JobCancelError)):
		return "cancelled"
	case errors.Is(err, new(rivertype.JobSnoozeError)):
		return "snoozed"
	}
	return "failed"
}

// AdminHandler serves /metrics, /livez and, if it is asked to, pprof. It is for operators: it authenticates nobody, but
// takes no request that a web page made for a name of its own, which its owner can let lead here.
func (m *Metrics) AdminHandler(hosts []string, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Timeout: 10 * time.Second, MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	if profiles {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", unhurried(pprof.Profile))
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", unhurried(pprof.Trace))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOwnHost(r.Host, hosts) {
			http.Error(w, "this host name is not in ADMIN_HOSTS", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isOwnHost reports whether a Host header has an IP address, localhost or one of names.
func isOwnHost(hostport string, names []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return slices.ContainsFunc(append([]string{"localhost"}, names...), func(name string) bool { return strings.EqualFold(name, host) })
}

// unhurried lets a handler write for as long as its client asks.
func unhurried(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		h(w, r)
	}
}

var jobsDesc = prometheus.NewDesc("river_jobs", "Jobs in the database.", []string{"queue", "kind", "state"}, nil)

// JobCount is how many jobs of a queue and kind are in a state.
type JobCount struct {
	Queue, Kind, State string
	Count              int64
}

// jobCollector counts the jobs when it is asked to.
type jobCollector func(context.Context) ([]JobCount, error)

func (jobCollector) Describe(ch chan<- *prometheus.Desc) { ch <- jobsDesc }

func (count jobCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := count(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(jobsDesc, err)
	}
	for _, c := range counts {
		ch <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(c.Count), c.Queue, c.Kind, c.State)
	}
}
