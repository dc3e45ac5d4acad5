package sec_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

// addReport adds a filing with a balance sheet and a net income.
func (d document) addReport(f filing, start, end, income string) {
	d.add(f, gaap, "Assets", "USD", "", end, "1000")
	d.add(f, gaap, "NetIncomeLoss", "USD", start, end, income)
}

func ofPeriod(statements []value.Statement, p value.Period) (of []value.Statement) {
	for _, s := range statements {
		if s.Period == p {
			of = append(of, s)
		}
	}
	return of
}

// A 6-K with a whole year makes an annual statement, which is audited once a 20-F repeats it.
func TestCurrentReports(t *testing.T) {
	t.Parallel()
	d := document{}
	d.addReport(filing{accession(2021, 1), "6-K", "2021-02-01", 2020}, start, endFY, "10")
	d.addReport(filing{accession(2021, 2), "20-F", "2021-04-01", 2020}, start, endFY, "10")
	d.addReport(filing{accession(2021, 3), "6-K", "2021-05-01", 2021}, "2021-01-01", "2021-03-31", "3")
	facts := d.parse(t)
	checkHistory(t, facts)
	before := facts.Statements(date(t, "2021-03-01"))
	require.Len(t, before, 1)
	assert.False(t, before[0].Audited)
	now := facts.Statements(time.Time{})
	require.Len(t, now, 2)
	assert.True(t, now[0].Audited)
	assert.Equal(t, date(t, "2021-02-01"), now[0].PublishDate)
	assert.Equal(t, 1, *now[1].FiscalQuarter)
	report := facts.Report()
	assert.Equal(t, value.FilingsRead{Report: 2, Repeat: 1, NoBalanceSheet: 0, NoFlow: 0}, report.Filings)
}

// Half a year whose three months are not told is partial; with them it is a quarter.
func TestHalfYears(t *testing.T) {
	t.Parallel()
	d := document{}
	d.addReport(filing{accession(2020, 1), "6-K", "2020-08-01", 2020}, start, endQ2, "5")
	statements := d.parse(t).Statements(time.Time{})
	require.Len(t, statements, 1)
	s := statements[0]
	assert.Equal(t, value.Partial, s.Period)
	assert.Nil(t, s.FiscalQuarter)
	assert.Equal(t, 2020, s.FiscalYear)
	assert.Equal(t, date(t, start), *s.StartDate)
	assert.Equal(t, new(int64(5)), s.NetIncome)
	assert.Equal(t, []value.Mark{value.ShortPeriod, untaxed}, s.Marks)

	d.add(filing{accession(2020, 1), "6-K", "2020-08-01", 2020}, gaap, "Revenues", "USD", startQ2, endQ2, "7")
	statements = d.parse(t).Statements(time.Time{})
	require.Len(t, statements, 1)
	assert.Equal(t, 2, *statements[0].FiscalQuarter)
	assert.Nil(t, statements[0].StartDate, "there is no first quarter")
	assert.Equal(t, new(int64(7)), statements[0].TotalRevenues)
}

// Reports whose ends are within a week of an earlier one are of the same period, also by way of one between them.
func TestNearEnds(t *testing.T) {
	t.Parallel()
	d := document{}
	d.addReport(fy, start, endFY, "10")
	d.addReport(filing{accession(2021, 2), "10-K/A", "2021-03-01", 2020}, start, "2021-01-06", "11")
	d.addReport(filing{accession(2021, 3), "10-K/A", "2021-04-01", 2020}, start, "2021-01-12", "12")
	statements := d.parse(t).Statements(time.Time{})
	require.Len(t, statements, 1)
	assert.Equal(t, date(t, endFY), statements[0].EndDate)
	assert.Equal(t, new(int64(10)), statements[0].NetIncome)

	far := document{}
	far.addReport(fy, start, endFY, "10")
	far.addReport(filing{accession(2021, 2), "10-K/A", "2021-03-01", 2020}, start, "2021-01-08", "11")
	assert.Len(t, far.parse(t).Statements(time.Time{}), 2, "eight days apart")
}

