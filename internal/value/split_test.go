package value_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return r
}

// split is an imported one.
func split(day, ratio string) value.Split {
	return value.MergeSplits([]value.ImportedSplit{{EffectiveDate: date(day), Ratio: rat(ratio)}}, nil)[0]
}

func found(ratio, after, by string) value.FoundSplit {
	return value.FoundSplit{
		Ratio: rat(ratio), EffectiveAfter: date(after), EffectiveBy: date(by), KnownFrom: date(by), Accession: by, Accepted: true,
	}
}

func TestSplitRatio(t *testing.T) {
	t.Parallel()
	splits := []value.Split{
		split("2014-06-09", "7"), split("2020-08-31", "4"),
	}
	for _, test := range []struct{ after, until, want string }{
		{"2014-06-08", "2025-01-02", "28"},
		{"2014-06-09", "2025-01-02", "4"}, // its first day is on the new basis
		{"2014-12-31", "2020-08-31", "4"},
		{"2014-12-31", "2020-08-30", "1"},
		{"2025-01-02", "2014-01-01", "1"},
	} {
		assert.Equal(t, test.want, value.SplitRatio(date(test.after), date(test.until), splits).RatString(), test)
	}
}

func TestIsOld(t *testing.T) {
	t.Parallel()
	imported := split("2014-06-09", "7")
	f := found("7", "2014-04-24", "2014-07-23")
	filings := value.MergeSplits(nil, []value.FoundSplit{f})[0]
	both := value.MergeSplits([]value.ImportedSplit{{EffectiveDate: date("2014-06-09"), Ratio: rat("7")}}, []value.FoundSplit{f})[0]
	early := value.MergeSplits([]value.ImportedSplit{{EffectiveDate: date("2014-08-01"), Ratio: rat("7")}}, []value.FoundSplit{f})[0]
	for _, test := range []struct {
		basis                          string
		imported, filings, both, early bool
	}{
		{"2014-04-24", true, true, true, true},
		{"2014-06-08", true, true, true, true},
		{"2014-06-09", false, true, false, true},
		{"2014-07-22", false, true, false, true},
		{"2014-07-23", false, false, false, false}, // what filings do decides
		{"2014-07-31", false, false, false, false},
	} {
		for name, s := range map[string]struct {
			split value.Split
			want  bool
		}{"imported": {imported, test.imported}, "filings": {filings, test.filings}, "both": {both, test.both}, "early": {early, test.early}} {
			assert.Equal(t, s.want, s.split.IsOld(date(test.basis)), "%s, %s", name, test.basis)
		}
	}
}

