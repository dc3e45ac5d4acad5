package sec_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	gaap = "us-gaap"
	ifrs = "ifrs-full"
	ocf  = "NetCashProvidedByUsedInOperatingActivities"
)

// The reports of fiscal year 2020, a calendar year.
var (
	q1 = filing{accession(2020, 1), "10-Q", "2020-05-01", 2020}
	q2 = filing{accession(2020, 2), "10-Q", "2020-08-01", 2020}
	q3 = filing{accession(2020, 3), "10-Q", "2020-11-01", 2020}
	fy = filing{accession(2021, 1), "10-K", "2021-02-01", 2020}
)

const (
	start, endQ1, endQ2, endQ3, endFY = "2020-01-01", "2020-03-31", "2020-06-30", "2020-09-30", "2020-12-31"
	startQ2, startQ3, startQ4         = "2020-04-01", "2020-07-01", "2020-10-01"
)

// reports returns a document in which the four reports have a balance sheet and a net income to date of 1, 3, 6 and 10.
func reports() document {
	d := document{}
	for _, r := range []struct {
		filing
		end, income string
	}{{q1, endQ1, "1"}, {q2, endQ2, "3"}, {q3, endQ3, "6"}, {fy, endFY, "10"}} {
		d.add(r.filing, gaap, "Assets", "USD", "", r.end, "1000")
		d.add(r.filing, gaap, "NetIncomeLoss", "USD", start, r.end, r.income)
	}
	return d
}

// quarters returns the statements of the fiscal year 2020 of a document by quarter, the year at 0.
func quarters(t *testing.T, d document) [5]value.Statement {
	t.Helper()
	var q [5]value.Statement
	for _, s := range d.parse(t).Statements(time.Time{}) {
		switch {
		case s.FiscalYear != 2020:
		case s.FiscalQuarter == nil:
			q[0] = s
		default:
			q[*s.FiscalQuarter] = s
		}
	}
	return q
}

func TestQuartersAreDifferences(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q1, gaap, ocf, "USD", start, endQ1, "100")
	d.add(q2, gaap, ocf, "USD", start, endQ2, "220")
	d.add(q3, gaap, ocf, "USD", start, endQ3, "350")
	d.add(fy, gaap, ocf, "USD", start, endFY, "490")
	// Income is taken as filed, cash flow as a difference, where there are both.
	d.add(q2, gaap, "NetIncomeLoss", "USD", startQ2, endQ2, "7")
	d.add(q2, gaap, ocf, "USD", startQ2, endQ2, "1")

	q := quarters(t, d)
	assert.Equal(t, new(int64(1)), q[1].NetIncome)
	assert.Equal(t, new(int64(7)), q[2].NetIncome)
	assert.Equal(t, new(int64(3)), q[3].NetIncome)
	assert.Equal(t, new(int64(4)), q[4].NetIncome)
	assert.Equal(t, new(int64(10)), q[0].NetIncome)
	assert.Equal(t, new(int64(100)), q[1].OperatingCashFlow)
	assert.Equal(t, new(int64(120)), q[2].OperatingCashFlow)
	assert.Equal(t, new(int64(130)), q[3].OperatingCashFlow)
	assert.Equal(t, new(int64(140)), q[4].OperatingCashFlow)
	assert.Nil(t, q[4].TotalRevenues)
	assert.Nil(t, q[4].FreeCashFlow)
}

func TestStartOfYearWithinSevenDays(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q3, gaap, ocf, "USD", "2020-01-08", endQ3, "350")
	d.add(fy, gaap, ocf, "USD", "2020-01-06", endFY, "490")
	assert.Equal(t, new(int64(140)), quarters(t, d)[4].OperatingCashFlow)

	d = reports()
	d.add(q3, gaap, ocf, "USD", "2020-01-09", endQ3, "350")
	d.add(fy, gaap, ocf, "USD", start, endFY, "490")
	assert.Nil(t, quarters(t, d)[4].OperatingCashFlow)
}

