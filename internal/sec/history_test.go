package sec_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// holding returns the statements whose versions hold on a day.
func holding(history []sec.Version, day time.Time) []value.Statement {
	var statements []value.Statement
	for _, v := range history {
		if !v.KnownFrom.After(day) && (v.KnownTo == nil || v.KnownTo.After(day)) {
			statements = append(statements, v.Statement)
		}
	}
	return statements
}

// dividendsHolding returns the dividends whose versions hold on a day.
func dividendsHolding(history []sec.DividendVersion, day time.Time) []value.Dividend {
	var dividends []value.Dividend
	for _, v := range history {
		if !v.KnownFrom.After(day) && (v.KnownTo == nil || v.KnownTo.After(day)) {
			dividends = append(dividends, v.Dividend)
		}
	}
	return dividends
}

// checkDividendVersions checks that a version differs from the one before it.
func checkDividendVersions(t *testing.T, history []sec.DividendVersion) {
	t.Helper()
	for i, v := range history {
		require.True(t, v.KnownTo == nil || v.KnownTo.After(v.KnownFrom))
		require.False(t, v.PublishDate.After(v.KnownFrom), "it is known from the statement's filing on, at the earliest")
		if i == 0 || !history[i-1].PeriodEnd.Equal(v.PeriodEnd) {
			continue
		}
		before := history[i-1]
		require.NotNil(t, before.KnownTo)
		require.False(t, before.KnownTo.After(v.KnownFrom))
		if before.KnownTo.Equal(v.KnownFrom) {
			require.NotEmpty(t, cmp.Diff(before.Dividend, v.Dividend))
		}
	}
}

// settersOn returns the filings that set the versions that hold on a day.
func settersOn(history []sec.Version, day time.Time) []*value.Filing {
	filings := []*value.Filing{}
	for _, v := range history {
		if !v.KnownFrom.After(day) && (v.KnownTo == nil || v.KnownTo.After(day)) {
			filings = append(filings, v.SetBy)
		}
	}
	return filings
}

// checkHistory compares the history with the plain computation on every day on which the document has something filed,
// and on the days around it.
func checkHistory(t *testing.T, facts *sec.CompanyFacts) {
	t.Helper()
	history, dividends := facts.Histories()

	days := make(map[time.Time]bool)
	for _, filed := range facts.FilingDays() {
		days[filed.AddDate(0, 0, -1)], days[filed], days[filed.AddDate(0, 0, 1)] = true, true, true
	}
	for day := range days {
		if plain, held := facts.Statements(day), holding(history, day); !reflect.DeepEqual(plain, held) {
			t.Fatalf("on %s (-plain +history):\n%s", day.Format(time.DateOnly), cmp.Diff(plain, held))
		} else {
			require.Equal(t, facts.SetBy(day), settersOn(history, day))
			requireStatements(t, facts.Dividends(day), plain)
		}
		if diff := cmp.Diff(facts.Dividends(day), dividendsHolding(dividends, day)); diff != "" {
			t.Fatalf("dividends on %s (-plain +history):\n%s", day.Format(time.DateOnly), diff)
		}
	}
	checkDividendVersions(t, dividends)
	require.Equal(t, facts.Statements(time.Time{}), facts.Statements(facts.NewestFiled()))

	// A version must differ from the one before it.
	type key struct {
		period value.Period
		end    time.Time
	}
	previous := make(map[key]sec.Version)
	for _, v := range history {
		k := key{v.Period, v.EndDate}
		require.True(t, v.KnownTo == nil || v.KnownTo.After(v.KnownFrom))
		if p, ok := previous[k]; ok {
			require.NotNil(t, p.KnownTo)
			require.False(t, p.KnownTo.After(v.KnownFrom))
			if p.KnownTo.Equal(v.KnownFrom) {
				if *p.SetBy == *v.SetBy {
					require.NotEmpty(t, cmp.Diff(p.Statement, v.Statement))
				}
			}
		}
		previous[k] = v
	}
}

func TestHistoryOfSamples(t *testing.T) {
	t.Parallel()
	for ticker := range files {
		t.Run(ticker, func(t *testing.T) {
			t.Parallel()
			checkHistory(t, company(t, ticker))
		})
	}
}

