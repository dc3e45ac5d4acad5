package sec_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// show writes a found split in one line.
func show(s value.FoundSplit) string {
	text := fmt.Sprintf("%s (%s, %s] %d:%d known %s", s.Ratio.RatString(), s.EffectiveAfter.Format(time.DateOnly),
		s.EffectiveBy.Format(time.DateOnly), s.Support, s.Contradict, s.KnownFrom.Format(time.DateOnly))
	if s.Noted {
		text += " noted"
	}
	if !s.Accepted {
		text += " rejected"
	}
	return text
}

func showAll(splits []value.FoundSplit) (lines []string) {
	for _, s := range splits {
		lines = append(lines, show(s))
	}
	return lines
}

func TestSplitsOfSamples(t *testing.T) {
	t.Parallel()
	apple := company(t, "AAPL")
	want := []string{
		"7 (2014-04-24, 2014-07-23] 16:0 known 2014-07-23 noted",
		"4 (2020-07-31, 2020-10-30] 26:0 known 2020-10-30 noted",
	}
	splits := apple.Splits(time.Time{})
	assert.Equal(t, want, showAll(splits))
	assert.Equal(t, "0001193125-14-277160", splits[0].Accession)
	assert.Empty(t, company(t, "SNOW").Splits(time.Time{}))
	assert.Empty(t, company(t, "MRVL").Splits(time.Time{}))

	// Each is complete on the day of the filing that shows it.
	assert.Empty(t, apple.Splits(date(t, "2014-07-22")))
	assert.Equal(t, want[:1], showAll(apple.Splits(date(t, "2014-07-23"))))
	assert.Equal(t, want[:1], showAll(apple.Splits(date(t, "2020-10-29"))))
	assert.Equal(t, want, showAll(apple.Splits(date(t, "2020-10-30"))))
}

// A year that filings show, with the numbers of one of them.
type shownYear struct {
	year                int
	eps, shares, profit string // empty for none
}

func (d document) show(f filing, years ...shownYear) {
	for _, y := range years {
		start, end := fmt.Sprintf("%d-01-01", y.year), fmt.Sprintf("%d-12-31", y.year)
		for _, v := range []struct{ tag, unit, val string }{
			{"EarningsPerShareBasic", "USD/shares", y.eps}, {"WeightedAverageNumberOfSharesOutstandingBasic", "shares", y.shares},
			{"NetIncomeLoss", "USD", y.profit},
		} {
			if v.val != "" {
				d.add(f, "us-gaap", v.tag, v.unit, start, end, v.val)
			}
		}
	}
}

func yearly(year int) filing {
	return filing{accession(year, 1), "10-K", fmt.Sprintf("%d-02-20", year), year - 1}
}

const splitNote = "StockholdersEquityNoteStockSplitConversionRatio1"