func TestOneReportingCycle(t *testing.T) {
	t.Parallel()
	restated := filing{accession(2022, 1), "10-K", "2022-02-01", 2021}
	d := reports()
	d.add(q3, gaap, ocf, "USD", start, endQ3, "350")
	d.add(fy, gaap, ocf, "USD", start, endFY, "490")
	d.add(restated, gaap, ocf, "USD", start, endFY, "700")
	q := quarters(t, d)
	assert.Equal(t, new(int64(700)), q[0].OperatingCashFlow)
	assert.Equal(t, new(int64(140)), q[4].OperatingCashFlow, "both as filed for the year")

	comparison := filing{accession(2021, 3), "10-Q", "2021-11-01", 2021}
	d.add(comparison, gaap, ocf, "USD", start, endQ3, "500")
	assert.Equal(t, new(int64(200)), quarters(t, d)[4].OperatingCashFlow, "both as restated")

	// No pair of one cycle: the newest of each.
	d = reports()
	d.add(q3, gaap, ocf, "USD", start, endQ3, "350")
	d.add(restated, gaap, ocf, "USD", start, endFY, "700")
	assert.Equal(t, new(int64(350)), quarters(t, d)[4].OperatingCashFlow)
}

func TestYearLessThreeQuarters(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q1, gaap, ocf, "USD", start, endQ1, "100")
	d.add(q2, gaap, ocf, "USD", startQ2, endQ2, "110")
	d.add(fy, gaap, ocf, "USD", start, endFY, "490")
	assert.Nil(t, quarters(t, d)[4].OperatingCashFlow, "two quarters are not three")
	d.add(q3, gaap, ocf, "USD", startQ3, endQ3, "130")
	assert.Equal(t, new(int64(150)), quarters(t, d)[4].OperatingCashFlow)
}

func TestFourthQuarterExists(t *testing.T) {
	t.Parallel()
	q := quarters(t, reports())
	assert.Equal(t, value.Quarterly, q[4].Period)
	assert.Equal(t, q[0].EndDate, q[4].EndDate)
	assert.Equal(t, q[0].PublishDate, q[4].PublishDate)
	assert.Equal(t, q[0].TotalAssets, q[4].TotalAssets)

	onlyYear := document{}
	onlyYear.add(fy, gaap, "Assets", "USD", "", endFY, "1000")
	onlyYear.add(fy, gaap, "NetIncomeLoss", "USD", start, endFY, "10")
	onlyYear.add(fy, gaap, "NetIncomeLoss", "USD", startQ4, endFY, "4")
	assert.Len(t, onlyYear.parse(t).Statements(time.Time{}), 1, "no quarter is a statement")

	noIncome := document{}
	noIncome.add(fy, gaap, "Assets", "USD", "", endFY, "1000")
	noIncome.add(fy, gaap, "Revenues", "USD", start, endFY, "10")
	noIncome.add(q1, gaap, "Assets", "USD", "", endQ1, "1000")
	noIncome.add(q1, gaap, "Revenues", "USD", start, endQ1, "1")
	assert.Len(t, noIncome.parse(t).Statements(time.Time{}), 2, "net income is not known")
}

func TestWhichFactsCount(t *testing.T) {
	t.Parallel()
	d := reports()
	// Forms that do not count, lengths that do not, and a balance sheet of another day make no difference.
	other := filing{accession(2021, 9), "8-K", "2021-03-01", 0}
	d.add(other, gaap, "Assets", "USD", "", endFY, "5")
	d.add(other, gaap, "NetIncomeLoss", "USD", start, endFY, "5")
	d.add(fy, gaap, "NetIncomeLoss", "USD", "2020-01-01", "2020-05-15", "77")
	d.add(fy, gaap, "Assets", "USD", "", "2019-12-31", "900")
	// An amendment with cover facts alone restates nothing; another gives newer values, but no publish date.
	d.add(filing{accession(2021, 4), "10-K/A", "2021-03-15", 2020}, "dei",
		"EntityCommonStockSharesOutstanding", "shares", "", "2021-03-01", "6")
	amended := filing{accession(2021, 5), "10-K/A", "2021-04-01", 2020}
	d.add(amended, gaap, "Assets", "USD", "", endFY, "1001")
	d.add(amended, gaap, "NetIncomeLoss", "USD", start, endFY, "11")

	facts := d.parse(t)
	statements := facts.Statements(time.Time{})
	require.Len(t, statements, 5)
	year := find(t, statements, endFY, 0)
	assert.Equal(t, new(int64(11)), year.NetIncome)
	assert.Equal(t, new(int64(1001)), year.TotalAssets)
	assert.Equal(t, date(t, fy.filed), year.PublishDate)
	assert.Equal(t, fy.accession, *year.Accession)
	assert.Nil(t, year.SharesOutstanding, "the count is not in the period's own report")
	known := facts.Statements(date(t, "2021-03-31"))
	assert.Equal(t, new(int64(10)), find(t, known, endFY, 0).NetIncome)
	assert.Empty(t, facts.Statements(date(t, "2020-04-30")))
	assert.Equal(t, date(t, amended.filed), facts.NewestFiled())
}

