package sec_test

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// How many annual and quarterly statements have a value.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for ticker, coverage := range map[string]string{
		"AAPL": `selling_general_administrative 19/67, research_and_development 19/67, interest_income 13/44,
			investing_cash_flow 19/67, financing_cash_flow 19/67, exchange_rate_effect 0/0, net_change_in_cash 19/67,
			share_repurchases 15/57, stock_based_compensation 19/67, acquisitions 16/47, income_taxes_paid 19/67,
			interest_paid 12/44, retained_earnings 18/67, receivables 18/67, inventory 18/67, accounts_payable 18/66,
			short_term_investments 18/67, long_term_investments 18/67, property_plant_equipment 15/57,
			operating_lease_liability 6/9, deferred_revenue_current 18/67, weighted_average_shares 19/50,
			weighted_average_shares_diluted 19/50, dividends_per_share 16/54`,
		"SNOW": `selling_general_administrative 7/19, research_and_development 7/19, interest_income 0/1,
			investing_cash_flow 7/19, financing_cash_flow 7/19, exchange_rate_effect 7/19, net_change_in_cash 7/19,
			share_repurchases 7/13, stock_based_compensation 7/19, acquisitions 7/18, income_taxes_paid 7/1,
			interest_paid 0/0, retained_earnings 6/19, receivables 6/19, inventory 0/0, accounts_payable 6/19,
			short_term_investments 6/19, long_term_investments 6/19, property_plant_equipment 6/19,
			operating_lease_liability 6/19, deferred_revenue_current 6/19, weighted_average_shares 7/10,
			weighted_average_shares_diluted 7/10, dividends_per_share 0/0`,
		"MRVL": `selling_general_administrative 5/21, research_and_development 7/21, interest_income 0/0,
			investing_cash_flow 7/21, financing_cash_flow 7/21, exchange_rate_effect 0/0, net_change_in_cash 7/21,
			share_repurchases 7/21, stock_based_compensation 7/21, acquisitions 7/17, income_taxes_paid 7/0,
			interest_paid 7/0, retained_earnings 6/21, receivables 6/21, inventory 6/21, accounts_payable 6/21,
			short_term_investments 3/8, long_term_investments 0/0, property_plant_equipment 6/21,
			operating_lease_liability 6/21, deferred_revenue_current 6/21, weighted_average_shares 7/16,
			weighted_average_shares_diluted 7/16, dividends_per_share 7/16`,
	} {
		statements := company(t, ticker).Statements(time.Time{})
		for entry := range strings.SplitSeq(coverage, ",") {
			name, want, _ := strings.Cut(strings.TrimSpace(entry), " ")
			known := make(map[value.Period]int)
			for _, s := range statements {
				if !fieldNamed(t, s, name).IsNil() {
					known[s.Period]++
				}
			}
			assert.Equal(t, want, fmt.Sprintf("%d/%d", known[value.Annual], known[value.Quarterly]), "%s: %s", ticker, name)
		}
	}
}

func fieldNamed(t *testing.T, s value.Statement, name string) reflect.Value {
	t.Helper()
	for field, v := range reflect.ValueOf(s).Fields() {
		if field.Tag.Get("json") == name {
			return v
		}
	}
	require.Fail(t, "no field", name)
	return reflect.Value{}
}