// A year that an annual report shows beside its own is a statement until a report of that year is known.
func TestComparativeYears(t *testing.T) {
	t.Parallel()
	d := document{}
	own := filing{accession(2021, 1), "10-K", "2021-02-01", 2020}
	d.addReport(own, start, endFY, "10")
	d.add(own, gaap, "NetIncomeLoss", "USD", "2019-01-01", "2019-12-31", "9")
	d.add(own, gaap, "ShortTermBorrowings", "USD", "", "2019-12-31", "5")
	d.add(own, gaap, "NetIncomeLoss", "USD", "2018-01-01", "2018-12-31", "8")
	d.add(own, gaap, "Assets", "USD", "", "2018-12-31", "800")
	d.add(own, gaap, "NetIncomeLoss", "USD", "2017-01-01", "2017-12-31", "7") // too long ago
	late := filing{accession(2021, 9), "10-K", "2021-06-01", 2019}
	d.addReport(late, "2019-01-01", "2019-12-31", "9")
	facts := d.parse(t)
	checkHistory(t, facts)

	years := ofPeriod(facts.Statements(date(t, "2021-03-01")), value.Annual)
	require.Len(t, years, 3)
	assert.Equal(t, []int{2018, 2019, 2020}, []int{years[0].FiscalYear, years[1].FiscalYear, years[2].FiscalYear})
	assert.Equal(t, []value.Mark{value.ComparativeOnly, untaxed}, years[0].Marks)
	assert.Equal(t, new(int64(800)), years[0].TotalAssets)
	assert.Equal(t, date(t, own.filed), years[0].PublishDate)
	assert.Nil(t, years[1].ShortTermDebt, "without a balance total the rest of it is left out")
	assert.Equal(t, []value.Mark{value.ComparativeOnly, untaxed}, years[1].Marks)

	years = ofPeriod(facts.Statements(time.Time{}), value.Annual)
	require.Len(t, years, 3)
	assert.Equal(t, []value.Mark{value.DebtUnknown, value.PartialDebt, untaxed}, years[1].Marks)
	assert.Equal(t, date(t, late.filed), years[1].PublishDate)
	assert.Equal(t, new(int64(5)), years[1].ShortTermDebt)
}

// The taxonomy and the currency are those that a filing has most facts in, among those of a balance total.
func TestPairs(t *testing.T) {
	t.Parallel()
	currencies := func(add func(document)) (all []string) {
		d := document{}
		add(d)
		for _, s := range d.parse(t).Statements(time.Time{}) {
			all = append(all, string(*s.Taxonomy)+" "+s.Currency)
		}
		return all
	}
	both := func(d document) {
		d.addReport(fy, start, endFY, "10")
		d.add(fy, gaap, "Assets", "TWD", "", endFY, "30000")
		d.add(fy, gaap, "NetIncomeLoss", "TWD", start, endFY, "300")
	}
	assert.Equal(t, []string{"us-gaap TWD"}, currencies(both), "a tie: by the alphabet")
	assert.Equal(t, []string{"us-gaap USD"}, currencies(func(d document) {
		both(d)
		d.add(fy, gaap, "AnyOtherTag", "USD", "", endFY, "1") // no rule reads it
	}))
	assert.Equal(t, []string{"us-gaap TWD"}, currencies(func(d document) {
		both(d)
		for _, tag := range []string{"A", "B", "C"} {
			d.add(fy, gaap, tag, "EUR", "", endFY, "1") // without a balance total
		}
	}))
	assert.Equal(t, []string{"ifrs-full USD"}, currencies(func(d document) {
		d.addReport(fy, start, endFY, "10")
		d.add(fy, ifrs, "Assets", "USD", "", endFY, "1000")
		d.add(fy, ifrs, "ProfitLoss", "USD", start, endFY, "10")
	}))
}