// On one day the larger accession number is the newer.
func TestNewerOnOneDay(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(filing{accession(2021, 5), "10-K/A", "2021-04-01", 2020}, gaap, "Goodwill", "USD", "", endFY, "5")
	d.add(filing{accession(2021, 4), "10-K/A", "2021-04-01", 2020}, gaap, "Goodwill", "USD", "", endFY, "4")
	assert.Equal(t, new(int64(5)), quarters(t, d)[0].Goodwill)
}

func TestTagsAreNotMixed(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q3, gaap, ocf+"ContinuingOperations", "USD", start, endQ3, "350")
	d.add(fy, gaap, ocf, "USD", start, endFY, "490")
	assert.Nil(t, quarters(t, d)[4].OperatingCashFlow)
	// The second tag yields a value where the first does not.
	d.add(fy, gaap, ocf+"ContinuingOperations", "USD", start, endFY, "480")
	q := quarters(t, d)
	assert.Equal(t, new(int64(490)), q[0].OperatingCashFlow)
	assert.Equal(t, new(int64(130)), q[4].OperatingCashFlow)
}

func TestMissingIsNotZero(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(fy, gaap, "LongTermDebtNoncurrent", "USD", "", endFY, "0")
	q := quarters(t, d)
	assert.Equal(t, new(int64(0)), q[0].LongTermDebt)
	assert.Equal(t, new(int64(0)), q[0].TotalDebt)
	assert.Nil(t, q[0].ShortTermDebt)
	assert.Nil(t, q[3].TotalDebt)
}

func TestDerivedIncome(t *testing.T) {
	t.Parallel()
	d := document{}
	d.add(fy, gaap, "Assets", "USD", "", endFY, "1000")
	d.add(fy, gaap, "ProfitLoss", "USD", start, endFY, "90")
	d.add(fy, gaap, "IncomeTaxExpenseBenefit", "USD", start, endFY, "-10")
	d.add(fy, gaap, "Revenues", "USD", start, endFY, "300")
	d.add(fy, gaap, "GrossProfit", "USD", start, endFY, "120")
	d.add(fy, gaap, "OperatingIncomeLoss", "USD", start, endFY, "70")
	s := quarters(t, d)[0]
	assert.Equal(t, new(int64(90)), s.NetIncome)
	assert.Equal(t, new(int64(80)), s.ProfitBeforeTax)
	assert.Equal(t, new(int64(180)), s.CostOfRevenue)
	assert.Equal(t, new(value.OperatingIncome), s.EBITBasis)
	assert.Equal(t, new(int64(70)), s.EBIT)

	// With both, the profit with minorities is what the tax is added to.
	d.add(fy, gaap, "NetIncomeLoss", "USD", start, endFY, "85")
	s = quarters(t, d)[0]
	assert.Equal(t, new(int64(85)), s.NetIncome)
	assert.Equal(t, new(int64(80)), s.ProfitBeforeTax)
}

func TestDepreciationAndAmortization(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tags map[string]string
		want *int64
	}{
		"nothing":            {nil, nil},
		"amortization alone": {map[string]string{"AmortizationOfIntangibleAssets": "5"}, nil},
		"depreciation alone": {map[string]string{"Depreciation": "5"}, new(int64(5))},
		"largest total": {
			map[string]string{"DepreciationDepletionAndAmortization": "5", "DepreciationAndAmortization": "7"}, new(int64(7)),
		},
		"sum a tenth above the total": {
			map[string]string{
				"DepreciationAndAmortization": "100", "Depreciation": "60", "AmortizationOfIntangibleAssets": "50",
			},
			new(int64(100)),
		},
		"sum more than a tenth above": {
			map[string]string{
				"DepreciationAndAmortization": "100", "Depreciation": "61", "AmortizationOfIntangibleAssets": "50",
			},
			new(int64(111)),
		},
		"largest sum": {
			map[string]string{
				"OtherDepreciationAndAmortization": "30", "Depreciation": "10", "AmortizationOfIntangibleAssets": "5",
			},
			new(int64(35)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := reports()
			for tag, val := range test.tags {
				d.add(fy, gaap, tag, "USD", start, endFY, val)
			}
			assert.Equal(t, test.want, quarters(t, d)[0].DepreciationAndAmortization)
		})
	}
}

