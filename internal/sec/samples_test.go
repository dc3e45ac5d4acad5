package sec_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"maps"
	"math/big"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// files are the sample companies' documents by ticker.
var files = map[string]string{
	"AAPL": "companyfacts-CIK0000320193.json.gz",
	"SNOW": "companyfacts-CIK0001640147.json.gz",
	"MRVL": "companyfacts-CIK0001835632.json.gz",
}

var million = int64(1_000_000)

func readSample(t testing.TB, name string) []byte {
	t.Helper()
	f, err := sample.FS.Open(name)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	document, err := io.ReadAll(z)
	require.NoError(t, err)
	return document
}

// readers reads files whole.
func readers(t testing.TB, paths []string) []io.Reader {
	t.Helper()
	readers := make([]io.Reader, len(paths))
	for i, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		readers[i] = bytes.NewReader(b)
	}
	return readers
}

var parsed sync.Map

// company parses a sample company's document, once.
func company(t testing.TB, ticker string) *sec.CompanyFacts {
	t.Helper()
	parse, _ := parsed.LoadOrStore(ticker, sync.OnceValues(func() (*sec.CompanyFacts, error) {
		f, err := sample.FS.Open(files[ticker])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, err
		}
		return sec.ParseCompanyFacts(z)
	}))
	facts, err := parse.(func() (*sec.CompanyFacts, error))()
	require.NoError(t, err)
	return facts
}

func date(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	require.NoError(t, err)
	return d
}

func readCSV(t testing.TB, name string) [][]string {
	t.Helper()
	f, err := sample.FS.Open(name)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

func splits(t testing.TB, ticker string) []value.Split {
	t.Helper()
	var imported []value.ImportedSplit
	for _, row := range readCSV(t, "splits.csv") {
		if row[0] == ticker {
			imported = append(imported, value.ImportedSplit{
				EffectiveDate: date(t, row[1]), Ratio: decimal.RequireFromString(row[2]).Rat(), FromPrices: false,
			})
		}
	}
	return value.MergeSplits(imported, nil)
}

// dailyRatios computes the ratios of every nth trading day of Apple's prices from what was known on each.
func dailyRatios(t testing.TB, nth int) []value.DailyRatios {
	t.Helper()
	facts, splits := company(t, "AAPL"), splits(t, "AAPL")
	var ratios []value.DailyRatios
	for i, row := range readCSV(t, "prices-AAPL.csv") {
		if i%nth == 0 || row[0] == "2017-12-29" {
			quote := value.Quote{
				Day: date(t, row[0]), Close: decimal.RequireFromString(row[4]), Currency: "USD", OrdinaryShares: big.NewRat(1, 1),
			}
			ratios = append(ratios, ratiosOn(quote, facts, splits, nil))
		}
	}
	return ratios
}

// ratiosOn computes the ratios of a day from what was known on it.
func ratiosOn(q value.Quote, facts *sec.CompanyFacts, splits []value.Split, rates map[[2]string]*big.Rat) value.DailyRatios {
	statements := facts.Statements(q.Day)
	s := value.Latest(statements)
	var ttm value.TTM
	if s != nil {
		ttm = value.TrailingTwelveMonths(*s, statements)
	}
	newest := make(map[value.SharesSource]value.ShareCount)
	for _, c := range facts.ShareCounts() {
		if !c.KnownFrom.After(q.Day) {
			newest[c.Source] = c
		}
	}
	return value.ComputeMarketValue(q, s, slices.Collect(maps.Values(newest)), splits, func(from, to string) *big.Rat {
		if from == to {
			return big.NewRat(1, 1)
		}
		return rates[[2]string{from, to}]
	}).Ratios(s, ttm)
}