func TestMergeSplits(t *testing.T) {
	t.Parallel()
	in := func(day, ratio string) value.ImportedSplit {
		return value.ImportedSplit{EffectiveDate: date(day), Ratio: rat(ratio)}
	}
	ofPrices := func(day, ratio string) value.ImportedSplit {
		return value.ImportedSplit{EffectiveDate: date(day), Ratio: rat(ratio), FromPrices: true}
	}
	seven := found("7", "2014-04-24", "2014-07-23")
	rejected := seven
	rejected.Accepted = false
	dated := seven
	dated.TradedOn = new(date("2014-06-09"))
	for name, test := range map[string]struct {
		imported []value.ImportedSplit
		found    []value.FoundSplit
		want     []string
	}{
		"found":                       {nil, []value.FoundSplit{seven}, []string{"2014-07-23 7 filings found"}},
		"dated by prices":             {nil, []value.FoundSplit{dated}, []string{"2014-06-09 7 prices exact found"}},
		"rejected":                    {nil, []value.FoundSplit{rejected}, nil},
		"imported":                    {[]value.ImportedSplit{in("2014-06-09", "7")}, nil, []string{"2014-06-09 7 import exact"}},
		"both":                        {[]value.ImportedSplit{in("2014-06-09", "7")}, []value.FoundSplit{dated}, []string{"2014-06-09 7 import exact found"}},
		"120 days before":             {[]value.ImportedSplit{in("2013-12-25", "7")}, []value.FoundSplit{seven}, []string{"2013-12-25 7 import exact found"}},
		"121 days before":             {[]value.ImportedSplit{in("2013-12-24", "7")}, []value.FoundSplit{seven}, []string{"2013-12-24 7 import exact", "2014-07-23 7 filings found"}},
		"120 days after":              {[]value.ImportedSplit{in("2014-11-20", "7")}, []value.FoundSplit{seven}, []string{"2014-11-20 7 import exact found"}},
		"121 days after":              {[]value.ImportedSplit{in("2014-11-21", "7")}, []value.FoundSplit{seven}, []string{"2014-07-23 7 filings found", "2014-11-21 7 import exact"}},
		"of another ratio":            {[]value.ImportedSplit{in("2014-06-09", "6")}, []value.FoundSplit{seven}, []string{"2014-06-09 6 import exact", "2014-07-23 7 filings found"}},
		"not one that was rejected":   {[]value.ImportedSplit{in("2014-06-09", "7")}, []value.FoundSplit{rejected}, []string{"2014-06-09 7 import exact"}},
		"a third in three digits":     {[]value.ImportedSplit{in("2014-06-09", "0.333")}, []value.FoundSplit{found("1/3", "2014-04-24", "2014-07-23")}, []string{"2014-06-09 1/3 import exact found"}},
		"two thirds, cut off":         {[]value.ImportedSplit{in("2014-06-09", "0.6666")}, []value.FoundSplit{found("2/3", "2014-04-24", "2014-07-23")}, []string{"2014-06-09 2/3 import exact found"}},
		"a third in two digits":       {[]value.ImportedSplit{in("2014-06-09", "0.33")}, []value.FoundSplit{found("1/3", "2014-04-24", "2014-07-23")}, []string{"2014-06-09 33/100 import exact", "2014-07-23 1/3 filings found"}},
		"each takes the closer":       {[]value.ImportedSplit{in("2014-02-01", "7"), in("2014-06-09", "7")}, []value.FoundSplit{seven, found("7", "2013-12-01", "2014-03-01")}, []string{"2014-02-01 7 import exact found", "2014-06-09 7 import exact found"}},
		"one import takes one":        {[]value.ImportedSplit{in("2014-06-09", "7")}, []value.FoundSplit{found("7", "2013-12-01", "2014-03-01"), seven}, []string{"2014-03-01 7 filings found", "2014-06-09 7 import exact found"}},
		"a price file says so, too":   {[]value.ImportedSplit{ofPrices("2014-06-10", "7"), in("2014-06-09", "7")}, nil, []string{"2014-06-09 7 import exact"}},
		"of two price files":          {[]value.ImportedSplit{ofPrices("2014-06-10", "7"), ofPrices("2014-06-09", "7")}, nil, []string{"2014-06-09 7 import exact"}},
		"a price file about another":  {[]value.ImportedSplit{ofPrices("2014-06-17", "7"), in("2014-06-09", "7")}, nil, []string{"2014-06-09 7 import exact", "2014-06-17 7 import exact"}},
		"a price file, another ratio": {[]value.ImportedSplit{ofPrices("2014-06-10", "2"), in("2014-06-09", "7")}, nil, []string{"2014-06-09 7 import exact", "2014-06-10 2 import exact"}},
	} {
		var got []string
		for _, s := range value.MergeSplits(test.imported, test.found) {
			text := s.EffectiveDate.Format(time.DateOnly) + " " + s.Ratio.RatString() + " " + string(s.Source)
			if s.Exact {
				text += " exact"
			}
			if s.Found != nil {
				text += " found"
			}
			got = append(got, text)
			if s.Source == value.SplitImport {
				assert.Equal(t, s.EffectiveDate, s.KnownFrom, name)
			} else {
				assert.Equal(t, s.Found.KnownFrom, s.KnownFrom, name)
			}
		}
		assert.Equal(t, test.want, got, name)
	}
}