// balanceSheet returns the year's statement of a document with the instants at its end.
func balanceSheet(t *testing.T, taxonomy string, tags map[string]string) value.Statement {
	t.Helper()
	d := document{}
	d.add(fy, taxonomy, "Assets", "USD", "", endFY, "1000")
	d.add(fy, taxonomy, "ProfitLoss", "USD", start, endFY, "10")
	for tag, val := range tags {
		d.add(fy, taxonomy, tag, "USD", "", endFY, val)
	}
	return quarters(t, d)[0]
}

func TestDebt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		taxonomy           string
		tags               map[string]string
		short, long, total *int64
	}{
		"none": {gaap, nil, nil, nil, nil},
		"all current debt": {
			gaap, map[string]string{"DebtCurrent": "9", "ShortTermBorrowings": "1"}, new(int64(9)), nil, nil,
		},
		"parts": {
			gaap, map[string]string{"CommercialPaper": "2", "LongTermDebtCurrent": "3", "ConvertibleDebtCurrent": "4"},
			new(int64(5)), nil, nil,
		},
		"convertibles": {
			gaap, map[string]string{"CommercialPaper": "2", "ConvertibleNotesPayableCurrent": "4"},
			new(int64(6)), nil, nil,
		},
		"one amount tagged twice": {
			gaap, map[string]string{"ShortTermBorrowings": "3", "LongTermDebtCurrent": "3"}, new(int64(3)), nil, nil,
		},
		"long-term debt less its current part": {
			gaap, map[string]string{"LongTermDebt": "10", "LongTermDebtCurrent": "4"},
			new(int64(4)), new(int64(6)), new(int64(10)),
		},
		"long-term debt without a smaller current part": {
			gaap, map[string]string{"LongTermDebt": "10", "LongTermDebtCurrent": "10"},
			new(int64(10)), new(int64(10)), new(int64(20)),
		},
		"senior notes": {gaap, map[string]string{"SeniorLongTermNotes": "8"}, nil, new(int64(8)), new(int64(8))},
		"ifrs, equal amounts are two": {
			ifrs, map[string]string{
				"ShorttermBorrowings": "3", "CurrentPortionOfLongtermBorrowings": "3", "LongtermBorrowings": "10",
			},
			new(int64(6)), new(int64(7)), new(int64(13)),
		},
		"ifrs, all borrowings": {
			ifrs, map[string]string{"CurrentBorrowings": "3", "Borrowings": "10"}, new(int64(3)), new(int64(7)), new(int64(10)),
		},
		"ifrs, all borrowings without the current ones": {ifrs, map[string]string{"Borrowings": "10"}, nil, nil, new(int64(10))},
		"not split by term": {
			gaap, map[string]string{"SecuredDebt": "4", "NotesPayable": "5", "SeniorLongTermNotes": "2"}, nil, nil, new(int64(9)),
		},
		"not split by term, in one": {
			gaap, map[string]string{"DebtAndCapitalLeaseObligations": "7", "SecuredDebt": "4", "DebtCurrent": "3"},
			new(int64(3)), nil, new(int64(7)),
		},
		"a short side larger than the whole": {
			gaap, map[string]string{"SecuredDebt": "4", "DebtCurrent": "5"}, new(int64(5)), nil, nil,
		},
		"kinds of long-term debt": {
			gaap, map[string]string{"LongTermNotesPayable": "4", "OtherLongTermDebt": "5", "OtherLongTermDebtNoncurrent": "6"},
			nil, new(int64(10)), new(int64(10)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := balanceSheet(t, test.taxonomy, test.tags)
			assert.Equal(t, test.short, s.ShortTermDebt, "short")
			assert.Equal(t, test.long, s.LongTermDebt, "long")
			assert.Equal(t, test.total, s.TotalDebt, "total")
		})
	}
}

