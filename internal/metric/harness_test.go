package metric_test

import (
	"encoding/json"
	"math/big"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/metric"
	"github.com/edgevalue/edgevalue/internal/value"
)

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// appleSplits are those since Apple files facts.
var appleSplits = []value.Split{
	{EffectiveDate: day("2014-06-09"), Ratio: decimal.NewFromInt(7)},
	{EffectiveDate: day("2020-08-31"), Ratio: decimal.NewFromInt(4)},
}

// A filer is a company of the golden files of internal/sec.
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

var dateOnly = regexp.MustCompile(`"(\d{4}-\d\d-\d\d)"`)

// readStatements reads the newest versions of a company's statements published up to a day, with per-share figures as of it.
func readStatements(t testing.TB, ticker string, asOf time.Time) []value.Statement {
	t.Helper()
	text, err := os.ReadFile("../sec/testdata/" + ticker + ".golden.json")
	require.NoError(t, err)
	var file struct{ Statements []value.Statement }
	require.NoError(t, json.Unmarshal(dateOnly.ReplaceAll(text, []byte(`"${1}T00:00:00Z"`)), &file))
	file.Statements = slices.DeleteFunc(file.Statements, func(s value.Statement) bool { return s.PublishDate.After(asOf) })
	splits := splitsOf(ticker)
	for i := range file.Statements {
		s := &file.Statements[i]
		if s.PerShareBasisDate != nil && s.EarningsPerShareDiluted != nil {
			ratio := value.SplitRatio(*s.PerShareBasisDate, asOf, splits)
			s.EarningsPerShareDiluted = new(s.EarningsPerShareDiluted.DivRound(ratio, value.Precision))
		}
		if s.SharesOutstanding != nil {
			s.SharesOutstanding = new(value.SplitRatio(s.PublishDate, asOf, splits).Mul(decimal.NewFromInt(*s.SharesOutstanding)).IntPart())
		}
	}
	return file.Statements
}

// splitsOf are those of a company since it files facts.
func splitsOf(ticker string) []value.Split {
	if ticker != "AAPL" {
		return nil
	}
	return appleSplits
}

// readFiler reads the same, with figures of annual statements that the golden files do not have.
func readFiler(t testing.TB, ticker string, asOf time.Time) *filer {
	t.Helper()
	reports := metric.Reports(readStatements(t, ticker, asOf))
	text, err := os.ReadFile("testdata/further.json")
	require.NoError(t, err)
	further := map[string]map[string]json.RawMessage{}
	require.NoError(t, json.Unmarshal(text, &further))
	splits := splitsOf(ticker)
	for _, r := range reports {
		figures := further[ticker+" "+r.EndDate.Format(time.DateOnly)]
		own := r.Own
		r.Own = func(name string) *big.Rat {
			if v := own(name); v != nil || r.Period != value.Annual {
				return v
			}
			text, ok := figures[name]
			if !ok {
				return nil
			}
			v, ok := new(big.Rat).SetString(string(text))
			if !ok {
				return nil
			}
			if name == "dividends_per_share" {
				basis := day(string(figures[name+"_basis_date"][1:11]))
				v.Quo(v, value.SplitRatio(basis, asOf, splits).Rat())
			}
			return v
		}
		if months := r.Months; r.Period == value.Annual {
			r.Months = func(name string) *big.Rat {
				if v := months(name); v != nil {
					return v
				}
				return r.Own(name)
			}
		}
	}
	return &filer{metric.NewCompany(reports), reports}
}
