package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

func newTestGenerator(t *testing.T) *generator {
	t.Helper()
	g, err := newGenerator(1)
	require.NoError(t, err)
	return g
}

func (g *generator) mustCompany(t *testing.T, i int) company {
	t.Helper()
	c, err := g.company(i)
	require.NoError(t, err)
	return c
}

func writeArchive(t *testing.T, g *generator, n int) (*zip.Reader, []byte) {
	t.Helper()
	var b bytes.Buffer
	total, err := g.writeFacts(t.Context(), &b, n)
	require.NoError(t, err)
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, z.File, n)
	assert.Equal(t, n, total.files)
	return z, b.Bytes()
}

func read(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	require.NoError(t, err)
	text, err := io.ReadAll(r) // checks the checksum
	require.NoError(t, err)
	return text
}

func TestArchive(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	small, first := writeArchive(t, g, 12)
	_, again := writeArchive(t, newTestGenerator(t), 12)
	assert.True(t, bytes.Equal(first, again), "the same bytes each time")
	large, _ := writeArchive(t, g, 30)
	for i, f := range small.File {
		c := g.mustCompany(t, i)
		assert.Equal(t, c.entry(), f.Name)
		assert.Equal(t, string(c.appendFile(nil)), string(read(t, f)))
		assert.Equal(t, f.Name, large.File[i].Name)
		assert.Equal(t, f.CRC32, large.File[i].CRC32, "a company is the same among more")
	}
	other, err := newGenerator(2)
	require.NoError(t, err)
	_, different := writeArchive(t, other, 12)
	assert.False(t, bytes.Equal(first, different), "another seed gives other companies")
}

// imbalance is by how much a balance sheet's two sides differ, as some do that were filed. It is false if a side is not known.
func imbalance(s value.Statement) (int64, bool) {
	if s.TotalAssets == nil || s.TotalLiabilities == nil || s.TotalEquity == nil {
		return 0, false
	}
	right := *s.TotalLiabilities + *s.TotalEquity
	if s.TemporaryEquity != nil {
		right += *s.TemporaryEquity
	}
	return *s.TotalAssets - right, true
}

// TestCompanies reads files of companies as an import does.
func TestCompanies(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	type place struct {
		template *template
		end      int
	}
	filed := map[place]int64{} // imbalances of the samples
	for i, t0 := range g.domestic {
		for _, s := range original(t, i).Statements(time.Time{}) {
			if by, ok := imbalance(s); ok {
				filed[place{t0, dayOf(s.EndDate)}] = by
			}
		}
	}
	foreign, currencies, ends := 0, map[string]bool{}, map[time.Month]bool{}
	for i := range 200 {
		c := g.mustCompany(t, i)
		if c.flaw != whole {
			continue
		}
		facts, err := sec.ParseCompanyFacts(bytes.NewReader(c.appendFile(nil)))
		require.NoError(t, err, i)
		assert.Equal(t, c.cik, facts.CIK)
		assert.Equal(t, c.name, facts.EntityName)
		assert.False(t, facts.NewestFiled().After(lastDay), "nothing is filed after the last day of prices")
		statements := facts.Statements(time.Time{})
		require.NotEmpty(t, statements, i)
		balances := 0
		for _, s := range statements {
			assert.Equal(t, c.currency, s.Currency)
			assert.InDelta(t, s.EndDate.Year(), s.FiscalYear, 1)
			if by, ok := imbalance(s); ok {
				balances++
				of := c.template
				if k := slices.Index(g.foreign, of); k >= 0 {
					of = g.domestic[k]
				}
				want := filed[place{of, dayOf(s.EndDate) + 7*c.weeks}]
				assert.Equal(t, want*c.thousandths/1000, by, "company %d at %s", i, s.EndDate)
			}
		}
		assert.Positive(t, balances, i)
		last := statements[len(statements)-1]
		ends[last.EndDate.Month()] = true
		if *last.Taxonomy == value.IFRSFull {
			foreign++
			currencies[c.currency] = true
			assert.True(t, slices.ContainsFunc(statements, func(s value.Statement) bool {
				return s.TotalRevenues != nil && s.NetIncome != nil && s.OperatingCashFlow != nil && s.EarningsPerShare != nil
			}), i)
		}
	}
	assert.Greater(t, foreign, 4)
	assert.Greater(t, len(currencies), 2)
	assert.Len(t, ends, 12)
}

// original reads the document of a template.
func original(t *testing.T, i int) *sec.CompanyFacts {
	t.Helper()
	f, err := sample.FS.Open(samples[i].name)
	require.NoError(t, err)
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	facts, err := sec.ParseCompanyFacts(z)
	require.NoError(t, err)
	return facts
}

