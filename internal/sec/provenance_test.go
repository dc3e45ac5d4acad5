package sec_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A rawDocument is a company facts document as encoding/json reads it.
type rawDocument struct {
	CIK        any                                       `json:"cik"`
	EntityName string                                    `json:"entityName"`
	Facts      map[string]map[string]map[string]rawUnits `json:"facts"`
}

type rawUnits = map[string][]rawFact

type rawFact struct {
	Start string      `json:"start,omitempty"`
	End   string      `json:"end"`
	Val   json.Number `json:"val"`
	Accn  string      `json:"accn"`
	FY    json.Number `json:"fy,omitempty"`
	Form  string      `json:"form"`
	Filed string      `json:"filed"`
}

func readRaw(t testing.TB, text []byte) rawDocument {
	t.Helper()
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var loose struct {
		CIK        any                                              `json:"cik"`
		EntityName string                                           `json:"entityName"`
		Facts      map[string]map[string]map[string]json.RawMessage `json:"facts"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&loose))
	document := rawDocument{loose.CIK, loose.EntityName, make(map[string]map[string]map[string]rawUnits)}
	for taxonomy, tags := range loose.Facts {
		document.Facts[taxonomy] = make(map[string]map[string]rawUnits)
		for tag, of := range tags {
			var units rawUnits
			require.NoError(t, json.Unmarshal(of["units"], &units))
			document.Facts[taxonomy][tag] = map[string]rawUnits{"units": units}
		}
	}
	return document
}

// filedBy returns the document as it was on a day.
func (d rawDocument) filedBy(t testing.TB, day time.Time) *sec.CompanyFacts {
	t.Helper()
	limit := day.Format(time.DateOnly)
	then := rawDocument{d.CIK, d.EntityName, make(map[string]map[string]map[string]rawUnits)}
	for taxonomy, tags := range d.Facts {
		then.Facts[taxonomy] = make(map[string]map[string]rawUnits)
		for tag, of := range tags {
			units := make(rawUnits)
			for unit, facts := range of["units"] {
				units[unit] = slices.DeleteFunc(slices.Clone(facts), func(f rawFact) bool { return f.Filed > limit })
			}
			then.Facts[taxonomy][tag] = map[string]rawUnits{"units": units}
		}
	}
	b, err := json.Marshal(then)
	require.NoError(t, err)
	facts, err := sec.ParseCompanyFacts(bytes.NewReader(b))
	require.NoError(t, err)
	return facts
}

// A factID is a fact but for its value.
type factID struct{ tag, unit, start, end, accession, form, filed string }

// A checker knows the facts of documents, and nothing of the rules.
type checker struct {
	facts   map[factID][]*big.Rat
	figures int
	leaves  int
}

func newChecker(documents ...rawDocument) *checker {
	c := &checker{facts: make(map[factID][]*big.Rat)}
	for _, d := range documents {
		for taxonomy, tags := range d.Facts {
			for tag, of := range tags {
				for unit, facts := range of["units"] {
					for _, f := range facts {
						if v, ok := new(big.Rat).SetString(f.Val.String()); ok {
							id := factID{taxonomy + ":" + tag, unit, f.Start, f.End, f.Accn, f.Form, f.Filed}
							c.facts[id] = append(c.facts[id], v)
						}
					}
				}
			}
		}
	}
	return c
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// check recomputes a value from its inputs, and looks up the facts.
func (c *checker) check(t testing.TB, e *value.Explanation) {
	t.Helper()
	in := make([]*big.Rat, len(e.Inputs))
	for i, input := range e.Inputs {
		c.check(t, input)
		in[i] = input.Value.Rat()
	}
	got := e.Value.Rat()
	want := new(big.Rat)
	switch e.Op {
	case value.OpFact:
		c.leaves++
		require.Empty(t, in)
		for _, f := range []*value.Filing{e.SetBy, e.RepeatedBy} {
			if f == nil {
				continue
			}
			filed := c.facts[factID{e.Tag, e.Unit, day(e.Start), day(&e.End), f.Accession, f.Form, day(&f.Filed)}]
			require.True(t, slices.ContainsFunc(filed, func(v *big.Rat) bool { return v.Cmp(got) == 0 }), "%+v is no fact", e)
			assert.Contains(t, f.URL, strings.ReplaceAll(f.Accession, "-", "")+"/"+f.Accession)
		}
		return
	case value.OpSum:
		require.NotEmpty(t, in)
		for _, v := range in {
			want.Add(want, v)
		}
	case value.OpSubtract:
		require.Greater(t, len(in), 1)
		want.Set(in[0])
		for _, v := range in[1:] {
			want.Sub(want, v)
		}
	case value.OpTurn:
		require.Len(t, in, 1)
		want.Neg(in[0])
	case value.OpRound:
		require.Len(t, in, 1)
		decimals := int32(0)
		if e.Decimals != nil {
			decimals = int32(*e.Decimals)
		}
		unit := decimal.New(1, decimals).Rat()
		n := new(big.Rat).Add(new(big.Rat).Mul(in[0], unit), big.NewRat(1, 2))
		want.Quo(new(big.Rat).SetInt(new(big.Int).Div(n.Num(), n.Denom())), unit)
		require.NotZero(t, want.Cmp(in[0]), "rounded without need")
	case value.OpScale:
		require.Len(t, in, 1)
		want.Mul(in[0], e.Factor.Rat())
	case value.OpField:
		require.Len(t, in, 1)
		want = in[0]
	case value.OpAdjustForSplits:
		require.Len(t, in, 1)
		require.NotEmpty(t, e.Splits)
		want.Set(in[0])
		for _, s := range e.Splits {
			want.Quo(want, s.Ratio)
		}
		want = decimal.NewFromBigRat(want, value.Precision).Rat()
	default:
		t.Fatalf("%s", e.Op)
	}
	require.Zero(t, want.Cmp(got), "%s %s, not %s", e.Op, e.Value, want.RatString())
}

// newest is the newest of the filings that set a fact.
func newest(e *value.Explanation) *value.Filing {
	f := e.SetBy
	for _, in := range e.Inputs {
		if other := newest(in); f == nil || isNewer(other, f) {
			f = other
		}
	}
	return f
}

func isNewer(a, b *value.Filing) bool {
	return a.Filed.After(b.Filed) || a.Filed.Equal(b.Filed) && a.Accession > b.Accession
}

// statements checks all fields of all statements as of a day.
func (c *checker) statements(t testing.TB, facts *sec.CompanyFacts, asOf time.Time) {
	t.Helper()
	setBy := facts.SetBy(asOf)
	for i, s := range facts.Statements(asOf) {
		explanations, ok := facts.Explain(asOf, s.Period, s.EndDate)
		require.True(t, ok)
		known := 0
		set := &value.Filing{Accession: *s.Accession, Filed: s.PublishDate}
		for field, v := range reflect.ValueOf(s).Fields() {
			name := field.Tag.Get("json")
			var want decimal.Decimal
			switch figure := v.Interface().(type) {
			case *int64:
				if figure == nil {
					continue
				}
				want = decimal.NewFromInt(*figure)
			case *decimal.Decimal:
				if figure == nil {
					continue
				}
				want = *figure
			default:
				continue
			}
			known++
			e := explanations[name]
			require.NotNil(t, e, "%s %s: %s", s.Period, s.EndDate, name)
			require.True(t, want.Equal(e.Value), "%s %s: %s", s.Period, s.EndDate, name)
			c.check(t, e)
			c.figures++
			if f := newest(e); isNewer(f, set) {
				set = f
			}
		}
		require.Len(t, explanations, known)
		require.Equal(t, set.Accession, setBy[i].Accession, "%s %s", s.Period, s.EndDate)
	}
}

// Every figure follows from facts that stand in the document.
func TestEveryFigureIsExplained(t *testing.T) {
	t.Parallel()
	for ticker, file := range files {
		t.Run(ticker, func(t *testing.T) {
			t.Parallel()
			c := newChecker(readRaw(t, readSample(t, file)))
			for _, asOf := range []string{"", "2010-06-30", "2014-08-01", "2020-11-01", "2023-12-31"} {
				var day time.Time
				if asOf != "" {
					day = date(t, asOf)
				}
				c.statements(t, company(t, ticker), day)
			}
			t.Logf("%d figures of %d facts", c.figures, c.leaves)
			assert.Positive(t, c.figures)
		})
	}
}

func TestEveryFigureOfCasesIsExplained(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/cases/*")
	require.NoError(t, err)
	figures, leaves := 0, 0
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join(folder, "facts*.json"))
		require.NoError(t, err)
		if len(paths) == 0 {
			continue
		}
		var documents []rawDocument
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			documents = append(documents, readRaw(t, text))
		}
		c := newChecker(documents...)
		facts := parseFiles(t, paths...)
		c.statements(t, facts, time.Time{})
		for _, day := range facts.FilingDays() {
			c.statements(t, facts, day)
		}
		figures, leaves = figures+c.figures, leaves+c.leaves
	}
	t.Logf("%d figures of %d facts", figures, leaves)
	assert.Positive(t, figures)
}

func TestSetBy(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, test := range []struct {
		ticker, end, asOf      string
		accession, form, filed string
	}{
		{"AAPL", "2009-09-26", "", "0001193125-10-162840", "10-Q", "2010-07-21"},
		{"AAPL", "2009-09-26", "2009-12-31", "0001193125-09-214859", "10-K", "2009-10-27"},
		{"AAPL", "2009-09-26", "2010-01-25", "0001193125-10-012091", "10-K/A", "2010-01-25"},
		{"AAPL", "2023-09-30", "", "0000320193-23-000106", "10-K", "2023-11-03"},
		{"SNOW", "2025-01-31", "", "0001640147-25-000052", "10-K", "2025-03-21"},
		{"MRVL", "2026-01-31", "", "0001835632-26-000011", "10-K", "2026-03-11"},
	} {
		facts := company(t, test.ticker)
		asOf := facts.NewestFiled()
		if test.asOf != "" {
			asOf = date(t, test.asOf)
		}
		for _, v := range facts.History() {
			if v.Period == value.Annual && v.EndDate.Equal(date(t, test.end)) && !v.KnownFrom.After(asOf) && (v.KnownTo == nil || v.KnownTo.After(asOf)) {
				assert.Equal(t, []string{test.accession, test.form, test.filed}, []string{v.SetBy.Accession, v.SetBy.Form, day(&v.SetBy.Filed)})
				checked++
			}
		}
	}
	assert.Equal(t, 6, checked)
	last := company(t, "AAPL").SetBy(date(t, "2009-10-27"))
	assert.Equal(t, "https://www.sec.gov/Archives/edgar/data/320193/000119312509214859/0001193125-09-214859-index.htm", last[len(last)-1].URL)
}

func TestExplanationOfAQuarter(t *testing.T) {
	t.Parallel()
	explanations, ok := company(t, "AAPL").Explain(time.Time{}, value.Quarterly, date(t, "2025-09-27"))
	require.True(t, ok)
	b, err := json.Marshal(explanations["operating_cash_flow"])
	require.NoError(t, err)
	assert.Equal(t, `{"op":"subtract","value":29728000000,"rule":"year to date less year to date, one cycle","inputs":[`+
		`{"op":"fact","value":111482000000,"tag":"us-gaap:NetCashProvidedByUsedInOperatingActivities","unit":"USD",`+
		`"start":"2024-09-29","end":"2025-09-27","accession":"0000320193-25-000079","form":"10-K","filed":"2025-10-31",`+
		`"repeated_by":null,"inputs":[]},`+
		`{"op":"fact","value":81754000000,"tag":"us-gaap:NetCashProvidedByUsedInOperatingActivities","unit":"USD",`+
		`"start":"2024-09-29","end":"2025-06-28","accession":"0000320193-25-000073","form":"10-Q","filed":"2025-08-01",`+
		`"repeated_by":null,"inputs":[]}]}`, string(b))
	_, ok = company(t, "AAPL").Explain(time.Time{}, value.Annual, date(t, "2025-06-28"))
	assert.False(t, ok)
}

// The dividend of a year in which the shares were split is of quarters on two bases.
func TestExplanationOfAYearsDividend(t *testing.T) {
	t.Parallel()
	d := document{}
	report := func(f filing, end string, shares, eps string) {
		d.add(f, gaap, "Assets", "USD", "", end, "9")
		d.add(f, gaap, "NetIncomeLoss", "USD", "2019-01-01", "2019-12-31", "7000021")
		d.add(f, gaap, "WeightedAverageNumberOfSharesOutstandingBasic", "shares", "2019-01-01", "2019-12-31", shares)
		d.add(f, gaap, "EarningsPerShareBasic", "USD/shares", "2019-01-01", "2019-12-31", eps)
		d.add(f, gaap, "EarningsPerShareDiluted", "USD/shares", "2019-01-01", "2019-12-31", eps)
	}
	pay := func(f filing, start, end, amount string) {
		d.add(f, gaap, "Assets", "USD", "", end, "9")
		d.add(f, gaap, "NetIncomeLoss", "USD", start, end, "8")
		d.add(f, gaap, "NetIncomeLoss", "USD", "2020-01-01", end, "8")
		d.add(f, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", start, end, amount)
	}
	report(filing{accession(2019, 1), "10-K", "2020-02-01", 2019}, "2019-12-31", "1000003", "7.00")
	pay(filing{accession(2020, 1), "10-Q", "2020-05-01", 2020}, "2020-01-01", "2020-03-31", "0.77")
	pay(filing{accession(2020, 2), "10-Q", "2020-08-01", 2020}, "2020-04-01", "2020-06-30", "0.78")
	third := filing{accession(2020, 3), "10-Q", "2020-11-01", 2020}
	pay(third, "2020-07-01", "2020-09-30", "0.11")
	report(third, "2019-12-31", "7000021", "1.00")
	pay(filing{accession(2020, 4), "10-K", "2021-02-01", 2020}, "2020-10-01", "2020-12-31", "0.1234567")

	facts := d.parse(t)
	explanations, ok := facts.Explain(time.Time{}, value.Annual, date(t, "2020-12-31"))
	require.True(t, ok)
	b, err := json.Marshal(explanations["dividends_per_share"])
	require.NoError(t, err)
	split := `"splits":[{"effective_date":"2020-11-01","ratio":7,"ratio_fraction":"7","source":"filings"}]`
	fact := func(start, end, val, accession, form, filed string) string {
		return `{"op":"fact","value":` + val + `,"tag":"us-gaap:CommonStockDividendsPerShareDeclared","unit":"USD/shares",` +
			`"start":"` + start + `","end":"` + end + `","accession":"` + accession + `","form":"` + form + `","filed":"` + filed +
			`","repeated_by":null,"inputs":[]}`
	}
	field := func(end, val, in string) string {
		return `{"op":"field","value":` + val + `,"field":"dividends_per_share","statement":{"period":"quarterly","end_date":"` + end +
			`"},"inputs":[` + in + `]}`
	}
	assert.JSONEq(t, `{"op":"sum","value":0.454885571429,"inputs":[`+
		field("2020-12-31", "0.123457", `{"op":"round","value":0.123457,"decimals":6,"inputs":[`+
			fact("2020-10-01", "2020-12-31", "0.1234567", accession(2020, 4), "10-K", "2021-02-01")+`]}`)+`,`+
		field("2020-09-30", "0.11", fact("2020-07-01", "2020-09-30", "0.11", accession(2020, 3), "10-Q", "2020-11-01"))+`,`+
		`{"op":"adjust_for_splits","value":0.111428571429,`+split+`,"inputs":[`+
		field("2020-06-30", "0.78", fact("2020-04-01", "2020-06-30", "0.78", accession(2020, 2), "10-Q", "2020-08-01"))+`]},`+
		`{"op":"adjust_for_splits","value":0.11,`+split+`,"inputs":[`+
		field("2020-03-31", "0.77", fact("2020-01-01", "2020-03-31", "0.77", accession(2020, 1), "10-Q", "2020-05-01"))+`]}]}`, string(b))
	newChecker(readRaw(t, d.json(t))).statements(t, facts, time.Time{})
}

// What is rounded, turned and scaled is so step by step.
func TestExplanationOfRepairs(t *testing.T) {
	t.Parallel()
	d := document{}
	d.add(fy, gaap, "Assets", "USD", "", endFY, "1000.5")
	d.add(fy, gaap, "NetIncomeLoss", "USD", start, endFY, "5000000")
	d.add(fy, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "0.33333333333333333333")
	d.add(fy, gaap, "EarningsPerShareDiluted", "USD/shares", start, endFY, "0.5")
	d.add(fy, gaap, "PaymentsOfDividends", "USD", start, endFY, "-7.5")
	d.add(fy, gaap, "WeightedAverageNumberOfSharesOutstandingBasic", "shares", start, endFY, "15000")
	d.add(fy, gaap, "WeightedAverageNumberOfDilutedSharesOutstanding", "shares", start, endFY, "10000000499")
	facts := d.parse(t)
	explanations, ok := facts.Explain(time.Time{}, value.Annual, date(t, endFY))
	require.True(t, ok)
	steps := func(field string) (steps string) {
		e := explanations[field]
		for {
			steps += string(e.Op) + " " + e.Value.String() + ";"
			if len(e.Inputs) == 0 {
				return steps
			}
			e = e.Inputs[0]
		}
	}
	assert.Equal(t, "round 1001;fact 1000.5;", steps("total_assets"))
	assert.Equal(t, "turn 7;round -7;fact -7.5;", steps("dividends_paid"))
	assert.Equal(t, "round 0.333333333333333333;fact 0.33333333333333333333;", steps("earnings_per_share"))
	assert.Equal(t, "scale 15000000;fact 15000;", steps("weighted_average_shares"))
	assert.Equal(t, "round 10000000;scale 10000000.499;fact 10000000499;", steps("weighted_average_shares_diluted"))
	b, err := json.Marshal(explanations["weighted_average_shares_diluted"].Inputs[0])
	require.NoError(t, err)
	assert.Contains(t, string(b), `"factor":0.001`)
	newChecker(readRaw(t, d.json(t))).statements(t, facts, time.Time{})
}

// A fact is set by the first of the filings that have it unchanged, up to the one that counts.
func TestRunsOfFacts(t *testing.T) {
	t.Parallel()
	d := document{}
	for i, val := range []string{"7", "8", "7", "7.0", "7"} {
		f := filing{accession(2021, i+1), "10-K", date(t, "2021-03-01").AddDate(0, 0, i).Format(time.DateOnly), 2020}
		d.add(f, gaap, "Assets", "USD", "", endFY, val)
		d.add(f, gaap, "NetIncomeLoss", "USD", start, endFY, "1")
	}
	facts := d.parse(t)
	explanations, ok := facts.Explain(time.Time{}, value.Annual, date(t, endFY))
	require.True(t, ok)
	assets := explanations["total_assets"]
	assert.Equal(t, accession(2021, 3), assets.SetBy.Accession)
	assert.Equal(t, accession(2021, 5), assets.RepeatedBy.Accession)
	assert.Equal(t, accession(2021, 1), explanations["net_income"].SetBy.Accession)
	explanations, _ = facts.Explain(date(t, "2021-03-03"), value.Annual, date(t, endFY))
	assert.Nil(t, explanations["total_assets"].RepeatedBy)
}

func TestRestatements(t *testing.T) {
	t.Parallel()
	facts := company(t, "AAPL")
	restatements := facts.Restatements(facts.History())
	t.Logf("%d restatements", len(restatements))
	for _, want := range []struct {
		end, field, from, to, knownFrom, form, accession string
		kind                                             value.RestatementKind
	}{
		{"2009-09-26", "total_revenues", "36537000000", "42905000000", "2010-01-25", "10-K/A", "0001193125-10-012091", value.Changed},
		{"2016-09-24", "operating_cash_flow", "65824000000", "66231000000", "2018-11-05", "10-K", "0000320193-18-000145", value.Changed},
		{"2012-09-29", "earnings_per_share_diluted", "44.15", "6.31", "2014-10-27", "10-K", "0001193125-14-383437", value.SplitChanged},
		{"2019-09-28", "earnings_per_share_diluted", "11.89", "2.97", "2020-10-30", "10-K", "0000320193-20-000096", value.SplitChanged},
	} {
		i := slices.IndexFunc(restatements, func(r value.Restatement) bool {
			return r.Period == value.Annual && r.EndDate.Equal(date(t, want.end)) && r.Field == want.field && r.KnownFrom.Equal(date(t, want.knownFrom))
		})
		require.GreaterOrEqual(t, i, 0, want)
		r := restatements[i]
		assert.Equal(t, []string{want.from, want.to, want.form, want.accession, string(want.kind)},
			[]string{r.Old.String(), r.New.String(), r.Filing.Form, r.Filing.Accession, string(r.Kind)})
		assert.False(t, r.Derived)
	}
	isGross := func(r value.Restatement) bool { return r.Field == "ebitda" && r.New != nil }
	i := slices.IndexFunc(restatements, isGross)
	require.GreaterOrEqual(t, i, 0)
	assert.True(t, restatements[i].Derived)
}

// What was said on a day does not depend on what was filed later.
func TestProvenanceAsOf(t *testing.T) {
	t.Parallel()
	raw := readRaw(t, readSample(t, files["AAPL"]))
	facts := company(t, "AAPL")
	history := facts.History()
	restatements := facts.Restatements(history)
	for _, on := range []string{"2010-01-25", "2014-07-23", "2014-10-27", "2020-10-30"} {
		asOf := date(t, on)
		then := raw.filedBy(t, asOf)
		for _, s := range then.Statements(time.Time{}) {
			want, ok := then.Explain(time.Time{}, s.Period, s.EndDate)
			require.True(t, ok)
			got, ok := facts.Explain(asOf, s.Period, s.EndDate)
			require.True(t, ok)
			a, err := json.Marshal(want)
			require.NoError(t, err)
			b, err := json.Marshal(got)
			require.NoError(t, err)
			require.Equal(t, string(a), string(b))
		}
		require.Equal(t, then.SetBy(time.Time{}), facts.SetBy(asOf))
		var known []sec.Version
		for _, v := range history {
			if !v.KnownFrom.After(asOf) {
				if v.KnownTo != nil && v.KnownTo.After(asOf) {
					v.KnownTo = nil
				}
				known = append(known, v)
			}
		}
		require.Empty(t, cmp.Diff(then.History(), known, cmpopts.IgnoreUnexported(sec.Version{})))
		before := slices.DeleteFunc(slices.Clone(restatements), func(r value.Restatement) bool { return r.KnownFrom.After(asOf) })
		require.Empty(t, cmp.Diff(then.Restatements(then.History()), before))
	}
}

// Each kind of restatement, and what is none: other basis dates, or another tag with the same value.
func TestKindsOfRestatements(t *testing.T) {
	t.Parallel()
	d := document{}
	at := func(number int, filed string) filing { return filing{accession(2021, number), "10-K", filed, 2020} }
	first, same, last := at(1, "2021-02-01"), at(2, "2021-03-01"), at(3, "2021-04-01")
	for _, f := range []filing{first, same, last} {
		d.add(f, gaap, "Assets", "USD", "", endFY, "100")
		d.add(f, gaap, "NetIncomeLoss", "USD", start, endFY, "70")
		d.add(f, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "1.1")
	}
	d.add(first, gaap, "Goodwill", "USD", "", endFY, "-5")
	d.add(first, gaap, "Goodwill", "USD", "", "2019-12-31", "-5")
	d.add(same, gaap, "LiabilitiesAndPartnersCapital", "USD", "", endFY, "100") // the same as Assets, by another tag
	d.add(last, gaap, "Goodwill", "USD", "", endFY, "7")
	d.add(last, gaap, "AssetsCurrent", "USD", "", endFY, "40")
	d.add(last, gaap, "EarningsPerShareDiluted", "USD/shares", start, endFY, "1.0")

	facts := d.parse(t)
	history := slices.DeleteFunc(facts.History(), func(v sec.Version) bool { return !v.EndDate.Equal(date(t, endFY)) })
	require.Len(t, history, 3)
	assert.Equal(t, accession(2021, 2), history[1].SetBy.Accession)
	var shown []string
	for _, r := range facts.Restatements(history) {
		was, is := "-", "-"
		if r.Old != nil {
			was = r.Old.String()
		}
		if r.New != nil {
			is = r.New.String()
		}
		derived := ""
		if r.Derived {
			derived = " derived"
		}
		assert.Equal(t, last.filed, day(&r.KnownFrom))
		assert.Equal(t, last.accession, r.Filing.Accession)
		shown = append(shown, r.Field+" "+string(r.Kind)+" "+was+" "+is+derived)
	}
	assert.Equal(t, []string{
		"earnings_per_share_diluted added - 1", "current_assets added - 40", "non_current_assets added - 60 derived", "goodwill changed 5 7",
	}, shown)

	// A figure that is gone.
	removed := document{}
	removed.add(first, gaap, "Assets", "USD", "", endFY, "100")
	removed.add(first, gaap, "NetIncomeLoss", "USD", start, endFY, "70")
	removed.add(first, gaap, "PaymentsOfDividends", "USD", start, endFY, "3")
	facts = removed.parse(t)
	history = facts.History()
	without := history[0]
	without.DividendsPaid, without.KnownFrom = nil, date(t, same.filed)
	restatements := facts.Restatements([]sec.Version{history[0], without})
	require.Len(t, restatements, 1)
	assert.Equal(t, value.Removed, restatements[0].Kind)
	assert.Nil(t, restatements[0].New)
	assert.Equal(t, first.accession, restatements[0].Filing.Accession)
}
