package sec_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	basicEPS  = "EarningsPerShareBasic"
	averageOf = "WeightedAverageNumberOfSharesOutstandingBasic"
	countOf   = "CommonStockSharesOutstanding"
	coverOf   = "EntityCommonStockSharesOutstanding"
)

func TestPlausibleShares(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		eps, average, balance, cover string
		want                         *int64
		source                       value.SharesSource
		implausible                  bool
	}{
		"without a reference":         {"", "", "", "5", new(int64(5)), value.Cover, false},
		"20 times above":              {"0.1", "", "", "2000", new(int64(2000)), value.Cover, false},
		"more":                        {"0.1", "", "", "2001", nil, "", true},
		"20 times below":              {"0.1", "", "", "5", new(int64(5)), value.Cover, false},
		"less":                        {"0.1", "", "", "4", nil, "", true},
		"by the average":              {"", "100", "", "2001", new(int64(100)), value.WeightedAverage, true},
		"by earnings, not by average": {"0.1", "5000", "", "100", new(int64(100)), value.Cover, false},
		"the balance sheet's":         {"0.1", "", "90", "9000", new(int64(90)), value.BalanceSheet, true},
		"none":                        {"0.1", "9000", "9000", "9000", nil, "", true},
		"no earnings":                 {"0", "100", "", "2001", new(int64(100)), value.WeightedAverage, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document{}
			d.addReport(fy, start, endFY, "10")
			for tag, fact := range map[string][4]string{
				basicEPS: {gaap, "USD/shares", start, test.eps}, averageOf: {gaap, "shares", start, test.average},
				countOf: {gaap, "shares", "", test.balance},
			} {
				if fact[3] != "" {
					d.add(fy, fact[0], tag, fact[1], fact[2], endFY, fact[3])
				}
			}
			d.add(fy, "dei", coverOf, "shares", "", "2021-01-20", test.cover)
			s := quarters(t, d)[0]
			assert.Equal(t, test.want, s.SharesOutstanding)
			if test.want != nil {
				assert.Equal(t, test.source, *s.SharesSource)
			}
			assert.Equal(t, test.implausible, s.Has(value.ImplausibleShares))
			assert.Equal(t, test.want != nil && test.source == value.WeightedAverage, s.Has(value.SharesFromWeightedAverage))
			for _, c := range d.parse(t).ShareCounts() {
				if c.Source == test.source {
					assert.Equal(t, *test.want, c.Shares, "the same for a trading day")
				}
			}
		})
	}
}

// A count without another reference is compared with the last one that was accepted, for some time.
func TestCoversFollowEachOther(t *testing.T) {
	t.Parallel()
	d := document{}
	counts := func() (shares []int64) {
		for _, c := range d.parse(t).ShareCounts() {
			shares = append(shares, c.Shares)
		}
		return shares
	}
	cover := func(f filing, end, count string) { d.add(f, "dei", coverOf, "shares", "", end, count) }
	cover(q1, "2020-04-20", "1000")
	cover(q2, "2020-07-20", "30000") // refused
	cover(q3, "2020-10-20", "19000")
	assert.Equal(t, []int64{1000, 19000}, counts())
	cover(filing{accession(2021, 8), "10-K", "2021-12-07", 2021}, "2021-11-30", "1")
	assert.Equal(t, []int64{1000, 19000, 1}, counts(), "401 days later there is nothing to compare with")
	assert.Empty(t, d.parse(t).Statements(time.Time{}))
}
