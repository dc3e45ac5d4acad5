package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// get requests a path of the admin handler.
func get(t *testing.T, m *Metrics, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.AdminHandler(nil, true).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8081"+path, nil))
	body, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.Code, string(body)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics(pgtest.New(t), func(context.Context) ([]JobCount, error) {
		return []JobCount{{"default", "echo", "available", 2}, {"mails", "echo", "scheduled", 1}}, nil
	})
	m.Observe("getUser", http.MethodGet, http.StatusOK)(20 * time.Millisecond)
	m.Observe("", "BREW", http.StatusNotFound)(time.Millisecond)
	m.InFlight(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		_, text := get(t, m, "/metrics")
		assert.Contains(t, text, "\nhttp_requests_in_flight 1\n")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))

	m.SetInFlightLimit(256)
	m.Refused("network")
	m.Cache(func() CacheStats { return CacheStats{Hits: 3, Misses: 2, Bypasses: 1, Bytes: 700} })
	work := func(err error) error {
		w := m.JobMiddleware()[0].(rivertype.WorkerMiddleware)
		return w.Work(t.Context(), &rivertype.JobRow{Kind: "echo"}, func(context.Context) error { return err })
	}
	require.NoError(t, work(nil))
	for _, err := range []error{
		errors.New("no"), errors.Wrap(river.JobCancel(errors.New("no")), "work"), river.JobSnooze(time.Second),
	} {
		require.ErrorIs(t, work(err), err)
	}

	status, text := get(t, m, "/metrics")
	require.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`http_request_duration_seconds_count{method="GET",operation="getUser",status="200"} 1`,
		`http_request_duration_seconds_bucket{method="GET",operation="getUser",status="200",le="0.025"} 1`,
		`http_request_duration_seconds_count{method="other",operation="",status="404"} 1`,
		`http_requests_in_flight 0`,
		`http_requests_in_flight_limit 256`,
		`http_requests_refused_total{by="network"} 1`,
		`http_cache_requests_total{outcome="hit"} 3`,
		`http_cache_requests_total{outcome="miss"} 2`,
		`http_cache_requests_total{outcome="bypass"} 1`,
		`http_cache_bytes 700`,
		`river_jobs{kind="echo",queue="default",state="available"} 2`,
		`river_jobs{kind="echo",queue="mails",state="scheduled"} 1`,
		`river_job_duration_seconds_count{kind="echo",outcome="completed"} 1`,
		`river_job_duration_seconds_count{kind="echo",outcome="failed"} 1`,
		`river_job_duration_seconds_count{kind="echo",outcome="cancelled"} 1`,
		`river_job_duration_seconds_count{kind="echo",outcome="snoozed"} 1`,
		`pgxpool_max_conns 8`,
	} {
		assert.Contains(t, text, "\n"+line+"\n")
	}
	assert.Contains(t, text, "\ngo_goroutines ")
	assert.Contains(t, text, "\ngo_gc_gomemlimit_bytes ")
	assert.Contains(t, text, "\nprocess_cpu_seconds_total ")
}

// The other metrics are there while the database is away.
func TestMetricsWithoutDatabase(t *testing.T) {
	t.Parallel()
	m := NewMetrics(pgtest.New(t), func(context.Context) ([]JobCount, error) { return nil, errors.New("no connection") })
	status, text := get(t, m, "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "\ngo_goroutines ")
	assert.NotContains(t, text, "\nriver_jobs{")
}

func TestJobPanic(t *testing.T) {
	t.Parallel()
	m := NewMetrics(pgtest.New(t), nil)
	assert.Panics(t, func() {
		w := m.JobMiddleware()[0].(rivertype.WorkerMiddleware)
		_ = w.Work(t.Context(), &rivertype.JobRow{Kind: "echo"}, func(context.Context) error { panic("no") })
	})
	_, text := get(t, m, "/metrics")
	assert.Contains(t, text, `river_job_duration_seconds_count{kind="echo",outcome="panicked"} 1`)
}

func TestAdminHandler(t *testing.T) {
	t.Parallel()
	m := NewMetrics(pgtest.New(t), nil)
	for path, want := range map[string]int{
		"/livez": 200, "/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 200,
		"/debug/pprof/symbol": 200, "/": 404, "/debug": 404,
	} {
		status, _ := get(t, m, path)
		assert.Equal(t, want, status, path)
	}
}

// A page of another site whose name leads here gets nothing.
func TestAdminHosts(t *testing.T) {
	t.Parallel()
	h := NewMetrics(pgtest.New(t), nil).AdminHandler([]string{"backend"}, false)
	for host, want := range map[string]int{
		"127.0.0.1:8081": 200, "10.0.3.7": 200, "[::1]:8081": 200, "[fe80::1]": 200, "localhost:8081": 200, "LOCALHOST.": 200,
		"backend:8081": 200, "Backend": 200,
		"rebound.example:8081": 421, "localhost.rebound.example": 421, "worker": 421, "127.0.0.1.rebound.example": 421, "": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, host)
	}
}

func TestProfilesOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	h := NewMetrics(pgtest.New(t), nil).AdminHandler(nil, false)
	for _, path := range []string{"", "cmdline", "profile", "symbol", "trace", "heap", "goroutine"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/debug/pprof/"+path, nil))
		assert.Equal(t, http.StatusNotFound, w.Code, path)
	}
}
