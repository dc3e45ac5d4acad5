package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// splitLines are a company's splits in a line each, the newest first.
func (f *fixture) splitLines(ticker string, rejected bool) (lines []string) {
	f.t.Helper()
	for _, s := range pages(f.t, 1, func(token oas.OptString) ([]oas.Split, oas.NilString) {
		page, err := f.anon.ListCompanySplits(f.t.Context(), oas.ListCompanySplitsParams{
			Ticker: oas.Ticker(ticker), Rejected: oas.NewOptBool(rejected), PageSize: oas.NewOptInt32(1), PageToken: token,
		})
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	}) {
		line := fmt.Sprintf("%s %s %s", s.EffectiveDate.Format(time.DateOnly), s.RatioFraction, s.Source)
		if s.Exact {
			line += " exact"
		}
		if after, ok := s.EffectiveAfter.Get(); ok {
			line += fmt.Sprintf(" (%s, %s] %d:%d %s", after.Format(time.DateOnly), s.EffectiveBy.Value.Format(time.DateOnly),
				s.Support.Value, s.Contradict.Value, s.Accession.Value)
		}
		if s.Rejected {
			line += " rejected"
		}
		lines = append(lines, line)
	}
	return lines
}

// A company whose filings show a split of 3 for 1, and half of one that does not hold.
const splitFacts = `{"cik": 4711, "entityName": "Splits", "facts": {"us-gaap": {
	"EarningsPerShareBasic": {"units": {"USD/shares": [
		{"start": "2019-01-01", "end": "2019-12-31", "val": 9.03, "accn": "1-20-1", "fy": 2019, "form": "10-K", "filed": "2020-02-20"},
		{"start": "2019-01-01", "end": "2019-12-31", "val": 3.01, "accn": "1-21-1", "fy": 2020, "form": "10-K", "filed": "2021-02-19"}]}},
	"NetIncomeLoss": {"units": {"USD": [
		{"start": "2019-01-01", "end": "2019-12-31", "val": 903000, "accn": "1-20-1", "fy": 2019, "form": "10-K", "filed": "2020-02-20"},
		{"start": "2019-01-01", "end": "2019-12-31", "val": 903000, "accn": "1-21-1", "fy": 2020, "form": "10-K", "filed": "2021-02-19"}]}},
	"Assets": {"units": {"USD": [
		{"end": "2019-12-31", "val": 5000000, "accn": "1-20-1", "fy": 2019, "form": "10-K", "filed": "2020-02-20"}]}},
	"CommonStockSharesOutstanding": {"units": {"shares": [
		{"end": "2019-12-31", "val": 100001, "accn": "1-20-1", "fy": 2019, "form": "10-K", "filed": "2020-02-20"},
		{"end": "2019-12-31", "val": 300003, "accn": "1-21-1", "fy": 2020, "form": "10-K", "filed": "2021-02-19"},
		{"end": "2019-12-31", "val": 600006, "accn": "1-22-1", "fy": 2021, "form": "10-K", "filed": "2022-02-18"}]}}}}}`

