package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// A proofChecker knows the facts of a document and how to add, and nothing of the rules.
type proofChecker struct {
	facts                  map[string]bool
	checked, leaves, wrong int
}

func factKey(tag, unit, start, end, accession, form, filed, val string) string {
	return strings.Join([]string{tag, unit, start, end, accession, form, filed, val}, "|")
}

func newProofChecker(t *testing.T, file string) *proofChecker {
	t.Helper()
	f, err := sample.FS.Open(file)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	var document struct {
		Facts map[string]map[string]struct {
			Units map[string][]struct {
				Start, End, Accn, Form, Filed string
				Val                           json.Number
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&document))
	c := &proofChecker{facts: map[string]bool{}}
	for taxonomy, tags := range document.Facts {
		for tag, of := range tags {
			for unit, facts := range of.Units {
				for _, f := range facts {
					val, err := decimal.NewFromString(f.Val.String())
					require.NoError(t, err)
					c.facts[factKey(taxonomy+":"+tag, unit, f.Start, f.End, f.Accn, f.Form, f.Filed, val.String())] = true
				}
			}
		}
	}
	return c
}

// check recomputes a node from its inputs, down to facts that are in the document.
func (c *proofChecker) check(t *testing.T, e *value.Explanation) {
	t.Helper()
	for _, in := range e.Inputs {
		c.check(t, in)
	}
	sum := func(inputs []*value.Explanation) *big.Rat {
		total := new(big.Rat)
		for _, in := range inputs {
			total.Add(total, in.Value.Rat())
		}
		return total
	}
	is := func(want *big.Rat) {
		if e.Value.Rat().Cmp(want) != 0 {
			c.wrong++
			assert.Fail(t, "wrong", "%s: %s is not %s", e.Op, e.Value, want.FloatString(12))
		}
	}
	switch e.Op {
	case value.OpFact:
		c.leaves++
		start := ""
		if e.Start != nil {
			start = e.Start.Format(time.DateOnly)
		}
		for _, f := range []*value.Filing{e.SetBy, e.RepeatedBy} {
			if f == nil {
				continue
			}
			key := factKey(e.Tag, e.Unit, start, e.End.Format(time.DateOnly), f.Accession, f.Form, f.Filed.Format(time.DateOnly), e.Value.String())
			if !c.facts[key] {
				c.wrong++
				assert.Fail(t, "no such fact", key)
			}
			assert.Contains(t, f.URL, f.Accession)
		}
	case value.OpSum:
		is(sum(e.Inputs))
	case value.OpSubtract:
		is(new(big.Rat).Sub(e.Inputs[0].Value.Rat(), sum(e.Inputs[1:])))
	case value.OpTurn:
		is(new(big.Rat).Neg(e.Inputs[0].Value.Rat()))
	case value.OpField:
		is(e.Inputs[0].Value.Rat())
	case value.OpScale:
		is(new(big.Rat).Mul(e.Inputs[0].Value.Rat(), e.Factor.Rat()))
	case value.OpRound:
		places := int32(0)
		if e.Decimals != nil {
			places = int32(*e.Decimals)
		}
		is(e.Inputs[0].Value.Round(places).Rat())
	case value.OpAdjustForSplits:
		ratio := big.NewRat(1, 1)
		for _, s := range e.Splits {
			ratio.Mul(ratio, s.Ratio)
		}
		amount := value.AdjustAmount(e.Inputs[0].Value, ratio)
		if in := e.Inputs[0].Value; in.IsInteger() && in.GreaterThan(decimal.NewFromInt(1_000_000)) {
			amount = decimal.NewFromInt(*value.AdjustCount(in.IntPart(), ratio))
		}
		is(amount.Rat())
	case value.OpFormula:
		c.checkFormula(t, e)
	default:
		assert.Fail(t, string(e.Op))
	}
}

// checkFormula evaluates a metric on nothing but what its explanation names.
func (c *proofChecker) checkFormula(t *testing.T, e *value.Explanation) {
	t.Helper()
	figures := map[value.StatementKey]map[string]*big.Rat{}
	var collect func(e *value.Explanation)
	collect = func(e *value.Explanation) {
		if e.Op == value.OpField {
			if figures[*e.Statement] == nil {
				figures[*e.Statement] = map[string]*big.Rat{}
			}
			figures[*e.Statement][e.Field] = e.Value.Rat()
		}
		if e.Op == value.OpFormula || e.Op == value.OpField && e.Inputs[0].Op == value.OpFormula {
			for _, in := range e.Inputs {
				collect(in)
			}
		}
	}
	collect(e)
	var reports []*metric.Report
	var of *metric.Report
	for key, named := range figures {
		r := &metric.Report{
			Period: key.Period, FiscalYear: key.EndDate.Year(), EndDate: key.EndDate, Currency: "USD", DebtUnknown: false,
			Own:    func(name string) *big.Rat { return named[name] },
			Months: func(name string) *big.Rat { return named["ttm."+name] },
		}
		reports = append(reports, r)
		if of == nil || r.EndDate.After(of.EndDate) {
			of = r
		}
	}
	if of == nil { // years_of_dividends and the like without a single one
		assert.True(t, e.Value.IsZero(), e.Metric)
		return
	}
	got := metric.NewCompany(reports).Of(of, metric.Find(e.Metric))
	if got.Exact == nil || !got.Decimal().Equal(e.Value) {
		c.wrong++
		assert.Fail(t, "wrong", "%s of %s: %s, recomputed %v (%s %v)", e.Metric, of.EndDate.Format(time.DateOnly), e.Value, got.Decimal(), got.Reason, got.Missing)
	}
}

// Every figure and metric of three companies is proven by facts of their documents.
func TestProofs(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	for ticker, file := range sampleFacts {
		c := newProofChecker(t, file)
		importFacts(t, a, ticker, file)
		for _, at := range []app.PointInTime{
			{AsOf: nil, Basis: value.AsOf}, {AsOf: nil, Basis: value.Filed}, {AsOf: new(time.Date(2022, 6, 30, 0, 0, 0, 0, time.UTC)), Basis: value.AsOf},
		} {
			require.NoError(t, a.EachProof(t.Context(), ticker, at, func(s *value.Statement, figure string, d *metric.Definition, node *value.Explanation) {
				c.checked++
				if !assert.NotNil(t, node, "%s %s %s", ticker, s.EndDate, figure) {
					return
				}
				if figure != "" {
					number, _ := app.Figure(s, figure)
					assert.Equal(t, number.String(), node.Value.String(), "%s %s %s", ticker, s.EndDate, figure)
				}
				c.check(t, node)
			}))
		}
		t.Logf("%s: %d figures and metrics proven by %d facts, %d wrong", ticker, c.checked, c.leaves, c.wrong)
		assert.Greater(t, c.checked, 3000)
	}
}

var sampleFacts = map[string]string{
	"AAPL": "companyfacts-CIK0000320193.json.gz", "SNOW": "companyfacts-CIK0001640147.json.gz", "MRVL": "companyfacts-CIK0001835632.json.gz",
}

// Proofs that a reader asks for first.
func TestExplain(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	importFacts(t, a, "AAPL", sampleFacts["AAPL"])
	today := app.PointInTime{AsOf: nil, Basis: value.AsOf}
	explain := func(year, quarter int, name string) app.Explanation {
		s, err := a.FindStatement(t.Context(), "AAPL", year, quarter, today)
		require.NoError(t, err)
		x, err := a.Explain(t.Context(), s.ID, today, name)
		require.NoError(t, err)
		return x
	}
	roic := explain(2023, 0, "return_on_invested_capital").Node
	assert.Equal(t, "0.700424", roic.Value.StringFixed(6))
	var names []string
	for _, in := range roic.Inputs {
		names = append(names, in.Field)
	}
	slices.Sort(names)
	assert.Equal(t, []string{"cash_and_equivalents", "total_debt", "total_equity", "ttm.ebit", "ttm.profit_before_tax", "ttm.tax_expense"}, names)

	q4 := explain(2016, 4, "operating_cash_flow").Node
	require.Equal(t, value.OpSubtract, q4.Op)
	assert.Equal(t, "year to date less year to date, one cycle", q4.Rule)
	assert.Equal(t, "16126000000", q4.Value.String())

	restated := explain(2009, 0, "total_revenues").Node
	assert.Equal(t, "42905000000", restated.Value.String())
	assert.Equal(t, "10-K/A", restated.SetBy.Form)

	none := explain(2023, 0, "magic_formula_return_on_capital")
	assert.Nil(t, none.Node)
	assert.Equal(t, metric.NegativeDenominator, none.Result.Reason)
	assert.Nil(t, explain(2023, 0, "goodwill").Node)
}

func importFacts(t *testing.T, a *app.App, ticker, name string) {
	t.Helper()
	file, err := sample.FS.Open(name)
	require.NoError(t, err)
	defer file.Close()
	im, err := a.StartImport(t.Context(), root, app.ImportRequest{Kind: app.ImportSECCompanyFacts, Ticker: &ticker, File: file})
	require.NoError(t, err)
	eventually(t, a, im.ID, "succeeded")
}