func TestBasisRatio(t *testing.T) {
	t.Parallel()
	splits := value.MergeSplits([]value.ImportedSplit{{EffectiveDate: date("2020-08-31"), Ratio: rat("4")}},
		[]value.FoundSplit{found("7", "2014-04-24", "2014-07-23")})
	for _, test := range []struct{ basis, on, want string }{
		{"2014-04-24", "2025-01-02", "28"},
		{"2014-07-22", "2025-01-02", "28"},
		{"2014-07-23", "2025-01-02", "4"},
		{"2014-04-24", "2014-07-22", "1"},
		{"2014-04-24", "2014-07-23", "7"},
		{"2020-08-31", "2025-01-02", "1"},
	} {
		assert.Equal(t, test.want, value.BasisRatio(date(test.basis), date(test.on), splits).RatString(), test)
	}
	assert.Empty(t, value.KnownSplits(splits, date("2014-07-22")))
	assert.Len(t, value.KnownSplits(splits, date("2014-07-23")), 1)
	assert.Len(t, value.KnownSplits(splits, date("2020-08-31")), 2)
}

// Between its two days the number of shares is not known, if the split is not in the count.
func TestSharesOnADayThatIsNotKnown(t *testing.T) {
	t.Parallel()
	splits := value.MergeSplits(nil, []value.FoundSplit{found("7", "2014-04-24", "2014-07-23")})
	count := value.ShareCount{BasisDate: date("2014-04-24"), Shares: 10}
	for day, want := range map[string]int64{"2014-04-24": 10, "2014-04-25": 0, "2014-07-22": 0, "2014-07-23": 70} {
		shares, isKnown := value.SharesOn(date(day), count, splits)
		assert.Equal(t, want != 0, isKnown, day)
		if want != 0 {
			require.NotNil(t, shares, day)
			assert.Equal(t, want, *shares, day)
		}
	}
	count.BasisDate = date("2014-07-23")
	_, isKnown := value.SharesOn(date("2014-07-01"), count, splits)
	assert.True(t, isKnown, "it is in the count")

	s := amounts(map[string]int64{"SharesOutstanding": 10, "CashAndEquivalents": 1})
	s.PublishDate, s.EndDate, s.Currency = date("2014-04-24"), date("2014-03-29"), "USD"
	r := dailyRatios(quote("2014-06-06", "645.57"), &s, value.TTM{}, nil, splits, oneCurrency)
	assert.Nil(t, r.SharesOutstanding)
	assert.Nil(t, r.MarketCap)
	assert.Equal(t, []value.DailyReason{value.SplitDateUnknown}, r.Reasons)
}

func TestDateSplit(t *testing.T) {
	t.Parallel()
	closes := func(pairs ...string) (prices []value.Price) {
		for i := 0; i < len(pairs); i += 2 {
			prices = append(prices, value.Price{Date: date(pairs[i]), Close: dec(pairs[i+1])})
		}
		return prices
	}
	traded := closes("2014-06-05", "647.35", "2014-06-06", "645.57", "2014-06-09", "93.70", "2014-06-10", "94.25")
	for name, test := range map[string]struct {
		ratio    string
		listings [][]value.Price
		want     string
	}{
		"as traded":              {"7", [][]value.Price{traded}, "2014-06-09"},
		"of another ratio":       {"5", [][]value.Price{traded}, ""},
		"adjusted":               {"7", [][]value.Price{closes("2014-06-06", "92.22", "2014-06-09", "93.70")}, ""},
		"no prices":              {"7", nil, ""},
		"twice":                  {"2", [][]value.Price{closes("2014-06-05", "40", "2014-06-06", "20", "2014-06-09", "10")}, ""},
		"two listings":           {"7", [][]value.Price{traded, traded}, "2014-06-09"},
		"two that differ":        {"7", [][]value.Price{traded, closes("2014-06-10", "700", "2014-06-11", "100")}, ""},
		"eight days later":       {"7", [][]value.Price{closes("2014-06-01", "700", "2014-06-09", "100")}, ""},
		"seven days later":       {"7", [][]value.Price{closes("2014-06-02", "700", "2014-06-09", "100")}, "2014-06-09"},
		"on the first day":       {"7", [][]value.Price{closes("2014-04-23", "700", "2014-04-24", "100")}, ""},
		"after the first day":    {"7", [][]value.Price{closes("2014-04-24", "700", "2014-04-25", "100")}, "2014-04-25"},
		"on the last day":        {"7", [][]value.Price{closes("2014-07-22", "700", "2014-07-23", "100")}, "2014-07-23"},
		"too small to be told":   {"1.4", [][]value.Price{closes("2014-06-06", "14", "2014-06-09", "10")}, ""},
		"three for two":          {"3/2", [][]value.Price{closes("2014-06-06", "15", "2014-06-09", "10")}, "2014-06-09"},
		"a reverse split":        {"1/10", [][]value.Price{closes("2014-06-06", "1.2", "2014-06-09", "11.5")}, "2014-06-09"},
		"two for three":          {"2/3", [][]value.Price{closes("2014-06-06", "10", "2014-06-09", "15")}, "2014-06-09"},
		"a move that is too far": {"7", [][]value.Price{closes("2014-06-06", "700", "2014-06-09", "85")}, ""},
	} {
		day := value.DateSplit(found(test.ratio, "2014-04-24", "2014-07-23"), test.listings)
		if test.want == "" {
			assert.Nil(t, day, name)
		} else if assert.NotNil(t, day, name) {
			assert.Equal(t, date(test.want), *day, name)
		}
	}
	rejected := found("7", "2014-04-24", "2014-07-23")
	rejected.Accepted = false
	assert.Nil(t, value.DateSplit(rejected, [][]value.Price{traded}))
}