func TestBalanceSheetTotals(t *testing.T) {
	t.Parallel()
	s := balanceSheet(t, gaap, map[string]string{
		"StockholdersEquity": "300", "MinorityInterest": "20", "RedeemableNoncontrollingInterestEquityCarryingAmount": "5",
		"TemporaryEquityCarryingAmountAttributableToParent": "7", "LiabilitiesCurrent": "100", "LiabilitiesNoncurrent": "1",
		"AssetsCurrent": "400", "AssetsNoncurrent": "1", "NoncurrentAssets": "2",
		"FiniteLivedIntangibleAssetsNet": "30", "IndefiniteLivedIntangibleAssetsExcludingGoodwill": "4",
		"OtherIntangibleAssetsNet": "9",
	})
	assert.Equal(t, new(int64(320)), s.TotalEquity)
	assert.Equal(t, new(int64(12)), s.TemporaryEquity)
	assert.Equal(t, new(int64(1000)), s.TotalEquitiesAndLiabilities)
	assert.Equal(t, new(int64(668)), s.TotalLiabilities)
	assert.Equal(t, new(int64(568)), s.LongTermLiabilities)
	assert.Equal(t, new(int64(600)), s.NonCurrentAssets)
	assert.Equal(t, new(int64(34)), s.IntangibleAssets)

	s = balanceSheet(t, gaap, map[string]string{
		"Liabilities": "700", "LiabilitiesNoncurrent": "1", "AssetsNoncurrent": "2",
		"OtherIntangibleAssetsNet": "9", "Cash": "3",
	})
	assert.Equal(t, new(int64(300)), s.TotalEquity)
	assert.Equal(t, new(int64(1)), s.LongTermLiabilities)
	assert.Equal(t, new(int64(2)), s.NonCurrentAssets)
	assert.Equal(t, new(int64(9)), s.IntangibleAssets)
	assert.Equal(t, new(int64(3)), s.CashAndEquivalents)

	s = balanceSheet(t, gaap, map[string]string{"MinorityInterest": "20"})
	assert.Nil(t, s.TotalEquity)
	assert.Nil(t, s.TotalLiabilities)
	assert.Nil(t, s.TemporaryEquity)
}

func TestSharesOutstanding(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(fy, gaap, "CommonStockSharesOutstanding", "shares", "", endFY, "50")
	later := filing{accession(2022, 1), "10-K", "2022-02-01", 2021}
	d.add(later, gaap, "CommonStockSharesOutstanding", "shares", "", endFY, "100")
	d.add(later, gaap, "CommonStockSharesOutstanding", "shares", "", endQ3, "90")
	q := quarters(t, d)
	assert.Equal(t, new(int64(50)), q[0].SharesOutstanding, "on the basis of its own report")
	assert.Equal(t, new(int64(50)), q[4].SharesOutstanding)
	assert.Equal(t, new(int64(90)), q[3].SharesOutstanding)
	d.add(fy, "dei", "EntityCommonStockSharesOutstanding", "shares", "", "2021-01-15", "55")
	d.add(fy, "dei", "EntityCommonStockSharesOutstanding", "shares", "", "2020-01-15", "44")
	assert.Equal(t, new(int64(55)), quarters(t, d)[0].SharesOutstanding)
}

func TestPerShare(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q2, gaap, "EarningsPerShareBasic", "USD/shares", startQ2, endQ2, "0.20")
	d.add(q2, gaap, "EarningsPerShareBasic", "USD/shares", start, endQ2, "0.50")
	d.add(fy, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "1.25")
	later := filing{accession(2022, 1), "10-K", "2022-02-01", 2021}
	d.add(later, gaap, "EarningsPerShareBasicAndDiluted", "USD/shares", start, endFY, "-1e-1")
	q := quarters(t, d)
	equal(t, "0.2", q[2].EarningsPerShare, "quarter 2")
	assert.Equal(t, date(t, q2.filed), *q[2].PerShareBasisDate)
	assert.Nil(t, q[2].EarningsPerShareDiluted)
	assert.Nil(t, q[4].EarningsPerShare)
	assert.Nil(t, q[4].PerShareBasisDate)
	equal(t, "1.25", q[0].EarningsPerShare, "year")
	equal(t, "-0.1", q[0].EarningsPerShareDiluted, "year, diluted")
	assert.Equal(t, date(t, later.filed), *q[0].PerShareBasisDate)
}