func TestIdentitiesOfFurtherFigures(t *testing.T) {
	t.Parallel()
	type residuals struct{ cashFlows, currentAssets, nonCurrentAssets, shares residual }
	for ticker, want := range map[string]residuals{
		"AAPL": {residual{Of: 86}, residual{Of: 85}, residual{Of: 85}, residual{Of: 138}},
		"SNOW": {residual{Of: 26}, residual{Of: 25}, residual{Of: 25}, residual{Of: 34}},
		"MRVL": {residual{Of: 28}, residual{Of: 27}, residual{Of: 27}, residual{Of: 46}},
	} {
		var got residuals
		for _, s := range company(t, ticker).Statements(time.Time{}) {
			flows := value.Add(value.Add(s.OperatingCashFlow, s.InvestingCashFlow), s.FinancingCashFlow)
			if off := value.Sub(value.AddKnown(flows, s.ExchangeRateEffect), s.NetChangeInCash); off != nil {
				got.cashFlows.add(*off)
			}
			for _, part := range []struct {
				*residual
				whole *int64
				parts []*int64
			}{
				{&got.currentAssets, s.CurrentAssets, []*int64{s.CashAndEquivalents, s.ShortTermInvestments, s.Receivables, s.Inventory}},
				{&got.nonCurrentAssets, s.NonCurrentAssets, []*int64{s.PropertyPlantEquipment, s.LongTermInvestments, s.Goodwill, s.IntangibleAssets}},
			} {
				if rest := value.Sub(part.whole, sec.Sum(append(part.parts, new(int64))...)); rest != nil {
					part.add(min(*rest, 0))
				}
			}
			for _, per := range []struct {
				eps                   *decimal.Decimal
				shares                *int64
				epsBasis, sharesBasis *time.Time
			}{
				{s.EarningsPerShare, s.WeightedAverageShares, s.EarningsPerShareBasisDate, s.WeightedAverageSharesBasisDate},
				{s.EarningsPerShareDiluted, s.WeightedAverageSharesDiluted, s.EarningsPerShareDilutedBasisDate, s.WeightedAverageSharesDilutedBasisDate},
			} {
				if per.eps == nil || per.shares == nil || s.NetIncome == nil {
					continue
				}
				shares := decimal.NewFromInt(*per.shares)
				for _, split := range splits(t, ticker) {
					switch before := func(d *time.Time) bool { return d.Before(split.EffectiveDate) }; {
					case before(per.sharesBasis) && !before(per.epsBasis):
						shares = value.Scale(shares, split.Ratio)
					case !before(per.sharesBasis) && before(per.epsBasis):
						shares = value.Scale(shares, new(big.Rat).Inv(split.Ratio))
					}
				}
				off := per.eps.Mul(shares).Sub(decimal.NewFromInt(*s.NetIncome)).Abs()
				// Cents, and half of the last digit of the count and of net income.
				within := shares.Mul(decimal.New(5, -3)).Add(half(*per.shares).Mul(per.eps.Abs())).Add(half(*s.NetIncome))
				got.shares.add(max(off.Sub(within).Ceil().IntPart(), 0))
			}
		}
		assert.Equal(t, want, got, ticker)
	}
}

// half returns half of the last digit of a number that is not 0, a million at most.
func half(n int64) decimal.Decimal {
	digit := int64(1)
	for n%(10*digit) == 0 && digit < million {
		digit *= 10
	}
	return decimal.New(5, -1).Mul(decimal.NewFromInt(digit))
}

func TestFurtherFlowsOfFourQuarters(t *testing.T) {
	t.Parallel()
	names := []string{
		"selling_general_administrative", "research_and_development", "interest_income", "investing_cash_flow",
		"financing_cash_flow", "exchange_rate_effect", "net_change_in_cash", "share_repurchases", "stock_based_compensation",
		"acquisitions", "income_taxes_paid", "interest_paid",
	}
	for ticker, want := range map[string]map[string]int64{
		"AAPL": {"2016 financing_cash_flow": 407 * million},
		"SNOW": {},
		"MRVL": {"2023 selling_general_administrative": 15 * million},
	} {
		statements := company(t, ticker).Statements(time.Time{})
		got := make(map[string]int64)
		for _, name := range names {
			rest, quarters := make(map[int]*int64), make(map[int]int)
			for _, s := range statements {
				if s.Period == value.Annual {
					rest[s.FiscalYear] = fieldNamed(t, s, name).Interface().(*int64)
				}
			}
			for _, s := range statements {
				if s.FiscalQuarter != nil {
					rest[s.FiscalYear] = value.Sub(rest[s.FiscalYear], fieldNamed(t, s, name).Interface().(*int64))
					quarters[s.FiscalYear]++
				}
			}
			for year, off := range rest {
				if quarters[year] == 4 && off != nil && *off != 0 {
					got[fmt.Sprint(year, " ", name)] = max(*off, -*off)
				}
			}
		}
		for name, off := range got { // known to the million
			got[name] = (off + million/2) / million * million
		}
		assert.Equal(t, want, got, ticker)
	}
}

func TestFurtherFiguresOfApple(t *testing.T) {
	t.Parallel()
	s := find(t, company(t, "AAPL").Statements(time.Time{}), "2017-09-30", 0)
	assert.Equal(t, new(20_289*million), s.CashAndEquivalents)
	assert.Equal(t, new(53_892*million), s.ShortTermInvestments)
	assert.Equal(t, new(194_714*million), s.LongTermInvestments)
}