func TestSplitsFoundInFilings(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	const ticker = "SPLT"
	f.imported("sec-company-facts?ticker="+ticker, []byte(splitFacts))
	const found = "(2020-02-20, 2021-02-19] 2:0 1-21-1"
	filings := []string{"2021-02-19 3 filings " + found}
	assert.Equal(t, filings, f.splitLines(ticker, false))
	rejected := "2022-02-18 2 filings (2021-02-19, 2022-02-18] 1:0 1-22-1 rejected"
	assert.Equal(t, []string{rejected, filings[0]}, f.splitLines(ticker, true))

	// What is adjusted for it cannot be undone while its day is not known.
	const adjusted = "date,close\n2020-02-19,20\n2020-06-01,21\n"
	assert.Contains(t, f.refused("prices?adjusted_as_of=2022-01-03&ticker="+ticker, []byte(adjusted)), "split_date_unknown on 2020-06-01")
	assert.Contains(t, f.refused("prices?adjusted_as_of=2020-06-02&ticker="+ticker, []byte(adjusted)), "split_date_unknown on 2020-02-19")
	f.imported("prices?adjusted_as_of=2022-01-03&ticker="+ticker, []byte("date,close\n2020-02-19,20\n2021-03-01,21\n"))
	assert.Equal(t, "60", f.prices(ticker)[0].Close.String())
	assert.Equal(t, filings, f.splitLines(ticker, false))

	ratios := func(from string) oas.DailyRatios {
		page, err := f.anon.ListCompanyDailyRatios(t.Context(), oas.ListCompanyDailyRatiosParams{Ticker: ticker, From: oas.NewOptDate(day(from))})
		require.NoError(t, err)
		return page.Items[0]
	}
	f.imported("prices?ticker="+ticker, []byte("date,close\n2020-10-01,61\n"))
	r := ratios("2020-10-01")
	assert.True(t, r.MarketCap.Null && r.SharesOutstanding.Null)
	assert.Contains(t, r.Reasons, oas.DailyReasonSplitDateUnknown)
	assert.Equal(t, oas.NewNilInt64(300003), ratios("2021-03-01").SharesOutstanding)

	// Closes that follow it tell its day.
	f.imported("prices?ticker="+ticker, []byte("date,close\n2020-10-02,60\n2020-10-05,20.5\n"))
	assert.Equal(t, []string{"2020-10-05 3 prices exact " + found}, f.splitLines(ticker, false))
	assert.Equal(t, oas.NewNilInt64(100001), ratios("2020-10-02").SharesOutstanding)
	assert.Equal(t, oas.NewNilInt64(300003), ratios("2020-10-05").SharesOutstanding)
	assert.Contains(t, f.refused("prices?ticker="+ticker, []byte("date,close\n2020-09-30,20\n")), "jump_without_split on 2020-10-01")

	// An import takes its place, whatever is imported or computed later.
	split, err := f.super.CreateSplit(t.Context(), &oas.SplitInput{EffectiveDate: day("2020-10-06"), Ratio: decimal.NewFromInt(3)}, oas.CreateSplitParams{Ticker: ticker})
	require.NoError(t, err)
	assert.Equal(t, "1-21-1", split.Accession.Value)
	imported := []string{"2020-10-06 3 import exact " + found}
	assert.Equal(t, imported, f.splitLines(ticker, false))
	assert.Equal(t, []string{rejected, imported[0]}, f.splitLines(ticker, true))
	f.imported("sec-company-facts", append([]byte(splitFacts), '\n'))
	assert.Equal(t, imported, f.splitLines(ticker, false))

	// Another ratio is another split.
	f.imported("splits", []byte("ticker,effective_date,ratio\n"+ticker+",2020-10-06,5\n"))
	assert.Equal(t, []string{"2020-10-06 5 import exact", "2020-10-05 3 prices exact " + found}, f.splitLines(ticker, false))
	assert.Equal(t, 2, f.count("SELECT count(*) FROM found_split WHERE known_to IS NULL"))
}

// A price file that tells of a split is an import of it.
func TestSplitsOfPriceFiles(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	f.imported("prices?ticker="+ticker, []byte("date,close,split_ratio\n2020-08-28,499.23,1\n2020-08-31,129.04,4\n"))
	assert.Equal(t, []string{"2020-08-31 4 import exact"}, f.splitLines(ticker, false))
	assert.Contains(t, f.refused("prices?ticker="+ticker, []byte("date,close,split_ratio\n2020-08-31,129.04,8\n2020-09-01,34.18,2\n")),
		"looks_split_adjusted on 2020-09-01")
	assert.Equal(t, []string{"2020-08-31 4 import exact"}, f.splitLines(ticker, false), "nothing of it is left")

	// It counts once, and what a splits file says stays.
	f.imported("splits", []byte("ticker,effective_date,ratio\n"+ticker+",2020-08-31,4\n"))
	f.imported("prices?ticker="+ticker, []byte("date,close,split_ratio\n2020-08-31,129.04,3.9\n2020-09-01,134.18,4\n"))
	assert.Equal(t, []string{"2020-08-31 4 import exact"}, f.splitLines(ticker, false))
}

// The splits of the samples are found without a splits file, and dated by the prices.
func TestSplitsOfApple(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	const seven, four = "(2014-04-24, 2014-07-23] 16:0 0001193125-14-277160", "(2020-07-31, 2020-10-30] 26:0 0000320193-20-000096"
	assert.Equal(t, []string{"2020-10-30 4 filings " + four, "2014-07-23 7 filings " + seven}, f.splitLines("AAPL", true))
	f.imported("splits", []byte("ticker,effective_date,ratio\nAAPL,2000-06-21,2\nAAPL,2014-06-09,7\nAAPL,2020-08-31,4\n"))
	assert.Equal(t, []string{"2020-08-31 4 import exact " + four, "2014-06-09 7 import exact " + seven, "2000-06-21 2 import exact"}, f.splitLines("AAPL", false))
}