func TestSplits(t *testing.T) {
	t.Parallel()
	interim := func(year, month int) filing {
		return filing{accession(year, month+10), "10-Q", fmt.Sprintf("%d-%02d-10", year, month), year}
	}
	note := func(d document, f filing, val string) {
		d.add(f, "us-gaap", splitNote, "pure", "", f.filed, val)
	}
	for name, c := range map[string]struct {
		make func(d document)
		want []string
	}{
		"a reverse split of 1 for 10": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "0.31", "1003301017", "311023315"}, shownYear{2019, "0.42", "1013301017", "425586427"})
			d.show(yearly(2021), shownYear{2019, "4.20", "101330102", "425586427"}, shownYear{2020, "5.10", "102330102", "521883520"})
		}, []string{"1/10 (2020-02-20, 2021-02-20] 2:0 known 2021-02-20"}},
		"a stock dividend of 5 per cent": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "4.20", "10033017", "42138671"}, shownYear{2019, "6.30", "10133017", "63838007"})
			d.show(yearly(2021), shownYear{2018, "4.00", "10534668", "42138671"}, shownYear{2019, "6.00", "10639668", "63838007"})
		}, []string{"21/20 (2020-02-20, 2021-02-20] 4:0 known 2021-02-20"}},
		"a spin-off restates the profit": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "10.00", "100330170", "1003301700"}, shownYear{2019, "12.00", "100330171", "1203962052"})
			d.show(yearly(2021), shownYear{2018, "5.00", "100330170", "501650850"}, shownYear{2019, "6.00", "100330171", "601981026"})
		}, nil},
		"profit must be in both": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "10.00", "100330170", "1003301700"}, shownYear{2019, "12.00", "100330171", ""})
			d.show(yearly(2021), shownYear{2018, "5.00", "200660340", ""}, shownYear{2019, "6.00", "200660342", "1203962052"})
		}, []string{"2 (2020-02-20, 2021-02-20] 2:0 known 2021-02-20 rejected"}},
		"profit may differ by half a per cent": {func(d document) {
			d.show(yearly(2020), shownYear{2019, "12.00", "100330171", "1200000000"})
			d.show(yearly(2021), shownYear{2019, "6.00", "200660342", "1206000000"})
		}, []string{"2 (2020-02-20, 2021-02-20] 2:0 known 2021-02-20"}},
		"and no more": {func(d document) {
			d.show(yearly(2020), shownYear{2019, "12.00", "100330171", "1200000000"})
			d.show(yearly(2021), shownYear{2019, "6.00", "200660342", "1206000001"})
		}, []string{"2 (2020-02-20, 2021-02-20] 1:0 known 2021-02-20 rejected"}},
		"a recapitalisation changes counts alone": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "", "50000113", ""}, shownYear{2019, "", "50000117", ""})
			d.show(yearly(2021), shownYear{2018, "", "25000057", ""}, shownYear{2019, "", "25000059", ""})
		}, []string{"1/2 (2020-02-20, 2021-02-20] 2:0 known 2021-02-20 rejected"}},
		"a ratio that is stated needs no more than one amount": {func(d document) {
			d.show(yearly(2020), shownYear{2019, "12.00", "", "1200000000"})
			d.show(yearly(2021), shownYear{2019, "6.00", "", "1200000000"})
			note(d, yearly(2021), "0.5")
		}, []string{"2 (2020-02-20, 2021-02-20] 1:0 known 2021-02-20 noted"}},
		"one that was stated long before does not count": {func(d document) {
			d.show(yearly(2020), shownYear{2019, "12.00", "", "1200000000"})
			d.show(yearly(2021), shownYear{2019, "6.00", "", "1200000000"})
			note(d, filing{accession(2020, 5), "10-Q", "2020-01-16", 2020}, "2") // 401 days
		}, []string{"2 (2020-02-20, 2021-02-20] 1:0 known 2021-02-20 rejected"}},
		"nor one that is stated later": {func(d document) {
			d.show(yearly(2020), shownYear{2019, "12.00", "", "1200000000"})
			d.show(yearly(2021), shownYear{2019, "6.00", "", "1200000000"})
			note(d, interim(2021, 5), "2")
		}, []string{"2 (2020-02-20, 2021-02-20] 1:0 known 2021-02-20 rejected"}},
		"two ratios that fit alike": {func(d document) { // 1.04 to 1.06
			d.show(yearly(2020), shownYear{2018, "1.05", "", "1000"}, shownYear{2019, "1.05", "", "1000"})
			d.show(yearly(2021), shownYear{2018, "1.00", "", "1000"}, shownYear{2019, "1.00", "", "1000"})
		}, []string{"21/20 (2020-02-20, 2021-02-20] 2:0 known 2021-02-20 rejected"}},
		"an error of scale": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "", "50113", ""}, shownYear{2019, "12.00", "50117", "600000"})
			d.show(yearly(2021), shownYear{2018, "", "50113000", ""}, shownYear{2019, "0.012", "50117000", "600000"})
		}, nil},
		"seen one filing late": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "8.00", "100330170", "802641360"}, shownYear{2019, "12.00", "100330171", "1203962052"})
			d.show(interim(2020, 5), shownYear{2017, "2.00", "401320680", "802641360"}) // on the new basis, and not to be compared yet
			d.show(interim(2020, 8), shownYear{2018, "2.00", "401320680", "802641360"}, shownYear{2019, "3.00", "401320684", "1203962052"})
			d.show(yearly(2021), shownYear{2017, "2.00", "401320680", "802641360"})
		}, []string{"4 (2020-02-20, 2020-05-10] 4:0 known 2020-08-10"}},
		"a filing between repeats the old basis": {func(d document) {
			d.show(yearly(2020), shownYear{2017, "", "300330170", ""}, shownYear{2018, "8.00", "100330170", "802641360"})
			d.show(interim(2020, 5), shownYear{2017, "", "300330170", ""})
			d.show(interim(2020, 8), shownYear{2018, "2.00", "401320680", "802641360"})
		}, []string{"4 (2020-05-10, 2020-08-10] 2:0 known 2020-08-10"}},
		"a later filing restates one between": {func(d document) {
			d.show(yearly(2020), shownYear{2018, "8.00", "100330170", "802641360"})
			d.show(interim(2020, 5), shownYear{2017, "", "100330170", ""})
			d.show(interim(2020, 8), shownYear{2018, "2.00", "401320680", "802641360"})
			d.show(yearly(2021), shownYear{2017, "", "401320680", ""})
		}, []string{"4 (2020-05-10, 2020-08-10] 2:0 known 2020-08-10"}},
		"two splits one after the other": {func(d document) {
			d.show(yearly(2019), shownYear{2018, "8.00", "100330170", "802641360"}, shownYear{2017, "", "90330170", ""})
			d.show(yearly(2020), shownYear{2018, "4.00", "200660340", "802641360"})
			d.show(yearly(2021), shownYear{2018, "1.33", "601981020", "802641360"}, shownYear{2017, "", "541981020", ""})
		}, []string{
			"2 (2019-02-20, 2020-02-20] 2:0 known 2020-02-20",
			"3 (2020-02-20, 2021-02-20] 3:0 known 2021-02-20",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document{}
			c.make(d)
			facts := d.parse(t)
			assert.Equal(t, c.want, showAll(facts.Splits(time.Time{})))
			checkSplitHistory(t, facts)
		})
	}
}