func TestFurtherFiguresSetNoMarks(t *testing.T) {
	t.Parallel()
	d := reports()
	for _, tag := range []string{"PaymentsForRepurchaseOfCommonStock", "InterestPaidNet", "ResearchAndDevelopmentExpense"} {
		d.add(q1, gaap, tag, "USD", start, endQ1, "-50") // turned
		d.add(q2, gaap, tag, "USD", start, endQ2, "20")  // so that the second quarter is -30
	}
	// One that can be below zero.
	d.add(q1, gaap, "NetCashProvidedByUsedInFinancingActivities", "USD", start, endQ1, "-50")
	d.add(q2, gaap, "NetCashProvidedByUsedInFinancingActivities", "USD", start, endQ2, "-70")
	q := quarters(t, d)
	assert.Equal(t, new(int64(50)), q[1].ShareRepurchases)
	assert.Equal(t, new(int64(50)), q[1].InterestPaid)
	assert.Equal(t, new(int64(50)), q[1].ResearchAndDevelopment)
	assert.Nil(t, q[2].ShareRepurchases)
	assert.Nil(t, q[2].InterestPaid)
	assert.Nil(t, q[2].ResearchAndDevelopment)
	assert.Equal(t, new(int64(-50)), q[1].FinancingCashFlow)
	assert.Equal(t, new(int64(-20)), q[2].FinancingCashFlow)
	assert.Equal(t, []value.Mark{value.Untaxed}, q[1].Marks)
	assert.Equal(t, []value.Mark{value.Untaxed}, q[2].Marks)
}

func TestSellingAndGeneralCostsNeedBoth(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q1, gaap, "GeneralAndAdministrativeExpense", "USD", start, endQ1, "10")
	d.add(q1, gaap, "SellingExpense", "USD", start, endQ1, "5")
	d.add(q2, gaap, "GeneralAndAdministrativeExpense", "USD", startQ2, endQ2, "10")
	d.add(fy, gaap, "GeneralAndAdministrativeExpense", "USD", start, endFY, "40")
	d.add(fy, gaap, "SellingAndMarketingExpense", "USD", start, endFY, "20")
	d.add(fy, gaap, "SellingExpense", "USD", start, endFY, "25")
	q := quarters(t, d)
	assert.Equal(t, new(int64(15)), q[1].SellingGeneralAdministrative)
	assert.Nil(t, q[2].SellingGeneralAdministrative)
	assert.Equal(t, new(int64(60)), q[0].SellingGeneralAdministrative)
}

func TestShortTermInvestmentsWithCash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cashTag, cash, both string
		want                *int64
	}{
		"more":       {"Cash", "30", "50", new(int64(20))},
		"as much":    {"Cash", "50", "50", new(int64(0))},
		"less":       {"Cash", "60", "50", nil},
		"restricted": {"CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents", "30", "50", new(int64(20))},
		"no cash":    {"Goodwill", "30", "50", nil},
	} {
		d := reports()
		d.add(fy, gaap, c.cashTag, "USD", "", endFY, c.cash)
		d.add(fy, gaap, "CashCashEquivalentsAndShortTermInvestments", "USD", "", endFY, c.both)
		assert.Equal(t, c.want, quarters(t, d)[0].ShortTermInvestments, name)
	}
}

func TestLeasesNeedBothParts(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(q1, gaap, "OperatingLeaseLiabilityCurrent", "USD", "", endQ1, "1")
	d.add(q2, gaap, "OperatingLeaseLiabilityCurrent", "USD", "", endQ2, "1")
	d.add(q2, gaap, "OperatingLeaseLiabilityNoncurrent", "USD", "", endQ2, "4")
	q := quarters(t, d)
	assert.Nil(t, q[1].OperatingLeaseLiability)
	assert.Equal(t, new(int64(5)), q[2].OperatingLeaseLiability)
}

