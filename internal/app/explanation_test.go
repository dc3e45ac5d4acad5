package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
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
	exact                  map[*value.Explanation]*big.Rat
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
	c := &proofChecker{facts: map[string]bool{}, exact: map[*value.Explanation]*big.Rat{}}
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

// check recomputes a node from its inputs, exactly, down to facts that are in the document.
func (c *proofChecker) check(t *testing.T, e *value.Explanation) *big.Rat {
	t.Helper()
	inputs := make([]*big.Rat, len(e.Inputs))
	for i, in := range e.Inputs {
		inputs[i] = c.check(t, in)
	}
	exact := c.recompute(t, e, inputs)
	if exact == nil || !decimal.NewFromBigRat(exact, value.Precision).Equal(e.Value.Round(value.Precision)) {
		c.wrong++
		assert.Fail(t, "wrong", "%s %s: %s, recomputed %v", e.Op, e.Metric, e.Value, exact)
		return e.Value.Rat()
	}
	c.exact[e] = exact
	return exact
}

func (c *proofChecker) recompute(t *testing.T, e *value.Explanation, inputs []*big.Rat) *big.Rat {
	t.Helper()
	sum := func(inputs []*big.Rat) *big.Rat {
		total := new(big.Rat)
		for _, in := range inputs {
			total.Add(total, in)
		}
		return total
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
		return e.Value.Rat()
	case value.OpEntered:
		assert.Contains(t, []string{"close", "ordinary_shares", "exchange_rate"}, e.Field)
		return e.Value.Rat()
	case value.OpSum:
		return sum(inputs)
	case value.OpSubtract:
		return new(big.Rat).Sub(inputs[0], sum(inputs[1:]))
	case value.OpTurn:
		return new(big.Rat).Neg(inputs[0])
	case value.OpField:
		return inputs[0]
	case value.OpScale:
		return new(big.Rat).Mul(inputs[0], e.Factor.Rat())
	case value.OpRound:
		places := int32(0)
		if e.Decimals != nil {
			places = int32(*e.Decimals)
		}
		return e.Inputs[0].Value.Round(places).Rat()
	case value.OpAdjustForSplits:
		ratio := big.NewRat(1, 1)
		for _, s := range e.Splits {
			ratio.Mul(ratio, s.Ratio)
		}
		if in := e.Inputs[0].Value; in.IsInteger() && in.GreaterThan(decimal.NewFromInt(1_000_000)) { // a count
			return decimal.NewFromInt(*value.AdjustCount(in.IntPart(), ratio)).Rat()
		}
		return new(big.Rat).Quo(inputs[0], ratio)
	case value.OpFormula:
		if d := metric.Find(e.Metric); d == nil || d.Scope == metric.OfDay {
			return c.day(e)
		}
		return c.formula(t, e)
	default:
		assert.Fail(t, string(e.Op))
		return nil
	}
}

// formula evaluates a metric on nothing but what its explanation names.
func (c *proofChecker) formula(t *testing.T, e *value.Explanation) *big.Rat {
	t.Helper()
	reports := c.reports(e)
	var of *metric.Report
	for _, r := range reports {
		if of == nil || r.EndDate.After(of.EndDate) {
			of = r
		}
	}
	if of == nil { // years_of_dividends and the like without a single one
		assert.True(t, e.Value.IsZero(), e.Metric)
		return new(big.Rat)
	}
	return metric.NewCompany(reports).Of(of, metric.Find(e.Metric)).Exact
}

// day evaluates a figure or metric of a trading day likewise.
func (c *proofChecker) day(e *value.Explanation) *big.Rat {
	input := func(name string) *big.Rat {
		for _, in := range e.Inputs {
			if in.Metric == name || in.Field == name {
				return new(big.Rat).Set(c.exact[in])
			}
		}
		return nil
	}
	switch e.Metric {
	case metric.Cap, "market_cap":
		return e.Inputs[0].Value.Mul(e.Inputs[len(e.Inputs)-1].Value).Round(0).Rat()
	case metric.Price:
		return c.exact[e.Inputs[0]]
	case "enterprise_value":
		total := input(metric.Cap)
		for _, name := range []string{"total_debt", "noncontrolling_interest", "preferred_stock"} {
			if v := input(name); v != nil {
				total.Add(total, v)
			}
		}
		return total.Sub(total, input("cash_and_equivalents"))
	}
	whole := func(name string) *int64 {
		if v := input(name); v != nil {
			return new(v.Num().Int64())
		}
		return nil
	}
	day := &metric.Day{Cap: whole(metric.Cap), EnterpriseValue: whole("enterprise_value"), Price: input(metric.Price)}
	reports := c.reports(e)
	for _, r := range reports {
		if day.Statement == nil || r.EndDate.After(day.Statement.EndDate) {
			day.Statement = r
		}
	}
	return metric.NewCompany(reports).OnDay(day, metric.Find(e.Metric)).Exact
}