func TestForeignIssuer(t *testing.T) {
	t.Parallel()
	f := filing{accession(2021, 1), "20-F", "2021-04-01", 2020}
	d := document{}
	// A few figures are given in dollars as well, for convenience.
	d.add(f, ifrs, "Assets", "EUR", "", endFY, "1000")
	d.add(f, ifrs, "Assets", "EUR", "", "2019-12-31", "900")
	d.add(f, ifrs, "Assets", "USD", "", endFY, "1200")
	d.add(f, ifrs, "Revenue", "EUR", start, endFY, "500.5")
	d.add(f, ifrs, "Revenue", "USD", start, endFY, "600")
	d.add(f, ifrs, "ProfitLoss", "EUR", start, endFY, "60")
	d.add(f, ifrs, "ProfitLossAttributableToOwnersOfParent", "EUR", start, endFY, "50")
	d.add(f, ifrs, "ProfitLossBeforeTax", "EUR", start, endFY, "70")
	d.add(f, ifrs, "FinanceCosts", "EUR", start, endFY, "5")
	d.add(f, ifrs, "DepreciationExpense", "EUR", start, endFY, "20")
	d.add(f, ifrs, "AmortisationExpense", "EUR", start, endFY, "3")
	d.add(f, ifrs, "EquityAttributableToOwnersOfParent", "EUR", "", endFY, "300")
	d.add(f, ifrs, "NoncontrollingInterests", "EUR", "", endFY, "30")
	d.add(f, ifrs, "BasicEarningsLossPerShare", "EUR/shares", start, endFY, "0.5")
	d.add(f, ifrs, "NumberOfSharesOutstanding", "shares", "", endFY, "100")
	// An old document under us-gaap does not choose the taxonomy.
	d.add(filing{accession(2015, 1), "10-K", "2015-02-01", 2014}, gaap, "Assets", "USD", "", "2014-12-31", "5")

	facts := d.parse(t)
	statements := facts.Statements(time.Time{})
	require.Len(t, statements, 1)
	s := statements[0]
	assert.Equal(t, value.Annual, s.Period)
	assert.True(t, s.Audited)
	assert.Equal(t, "EUR", s.Currency)
	assert.Equal(t, new(int64(501)), s.TotalRevenues)
	assert.Equal(t, new(int64(50)), s.NetIncome)
	assert.Equal(t, new(int64(75)), s.EBIT)
	assert.Equal(t, new(int64(23)), s.DepreciationAndAmortization)
	assert.Equal(t, new(int64(98)), s.EBITDA)
	assert.Equal(t, new(int64(330)), s.TotalEquity)
	assert.Equal(t, new(int64(670)), s.TotalLiabilities)
	assert.Equal(t, new(int64(100)), s.SharesOutstanding)
	equal(t, "0.5", s.EarningsPerShare, "EPS")
	assert.Equal(t, s, *value.Latest(statements))
}

func TestFiscalYearOffset(t *testing.T) {
	t.Parallel()
	years := func(claims ...int) []int {
		d := document{}
		for i, claim := range claims {
			f := filing{accession(2018+i, 1), "10-K", date(t, "2018-03-01").AddDate(i, 0, 0).Format(time.DateOnly), claim}
			first, last := date(t, "2017-02-01").AddDate(i, 0, 0), date(t, "2018-01-31").AddDate(i, 0, 0)
			d.add(f, gaap, "Assets", "USD", "", last.Format(time.DateOnly), "1")
			d.add(f, gaap, "NetIncomeLoss", "USD", first.Format(time.DateOnly), last.Format(time.DateOnly), "1")
		}
		var got []int
		for _, s := range d.parse(t).Statements(time.Time{}) {
			got = append(got, s.FiscalYear)
		}
		return got
	}
	assert.Equal(t, []int{2018, 2019, 2020}, years(2018, 2019, 2020))
	assert.Equal(t, []int{2017, 2018, 2019}, years(2017, 2018, 2020), "the most frequent")
	assert.Equal(t, []int{2018, 2019}, years(2018, 2018), "a tie goes to the smaller shift")
	assert.Equal(t, []int{2018, 2019}, years(2013, 2014), "five years are no shift")
	assert.Equal(t, []int{2019, 2020}, years(2019, 2020))
}