// In a comparative year without total assets what stands on its end date is about something else.
func TestInstantsOfComparativeYears(t *testing.T) {
	t.Parallel()
	for _, assets := range []bool{false, true} {
		d := reports()
		d.add(fy, gaap, "NetIncomeLoss", "USD", "2019-01-01", "2019-12-31", "8")
		d.add(fy, gaap, "InventoryNet", "USD", "", "2019-12-31", "3")
		d.add(fy, gaap, "ShareBasedCompensation", "USD", "2019-01-01", "2019-12-31", "2")
		d.add(fy, gaap, "WeightedAverageNumberOfSharesOutstandingBasic", "shares", "2019-01-01", "2019-12-31", "100")
		if assets {
			d.add(fy, gaap, "Assets", "USD", "", "2019-12-31", "900")
		}
		s := find(t, d.parse(t).Statements(time.Time{}), "2019-12-31", 0)
		assert.Equal(t, assets, s.Inventory != nil)
		assert.Equal(t, new(int64(2)), s.StockBasedCompensation)
		assert.Equal(t, new(int64(100)), s.WeightedAverageShares)
	}
}

func TestScaleOfWeightedShares(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		income, eps, count string
		want               *int64
	}{
		"as it is":                   {"1000000000", "2", "500000000", new(int64(500_000_000))},
		"thousands":                  {"1000000000", "2", "500000", new(int64(500_000_000))},
		"millions with a decimal":    {"103010000", "2", "51.505", new(int64(51_505_000))},
		"millions":                   {"-1000000000", "-2", "500", new(int64(500_000_000))},
		"a thousand times":           {"1000000", "2", "500000000", new(int64(500_000))},
		"a million times":            {"1000000", "2", "500000499999", new(int64(500_000))},
		"rounded half up":            {"1000000", "2", "500000500000", new(int64(500_001))},
		"a tenth more":               {"1100000", "1", "1000", new(int64(1_000_000))},
		"more than a tenth more":     {"1100001", "1", "1000", nil},
		"a tenth less":               {"900000", "1", "1000", new(int64(1_000_000))},
		"more than a tenth less":     {"899999", "1", "1000", nil},
		"20 times":                   {"20000", "1", "1000", new(int64(1000))},
		"more than 20 times":         {"20001", "1", "1000", nil},
		"a twentieth":                {"50", "1", "1000", new(int64(1000))},
		"less than a twentieth":      {"49", "1", "1000", nil},
		"no income":                  {"0", "1", "1000", nil},
		"five cents":                 {"1000", "0.05", "20", new(int64(20_000))},
		"less than five cents":       {"1000", "0.049", "20", new(int64(20))},
		"without earnings per share": {"1000", "", "20", new(int64(20))},
		"zero":                       {"1000", "1", "0", nil},
		"below zero":                 {"1000", "1", "-1000", nil},
		"nothing after rounding":     {"1", "2.5", "400", nil},
	} {
		d := document{}
		for _, r := range []struct {
			filing
			end string
		}{{q1, endQ1}, {fy, endFY}} {
			d.add(r.filing, gaap, "Assets", "USD", "", r.end, "1000")
			d.add(r.filing, gaap, "NetIncomeLoss", "USD", start, r.end, c.income)
		}
		for _, of := range []struct{ eps, count string }{
			{"EarningsPerShareBasic", "WeightedAverageNumberOfSharesOutstandingBasic"},
			{"EarningsPerShareDiluted", "WeightedAverageNumberOfDilutedSharesOutstanding"},
		} {
			if c.eps != "" {
				d.add(fy, gaap, of.eps, "USD/shares", start, endFY, c.eps)
			}
			d.add(fy, gaap, of.count, "shares", start, endFY, c.count)
		}
		s := quarters(t, d)[0]
		assert.Equal(t, c.want, s.WeightedAverageShares, name)
		assert.Equal(t, c.want, s.WeightedAverageSharesDiluted, name)
		assert.Equal(t, c.want != nil, s.WeightedAverageSharesBasisDate != nil, name)
		assert.Equal(t, c.want != nil, s.WeightedAverageSharesDilutedBasisDate != nil, name)
	}
}

