package metric_test

import (
	"compress/gzip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// A filer is a company of the samples.
type filer struct {
	*metric.Company
	reports []*metric.Report
}

// year returns the annual report of a fiscal year.
func (f *filer) year(fiscalYear int) *metric.Report {
	for _, r := range f.reports {
		if r.Period == value.Annual && r.FiscalYear == fiscalYear {
			return r
		}
	}
	panic(fiscalYear)
}

// documents are the samples' company facts by ticker.
var documents = map[string]string{
	"AAPL": "companyfacts-CIK0000320193.json.gz",
	"SNOW": "companyfacts-CIK0001640147.json.gz",
	"MRVL": "companyfacts-CIK0001835632.json.gz",
}

var parsed sync.Map

func companyFacts(t testing.TB, ticker string) *sec.CompanyFacts {
	t.Helper()
	if facts, ok := parsed.Load(ticker); ok {
		return facts.(*sec.CompanyFacts)
	}
	f, err := sample.FS.Open(documents[ticker])
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	facts, err := sec.ParseCompanyFacts(z)
	require.NoError(t, err)
	parsed.Store(ticker, facts)
	return facts
}

// readStatements reads a company's statements as of a day, on its share basis.
func readStatements(t testing.TB, ticker string, asOf time.Time) []value.Statement {
	t.Helper()
	facts := companyFacts(t, ticker)
	splits := value.KnownSplits(value.MergeSplits(nil, facts.Splits(asOf)), asOf)
	statements := facts.Statements(asOf)
	for i := range statements {
		statements[i] = statements[i].OnBasis(asOf, splits)
	}
	return statements
}

func readFiler(t testing.TB, ticker string, asOf time.Time) *filer {
	t.Helper()
	facts := companyFacts(t, ticker)
	reports := metric.ReportsOnBasis(facts.Statements(asOf), asOf, value.KnownSplits(value.MergeSplits(nil, facts.Splits(asOf)), asOf))
	return &filer{metric.NewCompany(reports), reports}
}