func TestDividendRules(t *testing.T) {
	t.Parallel()
	const declared, paid = "CommonStockDividendsPerShareDeclared", "CommonStockDividendsPerShareCashPaid"
	dividends := func(add func(document)) map[int]value.Dividend {
		d := reports()
		add(d)
		byQuarter := make(map[int]value.Dividend)
		for _, dividend := range d.parse(t).Dividends(time.Time{}) {
			assert.Equal(t, 2020, dividend.FiscalYear)
			byQuarter[number(dividend.FiscalQuarter)] = dividend
		}
		return byQuarter
	}

	got := dividends(func(d document) {
		d.add(q1, gaap, declared, "USD/shares", start, endQ1, "0.1")
		d.add(q2, gaap, declared, "USD/shares", startQ2, endQ2, "0") // explicitly none
		d.add(q2, gaap, declared, "USD/shares", start, endQ2, "0.1")
		d.add(q3, gaap, declared, "USD/shares", start, endQ3, "0.2333333333")
		d.add(fy, gaap, paid, "USD/shares", start, endFY, "0.5")
	})
	require.Len(t, got, 3)
	assert.Equal(t, "0.1", got[1].AmountPerShare.String())
	assert.False(t, got[1].Derived)
	assert.Equal(t, "0.133333", got[3].AmountPerShare.String())
	assert.True(t, got[3].Derived)
	assert.Equal(t, "0.266667", got[4].AmountPerShare.String(), "of two tags read as one series")

	later := filing{accession(2021, 7), "10-K/A", "2021-04-01", 2020}
	got = dividends(func(d document) {
		d.add(q3, gaap, declared, "USD/shares", start, endQ3, "0.9")
		d.add(fy, gaap, declared, "USD/shares", start, endFY, "1.2")
		d.add(later, gaap, declared, "USD/shares", start, endFY, "0.3") // after a split
	})
	require.Len(t, got, 1)
	assert.Equal(t, "0.3", got[4].AmountPerShare.String())
	assert.Equal(t, date(t, fy.filed), got[4].ShareBasisDate)

	got = dividends(func(d document) {
		d.add(q3, gaap, declared, "USD/shares", start, endQ3, "0.9")
		d.add(filing{accession(2022, 1), "10-K", "2022-02-01", 2021}, gaap, declared, "USD/shares", start, endFY, "1.2")
	})
	require.Len(t, got, 1, "no pair of one cycle")
	assert.Equal(t, "1.2", got[0].AmountPerShare.String(), "of the year, whose quarters have none")
}

// On every day, a dividend has the fiscal year and quarter of the statement of its period, also where a later annual
// report changes the company's own numbers of its years.
func TestDividendHasItsStatementsFiscalYear(t *testing.T) {
	t.Parallel()
	d := document{}
	annual := filing{accession(2021, 1), "10-K", "2021-02-01", 2021} // of the year that its dates call 2020
	for _, r := range []struct {
		filing
		end, income string
	}{{q1, endQ1, "1"}, {q2, endQ2, "3"}, {q3, endQ3, "6"}, {annual, endFY, "10"}} {
		d.add(r.filing, gaap, "Assets", "USD", "", r.end, "1000")
		d.add(r.filing, gaap, "NetIncomeLoss", "USD", start, r.end, r.income)
		d.add(r.filing, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", start, r.end, "0."+r.income)
	}
	d.add(annual, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", startQ4, endFY, "0.7")
	facts := d.parse(t)
	for filed, want := range map[string][]int{q1.filed: {2020}, q3.filed: {2020, 2020, 2020}, annual.filed: {2021, 2021, 2021, 2021}} {
		var years []int
		for _, s := range facts.Statements(date(t, filed)) {
			if s.FiscalQuarter != nil {
				years = append(years, s.FiscalYear)
			}
		}
		require.Equal(t, want, years, "statements on %s", filed)
		years = nil
		for _, dividend := range facts.Dividends(date(t, filed)) {
			years = append(years, dividend.FiscalYear)
		}
		assert.Equal(t, want, years, "dividends on %s", filed)
	}
}