// Each figure has the basis of the newest fact that it comes from.
func TestBasisDates(t *testing.T) {
	t.Parallel()
	later := filing{accession(2022, 1), "10-K", "2022-02-01", 2021}
	d := reports()
	d.add(fy, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "1")
	d.add(later, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "0.5")
	d.add(fy, gaap, "EarningsPerShareDiluted", "USD/shares", start, endFY, "1")
	d.add(fy, gaap, "WeightedAverageNumberOfSharesOutstandingBasic", "shares", start, endFY, "10")
	d.add(later, gaap, "WeightedAverageNumberOfDilutedSharesOutstanding", "shares", start, endFY, "20")
	d.add(later, gaap, "CommonStockSharesOutstanding", "shares", "", endFY, "10")
	d.add(fy, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", start, endFY, "0")
	s := quarters(t, d)[0]
	first, second := new(date(t, fy.filed)), new(date(t, later.filed))
	assert.Equal(t, second, s.EarningsPerShareBasisDate)
	assert.Equal(t, first, s.EarningsPerShareDilutedBasisDate)
	assert.Equal(t, first, s.PerShareBasisDate)
	assert.Equal(t, first, s.WeightedAverageSharesBasisDate)
	assert.Equal(t, second, s.WeightedAverageSharesDilutedBasisDate)
	assert.Equal(t, second, s.SharesOutstandingBasisDate)
	assert.Equal(t, first, s.DividendsPerShareBasisDate)
	equal(t, "0", s.DividendsPerShare, "a dividend that was filed as 0")
}

const declared = "CommonStockDividendsPerShareDeclared"

// dividends returns a document in which each quarter and the year have a dividend of their own.
func dividends() document {
	d := reports()
	d.add(q1, gaap, declared, "USD/shares", start, endQ1, "0.7")
	d.add(q2, gaap, declared, "USD/shares", startQ2, endQ2, "0.7")
	d.add(q3, gaap, declared, "USD/shares", startQ3, endQ3, "0.1")
	d.add(fy, gaap, declared, "USD/shares", startQ4, endFY, "0.1")
	d.add(fy, gaap, declared, "USD/shares", start, endFY, "0.115") // of one quarter
	return d
}

func TestDividendsPerShare(t *testing.T) {
	t.Parallel()
	d := dividends()
	q := quarters(t, d)
	equal(t, "0.7", q[1].DividendsPerShare, "quarter")
	equal(t, "1.6", q[0].DividendsPerShare, "year: the four quarters, as no split is known")
	assert.Equal(t, new(date(t, fy.filed)), q[0].DividendsPerShareBasisDate)
	checkHistory(t, d.parse(t))

	// The newest basis can be that of an earlier quarter.
	later := filing{accession(2021, 2), "10-Q", "2021-05-01", 2021}
	d.add(later, gaap, declared, "USD/shares", start, endQ1, "0.1")
	s := quarters(t, d)[0]
	equal(t, "1", s.DividendsPerShare, "year")
	assert.Equal(t, new(date(t, later.filed)), s.DividendsPerShareBasisDate)
	checkHistory(t, d.parse(t))

	// A quarter without one: what was filed for the year.
	d = dividends()
	delete(d[gaap][declared], "USD/shares")
	d.add(q1, gaap, declared, "USD/shares", start, endQ1, "0.7")
	d.add(fy, gaap, declared, "USD/shares", start, endFY, "0.115")
	q = quarters(t, d)
	equal(t, "0.115", q[0].DividendsPerShare, "year")
	assert.Nil(t, q[2].DividendsPerShare)
	assert.Nil(t, q[4].DividendsPerShare)
	checkHistory(t, d.parse(t))
}

// Splits bring the dividends of four quarters to one basis.
func TestDividendsPerShareAfterSplits(t *testing.T) {
	t.Parallel()
	splits := func(ratio *big.Rat, effective string) []value.Split {
		day := date(t, effective)
		return []value.Split{{EffectiveDate: day, Ratio: ratio, Source: value.SplitImport, Exact: true, KnownFrom: day, Found: nil}}
	}
	facts := dividends().parse(t)
	end := date(t, endFY)
	amount, basis := facts.YearDividend(end, splits(big.NewRat(7, 1), "2020-09-01"))
	assert.Equal(t, "0.4", amount.String())
	assert.Equal(t, date(t, fy.filed), basis)
	amount, _ = facts.YearDividend(end, splits(big.NewRat(3, 1), "2020-09-01"))
	assert.Equal(t, "0.666666666666", amount.String(), "each rounded to 12 decimals")
	amount, _ = facts.YearDividend(end, splits(big.NewRat(1, 10), "2020-06-01"))
	assert.Equal(t, "7.9", amount.String(), "the first quarter alone was filed before")
	amount, _ = facts.YearDividend(end, splits(big.NewRat(7, 1), "2021-03-01"))
	assert.Equal(t, "1.6", amount.String(), "after the newest basis")
}