// TestScaled compares the statements of a company with those of the one that it is made of.
func TestScaled(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	for i := range samples {
		original := original(t, i)
		from := g.domestic[i]
		for _, thousandths := range []int64{1000, 2317} {
			c := company{cik: firstCIK, name: "A", template: from, first: 0, last: len(from.filings), thousandths: thousandths, currency: "USD"}
			facts, err := sec.ParseCompanyFacts(bytes.NewReader(c.appendFile(nil)))
			require.NoError(t, err)
			want, got := original.Statements(time.Time{}), facts.Statements(time.Time{})
			require.Len(t, got, len(want))
			for k := range want {
				w, g := reflect.ValueOf(want[k]), reflect.ValueOf(got[k])
				for field, v := range w.Fields() {
					made := g.FieldByIndex(field.Index)
					if p, ok := v.Interface().(*int64); ok && p != nil && field.Type.Elem().Kind() == reflect.Int64 {
						at := fmt.Sprintf("%s, %s of %s", samples[i].name, field.Name, want[k].EndDate)
						require.False(t, made.IsNil(), at)
						if strings.Contains(field.Name, "Shares") {
							assert.InEpsilon(t, *p*thousandths, made.Elem().Int()*1000, 1e-4, at)
						} else {
							assert.Equal(t, *p*thousandths, made.Elem().Int()*1000, at)
						}
					}
				}
				assert.Equal(t, want[k].FiscalYear, got[k].FiscalYear)
				assert.Equal(t, want[k].EarningsPerShare, got[k].EarningsPerShare)
				assert.Equal(t, want[k].DividendsPerShare, got[k].DividendsPerShare)
			}
			if thousandths == 1000 {
				assert.Len(t, facts.Splits(time.Time{}), len(original.Splits(time.Time{})))
				assert.Len(t, facts.History(), len(original.History()))
			}
		}
	}
}

func TestFlaws(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	name := regexp.MustCompile(`^CIK(\d{10})\.json$`)
	seen := map[flaw]int{}
	const n = 5000
	failures, err := g.failures(n)
	require.NoError(t, err)
	assert.InDelta(t, n/100*4/6, len(failures), n/200)
	for i := range n {
		c := g.mustCompany(t, i)
		seen[c.flaw]++
		if c.flaw == whole || seen[c.flaw] > 3 {
			continue
		}
		assert.Empty(t, c.tickers)
		text := c.appendFile(nil)
		facts, err := sec.ParseCompanyFacts(bytes.NewReader(text))
		assert.Equal(t, c.flaw != misnamed, name.MatchString(c.entry()))
		failure := map[flaw]string{
			truncated: c.symbol(), page: c.symbol(), ofAnotherCIK: c.symbol(), misnamed: fmt.Sprintf("entry %d: %s", i+1, c.entry()),
		}[c.flaw]
		assert.Equal(t, failure, c.failure(i))
		assert.Equal(t, failure != "", slices.Contains(failures, failure))
		switch c.flaw {
		case truncated:
			assert.ErrorContains(t, err, "ends too early")
		case page:
			assert.ErrorContains(t, err, "not a JSON object")
		case ofAnotherCIK:
			require.NoError(t, err)
			assert.NotContains(t, c.entry(), fmt.Sprint(facts.CIK))
		case withoutFacts, withoutReport:
			require.NoError(t, err)
			assert.Equal(t, c.cik, facts.CIK)
			assert.Empty(t, facts.Statements(time.Time{}))
			assert.Equal(t, c.flaw == withoutReport, facts.Report().Facts > 0)
		case misnamed:
			require.NoError(t, err)
		case whole, flaws:
		}
	}
	assert.Len(t, seen, int(flaws))
	assert.InDelta(t, n/100, n-seen[whole], n/200)
}

func TestNames(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	names, tickers, listed, several := map[string]bool{}, map[string]bool{}, 0, 0
	for i := range maxCompanies {
		c := g.mustCompany(t, i)
		names[c.name] = true
		for _, ticker := range c.tickers {
			require.True(t, sec.IsTicker(ticker), ticker)
			require.False(t, tickers[sec.TickerKey(ticker)], ticker)
			tickers[sec.TickerKey(ticker)] = true
		}
		if len(c.tickers) > 0 {
			listed++
		}
		if len(c.tickers) > 1 {
			several++
		}
	}
	assert.Len(t, names, maxCompanies)
	assert.InDelta(t, 0.45, float64(listed)/maxCompanies, 0.01)
	assert.Positive(t, several)
	_, err := g.company(maxCompanies)
	assert.ErrorContains(t, err, "32768 companies only")
}
