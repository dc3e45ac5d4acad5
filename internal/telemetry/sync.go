package telemetry

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// EDGARRequests counts the requests to EDGAR of a process.
type EDGARRequests struct{ counts *prometheus.CounterVec }

// NewEDGARRequests returns counts that begin at 0.
func NewEDGARRequests() EDGARRequests {
	return EDGARRequests{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "edgar_requests_total", Help: "Requests to EDGAR, by what was asked for, the status of the answer (0 for none), and whether it repeats one that failed.",
	}, []string{"what", "status", "retry"})}
}

// Observe counts a request.
func (r EDGARRequests) Observe(what string, status int, retry bool) {
	r.counts.WithLabelValues(what, strconv.Itoa(status), strconv.FormatBool(retry)).Inc()
}

var (
	filersDesc      = prometheus.NewDesc("sync_companies", "Companies whose facts are in the database.", nil, nil)
	newestFiledDesc = prometheus.NewDesc("sync_newest_filing_age_seconds", "Time since the day of the newest filing in the database.", nil, nil)
	lagDesc         = prometheus.NewDesc("sync_lag_seconds", "Time since the end of the newest day of which all filings were synced.", nil, nil)
)

// SyncStatus tells how far the facts are; a day that is not known is nil.
type SyncStatus struct {
	Companies               int64
	NewestFiled, ThroughDay *time.Time
}

// syncCollector looks when it is asked to.
type syncCollector func(context.Context) (SyncStatus, error)

func (syncCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- filersDesc
	ch <- newestFiledDesc
	ch <- lagDesc
}

func (status syncCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := status(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(filersDesc, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(filersDesc, prometheus.GaugeValue, float64(s.Companies))
	if s.NewestFiled != nil {
		ch <- prometheus.MustNewConstMetric(newestFiledDesc, prometheus.GaugeValue, time.Since(*s.NewestFiled).Seconds())
	}
	if s.ThroughDay != nil {
		ch <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, time.Since(s.ThroughDay.AddDate(0, 0, 1)).Seconds())
	}
}

// Sync adds the metrics of syncs.
func (m *Metrics) Sync(requests EDGARRequests, status func(context.Context) (SyncStatus, error)) {
	m.registry.MustRegister(requests.counts, syncCollector(status))
}