// requireStatements checks that each dividend is that of one of the statements.
func requireStatements(t *testing.T, dividends []value.Dividend, statements []value.Statement) {
	t.Helper()
	type quarter struct {
		year, quarter  int // 0 for none
		end, published time.Time
	}
	known := make(map[quarter]bool)
	for _, s := range statements {
		if s.Period != value.Partial {
			known[quarter{s.FiscalYear, number(s.FiscalQuarter), s.EndDate, s.PublishDate}] = true
		}
	}
	for _, d := range dividends {
		require.True(t, known[quarter{d.FiscalYear, number(d.FiscalQuarter), d.PeriodEnd, d.PublishDate}], "%+v", d)
	}
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// The history must follow a change of currency, of taxonomy and of the fiscal years' offset, and a fourth quarter that
// comes to be when an earlier quarter is filed late.
func TestHistoryOfChanges(t *testing.T) {
	t.Parallel()
	d := document{}
	for fy := 2015; fy <= 2020; fy++ {
		unit, taxonomy := "EUR", "ifrs-full"
		if fy >= 2017 {
			unit = "USD"
		}
		if fy >= 2019 {
			taxonomy = "us-gaap"
		}
		// The company's own number of the year is one less than that of its dates until 2018.
		claimed := fy - 1
		if fy > 2018 {
			claimed = fy
		}
		for _, restated := range []int{fy, fy - 1} {
			f := filing{accession(fy, 1), "20-F", fmt.Sprintf("%d-03-01", fy+1), claimed}
			start, end := fmt.Sprintf("%d-01-01", restated), fmt.Sprintf("%d-12-31", restated)
			amount := fmt.Sprint(1000*fy + restated)
			revenue, income := "Revenue", "ProfitLoss"
			if taxonomy == "us-gaap" {
				revenue, income = "Revenues", "NetIncomeLoss"
			}
			d.add(f, taxonomy, "Assets", unit, "", end, amount)
			d.add(f, taxonomy, revenue, unit, start, end, amount)
			d.add(f, taxonomy, income, unit, start, end, amount)
		}
	}
	// A third quarter of 2020 that is filed after the year.
	q := filing{accession(2020, 9), "10-Q", "2021-05-01", 2020}
	d.add(q, "us-gaap", "Assets", "USD", "", "2020-09-30", "1")
	d.add(q, "us-gaap", "NetIncomeLoss", "USD", "2020-01-01", "2020-09-30", "5")
	d.add(q, "us-gaap", "NetIncomeLoss", "USD", "2020-07-01", "2020-09-30", "2")

	facts := d.parse(t)
	checkHistory(t, facts)
	currencies := make(map[string]bool)
	ended := 0
	for _, v := range facts.History() {
		currencies[v.Currency] = true
		if v.KnownTo != nil {
			ended++
		}
	}
	assert.Len(t, currencies, 2)
	assert.Positive(t, ended)
	fourth := find(t, facts.Statements(time.Time{}), "2020-12-31", 4)
	assert.Equal(t, date(t, "2021-03-01"), fourth.PublishDate)
	for _, s := range facts.Statements(date(t, "2021-04-30")) {
		assert.Nil(t, s.FiscalQuarter)
	}
}

func TestShareCounts(t *testing.T) {
	t.Parallel()
	previous := make(map[value.SharesSource]value.ShareCount)
	for _, c := range company(t, "AAPL").ShareCounts() {
		assert.False(t, c.BasisDate.After(c.KnownFrom))
		if p, ok := previous[c.Source]; ok {
			assert.True(t, c.KnownFrom.After(p.KnownFrom))
			p.KnownFrom = c.KnownFrom
			assert.NotEqual(t, p, c)
		}
		previous[c.Source] = c
	}
	assert.Len(t, previous, 2)
}

func TestShareCountsBySource(t *testing.T) {
	t.Parallel()
	d := document{}
	f := filing{accession(2020, 1), "10-K", "2021-02-01", 2020}
	d.add(f, "us-gaap", "Assets", "USD", "", "2020-12-31", "9")
	d.add(f, "us-gaap", "CommonStockSharesOutstanding", "shares", "", "2020-12-31", "100")
	d.add(f, "us-gaap", "CommonStockSharesOutstanding", "shares", "", "2019-12-31", "90")
	later := filing{accession(2021, 1), "10-K", "2022-02-01", 2021}
	d.add(later, "us-gaap", "Assets", "USD", "", "2021-12-31", "9")
	d.add(later, "us-gaap", "CommonStockSharesOutstanding", "shares", "", "2020-12-31", "100") // refiled: a new basis
	cover := filing{accession(2022, 1), "10-Q", "2022-05-01", 2022}
	d.add(cover, "dei", "EntityCommonStockSharesOutstanding", "shares", "", "2022-04-20", "110")
	older := filing{accession(2022, 2), "10-Q/A", "2022-06-01", 2022}
	d.add(older, "dei", "EntityCommonStockSharesOutstanding", "shares", "", "2022-01-20", "105") // not the newest date

	on := func(s string) time.Time { return date(t, s) }
	assert.Equal(t, []value.ShareCount{
		{Source: value.BalanceSheet, KnownFrom: on("2021-02-01"), BasisDate: on("2021-02-01"), EndDate: on("2020-12-31"), Shares: 100},
		{Source: value.BalanceSheet, KnownFrom: on("2022-02-01"), BasisDate: on("2022-02-01"), EndDate: on("2020-12-31"), Shares: 100},
		{Source: value.Cover, KnownFrom: on("2022-05-01"), BasisDate: on("2022-05-01"), EndDate: on("2022-04-20"), Shares: 110},
	}, d.parse(t).ShareCounts())
}

// BenchmarkHistory makes what an import stores of Apple's statements.
func BenchmarkHistory(b *testing.B) {
	facts := company(b, "AAPL")
	b.ReportAllocs()
	for b.Loop() {
		facts.Restatements(facts.History())
	}
}