// reports are of nothing but the figures that an explanation names.
func (c *proofChecker) reports(e *value.Explanation) (reports []*metric.Report) {
	figures := map[value.StatementKey]map[string]*big.Rat{}
	var collect func(e *value.Explanation)
	collect = func(e *value.Explanation) {
		if e.Op == value.OpField && e.Statement != nil {
			if figures[*e.Statement] == nil {
				figures[*e.Statement] = map[string]*big.Rat{}
			}
			figures[*e.Statement][e.Field] = c.exact[e]
		}
		if e.Op == value.OpFormula || e.Op == value.OpField && e.Inputs[0].Op == value.OpFormula {
			for _, in := range e.Inputs {
				collect(in)
			}
		}
	}
	collect(e)
	for key, named := range figures {
		reports = append(reports, &metric.Report{
			Period: key.Period, FiscalYear: key.EndDate.Year(), EndDate: key.EndDate, Currency: "USD", DebtUnknown: false,
			Own:    func(name string) *big.Rat { return named[name] },
			Months: func(name string) *big.Rat { return named["ttm."+name] },
		})
	}
	return reports
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

// Ratios and metrics of trading days are proven likewise.
func TestProofsOfDays(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	c := newProofChecker(t, sampleFacts["AAPL"])
	importFacts(t, a, "AAPL", sampleFacts["AAPL"])
	for _, day := range []string{"2009-11-02", "2014-03-03", "2014-08-01", "2014-06-10", "2017-12-29", "2021-02-01", "2024-05-03"} {
		_, err := pool.Exec(t.Context(), "INSERT INTO price (listing_id, date, close) SELECT id, $1, 100.25 FROM listing", day)
		require.NoError(t, err)
		on, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		names := []string{"market_cap", "enterprise_value"}
		for _, d := range metric.All() {
			if d.Scope == metric.OfDay && !d.HasSignals() && !d.ReadsPrices() {
				names = append(names, d.ID)
			}
		}
		known := 0
		for _, name := range names {
			x, err := a.ExplainRatio(t.Context(), "AAPL", on, name, app.DayOptions{PointInTime: app.PointInTime{AsOf: nil, Basis: value.AsOf}, Metrics: nil, GrahamSize: 0})
			require.NoError(t, err)
			if x.Result != nil {
				require.Equal(t, x.Result.Exact != nil, x.Node != nil, "%s %s", day, name)
			}
			if x.Node != nil {
				known++
				c.checked++
				c.check(t, x.Node)
			}
		}
		t.Logf("%s: %d of %d known", day, known, len(names))
	}
	t.Logf("%d figures and metrics of days proven by %d facts, %d wrong", c.checked, c.leaves, c.wrong)
	assert.Greater(t, c.checked, 100)
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

	months := explain(2025, 1, "ttm.free_cash_flow").Node
	assert.Equal(t, "ttm.free_cash_flow", months.Field)
	require.Len(t, months.Inputs, 1)
	require.Equal(t, value.OpSum, months.Inputs[0].Op)
	quarters := months.Inputs[0].Inputs
	require.Len(t, quarters, 4)
	assert.Equal(t, quarters[0].Value.Add(quarters[1].Value).Add(quarters[2].Value).Add(quarters[3].Value).String(), months.Value.String())
	assert.Nil(t, explain(2025, 1, "ttm.interest_expense").Node)

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

// Explanations wait for their turn.
func TestExplanationsTakeTurns(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	importFacts(t, a, "AAPL", sampleFacts["AAPL"])
	s, err := a.FindStatement(t.Context(), "AAPL", 2023, 0, app.PointInTime{})
	require.NoError(t, err)
	leave := a.OccupyExplanations()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = a.Explain(ctx, s.ID, app.PointInTime{AsOf: nil, Basis: value.Filed}, "ebit")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	leave()
	_, err = a.Explain(t.Context(), s.ID, app.PointInTime{AsOf: nil, Basis: value.Filed}, "ebit")
	require.NoError(t, err)
}