func TestScale(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "872.64", value.Scale(dec("31.16571428571428571428"), rat("28")).StringFixed(2))
	assert.Equal(t, "27.9", value.Scale(dec("93"), rat("0.3")).String())
	assert.Equal(t, "0.333333333333", value.Scale(dec("1"), rat("1/3")).String())
	assert.Equal(t, "0.333333333333", value.RatioDecimal(rat("1/3")).String())
}

// A close is brought over the splits that took effect after its day, and over none that could have before.
func TestRatioSince(t *testing.T) {
	t.Parallel()
	f := value.FoundSplit{
		Ratio: rat("7"), EffectiveAfter: date("2014-04-24"), EffectiveBy: date("2014-07-23"), KnownFrom: date("2014-07-23"), Accepted: true,
	}
	splits := []value.Split{split("2000-06-21", "2"), value.Candidate(&f), split("2020-08-31", "4")}
	for _, test := range [][3]string{
		{"2000-06-20", "2026-01-30", "56"}, {"2000-06-21", "2026-01-30", "28"}, {"2014-04-24", "2026-01-30", "28"},
		{"2014-04-25", "2026-01-30", ""}, {"2014-07-22", "2026-01-30", ""}, {"2014-07-23", "2026-01-30", "4"},
		{"2014-04-24", "2020-08-30", "7"}, {"2020-08-31", "2026-01-30", "1"}, {"2020-08-28", "2020-08-28", "1"},
	} {
		ratio := value.RatioSince(date(test[0]), date(test[1]), splits)
		if test[2] == "" {
			assert.Nil(t, ratio, test)
		} else {
			assert.Equal(t, test[2], ratio.RatString(), test)
		}
	}
}

// Two imports of one split count once: the one written last.
func TestRepeatedImports(t *testing.T) {
	t.Parallel()
	in := func(day string, ratio int64, prices bool, written string) value.ImportedSplit {
		return value.ImportedSplit{EffectiveDate: date(day), Ratio: big.NewRat(ratio, 1), FromPrices: prices, Written: date(written)}
	}
	for name, c := range map[string]struct {
		imported []value.ImportedSplit
		want     []string
	}{
		"corrected": {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-02"), in("2014-06-10", 7, false, "2020-01-01")}, []string{"2014-06-09"}},
		"later day": {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-01"), in("2014-06-10", 7, false, "2020-01-02")}, []string{"2014-06-10"}},
		"prices":    {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-01"), in("2014-06-10", 7, true, "2020-01-02")}, []string{"2014-06-09"}},
		"one file":  {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-01"), in("2014-06-10", 7, false, "2020-01-01")}, []string{"2014-06-09"}},
		"apart":     {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-01"), in("2014-06-17", 7, false, "2020-01-02")}, []string{"2014-06-09", "2014-06-17"}},
		"ratios":    {[]value.ImportedSplit{in("2014-06-09", 7, false, "2020-01-01"), in("2014-06-10", 2, false, "2020-01-02")}, []string{"2014-06-09", "2014-06-10"}},
	} {
		var got []string
		for _, s := range value.MergeSplits(c.imported, nil) {
			got = append(got, s.EffectiveDate.Format(time.DateOnly))
		}
		assert.Equal(t, c.want, got, name)
	}
}
