package value_test

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestCheckPrices(t *testing.T) {
	t.Parallel()
	type closes [][2]string
	// Apple's, the newest first: their order does not matter.
	splits := []value.Split{
		split("2020-08-31", "4"), split("2014-06-09", "7"),
	}
	both := []value.Split{
		split("2020-09-01", "0.5"), split("2020-08-31", "4"),
	}
	reverse := []value.Split{split("2020-08-31", "0.1")}
	small := []value.Split{split("2020-08-31", "1.4")}
	for name, test := range map[string]struct {
		splits []value.Split
		closes closes
		reason value.PriceReason // "" for none
		day    string
		ratio  string
	}{
		"none":                         {splits, nil, "", "", ""},
		"as traded":                    {splits, closes{{"2020-08-28", "499.23"}, {"2020-08-31", "129.04"}, {"2020-09-01", "134.18"}}, "", "", ""},
		"adjusted across a split":      {splits, closes{{"2020-08-28", "124.81"}, {"2020-08-31", "129.04"}}, value.LooksSplitAdjusted, "2020-08-31", "4"},
		"a split over a weekend":       {splits, closes{{"2014-06-06", "92.22"}, {"2014-06-10", "94.25"}}, value.LooksSplitAdjusted, "2014-06-10", "7"},
		"no splits known":              {nil, closes{{"2020-08-28", "499.23"}, {"2020-08-31", "129.04"}}, "", "", ""},
		"a row adjusted for one split": {splits, closes{{"2014-12-31", "27.5950"}, {"2015-01-02", "109.33"}}, value.JumpWithoutSplit, "2015-01-02", "4"},
		"and back":                     {splits, closes{{"2015-01-02", "109.33"}, {"2015-01-05", "26.5625"}}, value.JumpWithoutSplit, "2015-01-05", "4"},
		"a row adjusted for two":       {splits, closes{{"2014-05-30", "633.00"}, {"2014-06-02", "22.451"}}, value.JumpWithoutSplit, "2014-06-02", "28"},
		"adjusted for the later alone": {splits, closes{{"2014-05-30", "633.00"}, {"2014-06-02", "157.16"}}, "", "", ""},
		"a jump like a split of before": {
			splits, closes{{"2021-01-04", "129.41"}, {"2021-01-05", "32.35"}}, "", "", "",
		},
		"a jump by another factor": {splits, closes{{"2015-01-02", "109.33"}, {"2015-01-05", "40"}}, "", "", ""},
		"eight days apart":         {splits, closes{{"2020-08-28", "124.81"}, {"2020-09-05", "129.04"}}, "", "", ""},
		"seven days apart":         {splits, closes{{"2020-08-28", "124.81"}, {"2020-09-04", "129.04"}}, value.LooksSplitAdjusted, "2020-09-04", "4"},
		"a gap, then adjusted":     {splits, closes{{"2020-08-01", "400"}, {"2020-08-28", "124.81"}, {"2020-08-31", "129.04"}}, value.LooksSplitAdjusted, "2020-08-31", "4"},
		"two splits that make two": {both, closes{{"2020-08-28", "400"}, {"2020-09-01", "201"}}, "", "", ""},
		"two splits, adjusted":     {both, closes{{"2020-08-28", "200"}, {"2020-09-01", "201"}}, value.LooksSplitAdjusted, "2020-09-01", "2"},
		"a reverse split":          {reverse, closes{{"2020-08-28", "1.2"}, {"2020-08-31", "11.5"}}, "", "", ""},
		"a reverse split, adjusted": {
			reverse, closes{{"2020-08-28", "12"}, {"2020-08-31", "11.5"}}, value.LooksSplitAdjusted, "2020-08-31", "0.1",
		},
		"too small to be told":   {small, closes{{"2020-08-28", "12"}, {"2020-08-31", "12"}}, "", "", ""},
		"a small jump before it": {small, closes{{"2020-08-26", "14"}, {"2020-08-27", "10"}}, "", "", ""},
		"a close of zero":        {splits, closes{{"2015-01-02", "0"}, {"2015-01-05", "26.5625"}}, "", "", ""},
		"the first of two faults": {
			splits, closes{{"2014-12-31", "27.5950"}, {"2015-01-02", "109.33"}, {"2015-01-05", "26.5625"}}, value.JumpWithoutSplit, "2015-01-02", "4",
		},
	} {
		var prices []value.Price
		for _, c := range test.closes {
			prices = append(prices, value.Price{Date: date(c[0]), Close: dec(c[1])})
		}
		fault := value.CheckPrices(prices, test.splits)
		if test.reason == "" {
			assert.Nil(t, fault, name)
			continue
		}
		if assert.NotNil(t, fault, name) {
			assert.Equal(t, test.reason, fault.Reason, name)
			assert.Equal(t, date(test.day), fault.Date, name)
			assert.Equal(t, test.ratio, fault.Ratio.String(), name)
		}
	}
	assert.Equal(t, date("2020-08-31"), splits[0].EffectiveDate, "the splits stay in their order")
}

func TestOrdinaryShares(t *testing.T) {
	t.Parallel()
	for declared, want := range map[string]*big.Rat{
		"5": big.NewRat(5, 1), "0.5": big.NewRat(1, 2), "1/1500": big.NewRat(1, 1500), "0": nil, "five": nil,
	} {
		assert.Equal(t, want, value.OrdinaryShares(&declared, true), declared)
	}
	assert.Equal(t, big.NewRat(1, 1), value.OrdinaryShares(nil, false))
	assert.Nil(t, value.OrdinaryShares(nil, true))
}