// checkSplitHistory compares the versions that hold on each filing day with what was filed by then.
func checkSplitHistory(t *testing.T, facts *sec.CompanyFacts) {
	t.Helper()
	history := facts.SplitHistory()
	for _, day := range facts.FilingDays() {
		known := []value.FoundSplit{}
		for _, v := range history {
			if !v.From.After(day) && (v.To == nil || v.To.After(day)) {
				assert.Equal(t, len(known), v.Number)
				known = append(known, v.FoundSplit)
			}
		}
		assert.Equal(t, facts.Splits(day), known, day)
	}
}

func TestSplitHistoryOfSamples(t *testing.T) {
	t.Parallel()
	for ticker := range files {
		checkSplitHistory(t, company(t, ticker))
	}
	assert.Len(t, company(t, "AAPL").SplitHistory(), 2)
}

// What floats decide about an interval is what fractions say.
func TestSplitIntervalsAreExact(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	checked := 0
	for range 20_000 {
		digits := math.Pow10(random.IntN(18))
		older, newer := 1+random.Int64N(int64(digits)+50), 1+random.Int64N(int64(digits)+50)
		low, high, contains, ok := sec.SplitInterval(older, newer, uint8(random.IntN(7)))
		if !ok {
			continue
		}
		nudge := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil))
		assert.True(t, contains(low))
		assert.True(t, contains(high))
		assert.False(t, contains(new(big.Rat).Sub(low, nudge)))
		assert.False(t, contains(new(big.Rat).Add(high, nudge)))
		checked++
	}
	assert.Greater(t, checked, 5000)
}

func BenchmarkSplits(b *testing.B) {
	apple := company(b, "AAPL")
	for b.Loop() {
		apple.Splits(time.Time{})
	}
}
