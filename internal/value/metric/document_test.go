package metric_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value/metric"
)

var update = flag.Bool("update", false, "write docs/metrics.md")

const introduction = `# The metrics

<!-- Written by TestDocument of internal/value/metric from the definitions there; "make generate" writes it again. -->

EdgeValue computes %d metrics: %d of each statement, %d more of each annual statement with the years before it, and %d of
each trading day. This page has them all, with a worked example of each from the figures that companies filed. How the
figures themselves are made is in [the rules](rules.md).

[Words](#words) · [Nulls](#nulls) · [Of a statement](#metrics-of-a-statement) · [Of a year](#metrics-of-a-year) ·
[Of a day](#metrics-of-a-trading-day) · [What a business is worth](#what-a-business-is-worth)

## Words

| in a formula | means |
| --- | --- |
| ` + "`a`" + ` | a figure of the statement, or another metric |
| ` + "`ttm.a`" + ` | of the twelve months that end with it |
| ` + "`a[k]`" + ` | ` + "`a`" + ` if it is known, else 0 |
| ` + "`-1.a`, `-2.a`" + ` | of one and two years ago: of the statement of the same period and currency whose end is within 7 days of the same day of that year |
| ` + "`a(n)`" + ` | of the annual statement of n years ago, found in the same way |
| ` + "`avg(a)`" + ` | ` + "`(a + -1.a) / 2`" + ` |
| ` + "`first(a, b)`" + ` | ` + "`a` if it is known, else `b`" + ` |
| ` + "`tax_rate(tax, profit)`" + ` | 0 if profit is not above 0, else tax / profit, at least 0 and at most 1 |
| ` + "`cap`" + ` | what all shares cost, in the statement's currency |
| ` + "`price`" + ` | the close by the ordinary shares that one listed share stands for, in the statement's currency |
| ` + "`x`" + ` | times |

These words stand in several formulas:

%s
Arithmetic is exact, and results are rounded to 12 decimals, half away from zero. Per-share figures that are compared are
on one share basis. A fraction of 0.44 is 44 %%.

## Nulls

A metric is a number, or null for a reason. Where several apply, the first of these is given:

| reason | when |
| --- | --- |
| shares_unknown | the day has no share count, so there is no ` + "`cap`" + ` |
| split_date_unknown | the shares of the day are before or after a split, and which is not known |
| ads_ratio_unknown | the ordinary shares of the listing are not known |
| currency_mismatch | there is no exchange rate between price and statement |
| cash_unknown | ` + "`cash_and_equivalents`" + ` is null, so there is no ` + "`enterprise_value`" + ` |
| debt_unknown | the statement has this mark: there must be debt, and it is not known |
| insufficient_history | a statement of an earlier period, or a price of an earlier day, does not exist; ` + "`missing_inputs`" + ` names what is not there, if anything |
| missing_input | a figure is null; ` + "`missing_inputs`" + ` names all that are |
| negative_denominator, zero_denominator | the divisor is below 0, or 0: the quotient would mean nothing |
| negative_input | a root or a growth rate of a number that is not above 0; an equation without a solution |

A negative numerator is nothing special: a loss gives a negative margin. ` + "`missing_inputs`" + ` has names as in the formulas;
of the years of annual metrics, ` + "`a(fiscal year)`" + `. Where one metric stands in the formula of another, its own inputs are
named, but for book_value, tangible_book_value and net_current_asset_value, and those of annual metrics.
`

var headings = map[metric.Scope]string{
	metric.OfStatement: "Metrics of a statement", metric.OfYear: "Metrics of a year", metric.OfDay: "Metrics of a trading day",
}

// An example is where the figures of worked examples come from.
type example struct {
	name    string
	company *filer
	report  *metric.Report
	day     *metric.Day
}

func (e example) result(d *metric.Definition) metric.Result {
	if d.Scope == metric.OfDay {
		return e.company.OnDay(e.day, d)
	}
	return e.company.Of(e.report, d)
}

func (e example) reads(d *metric.Definition) []metric.Read {
	if d.Scope == metric.OfDay {
		return e.company.ReadsOnDay(e.day, d)
	}
	return e.company.Reads(e.report, d)
}

func rounded(r metric.Result, unit metric.Unit) string {
	switch {
	case r.Exact == nil:
		return strings.TrimSpace("null, " + string(r.Reason))
	case unit == metric.Money || r.Exact.IsInt():
		return metric.Amount(r.Exact)
	}
	return r.Exact.FloatString(6)
}

// write writes a metric with its example.
func (e example) write(b *strings.Builder, d *metric.Definition) {
	fmt.Fprintf(b, "#### %s\n\n%s, %s", d.ID, d.Label, strings.ReplaceAll(string(d.Unit), "_", " "))
	if d.Better != metric.Neither {
		fmt.Fprintf(b, ", %s is better", d.Better)
	}
	fmt.Fprintf(b, ".\n\n    %s\n\n", d.Formula)
	got := e.result(d)
	worked := e.company.WorkedParts(e.report, e.day, d)
	for i, t := range d.Where {
		fmt.Fprintf(b, "- `%s`: `%s`", t.ID, t.Formula)
		if d.Serves() {
			fmt.Fprintf(b, "; %s", partOf(got.Parts[i], worked[i], d.Unit == metric.Count))
		}
		b.WriteString("\n")
	}
	if len(d.Where) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "%s: ", e.name)
	if formula := e.company.Worked(e.report, e.day, d); formula != "" && !d.Serves() {
		fmt.Fprintf(b, "`%s` = %s", formula, rounded(got, d.Unit))
	} else {
		fmt.Fprintf(b, "%s", rounded(got, d.Unit))
		if !d.Serves() {
			b.WriteString(listed(e.reads(d)))
		}
	}
	fmt.Fprintf(b, ".\n\nSource: %s.", d.Source)
	if d.Caveat != "" {
		fmt.Fprintf(b, " Caveat: %s.", d.Caveat)
	}
	b.WriteString("\n\n")
}

// partOf writes what became of a signal or variable.
func partOf(p metric.Part, worked string, signal bool) string {
	result := rounded(p.Result, metric.Ratio)
	if holds := p.Holds(); signal && holds != nil {
		result = map[bool]string{true: "yes", false: "no"}[*holds]
	}
	if worked == "" || p.Exact == nil {
		return result
	}
	return fmt.Sprintf("`%s`: %s", worked, result)
}

// listed lists the figures of years, without the middle of a long list.
func listed(reads []metric.Read) string {
	var figures, last []string // of the name before
	name := ""
	end := func() {
		const most = 10
		if len(last) > most {
			last = append(append(last[:3:3], "..."), last[len(last)-1])
		}
		figures, last = append(figures, last...), nil
	}
	for _, r := range reads {
		if r.Value == nil {
			continue
		}
		figure := metric.Amount(r.Value)
		if r.Metric {
			figure = rounded(metric.Result{Exact: r.Value}, metric.Find(r.Name).Unit)
		}
		if r.Report != nil {
			figure += fmt.Sprintf(" (%d)", r.Report.FiscalYear)
		}
		if r.Name != name {
			end()
			name, figure = r.Name, fmt.Sprintf("`%s` %s", r.Name, figure)
		}
		last = append(last, figure)
	}
	if end(); len(figures) == 0 {
		return ""
	}
	return ", of " + strings.Join(figures, ", ")
}

// docs/metrics.md says what the definitions say.
func TestDocument(t *testing.T) {
	t.Parallel()
	const today = "2026-06-30"
	apple, marvell := readFiler(t, "AAPL", day(today)), readFiler(t, "MRVL", day(today))
	then, d := appleOn20171229(t)
	examples := []example{
		{"Apple, fiscal year 2023", apple, apple.year(2023), nil},
		{"Apple, fiscal year 2025", apple, apple.year(2025), nil},
		{"Marvell, fiscal year to 2026-01-31", marvell, marvell.year(2026), nil},
	}
	onDay := example{"Apple, 2017-12-29", then, d.Statement, d}

	var b strings.Builder
	count := map[metric.Scope]int{}
	for _, m := range metric.All() {
		count[m.Scope]++
	}
	var terms strings.Builder
	for _, term := range metric.Terms {
		fmt.Fprintf(&terms, "- `%s`: `%s`\n", term.ID, term.Formula)
	}
	fmt.Fprintf(&b, introduction, len(metric.All()), count[metric.OfStatement], count[metric.OfYear], count[metric.OfDay], terms.String())
	for _, scope := range []metric.Scope{metric.OfStatement, metric.OfYear, metric.OfDay} {
		fmt.Fprintf(&b, "%s## %s\n\n", map[bool]string{true: "\n"}[scope == metric.OfStatement], headings[scope])
		metrics := slices.DeleteFunc(metric.All(), func(m *metric.Definition) bool { return m.Scope != scope })
		slices.SortStableFunc(metrics, func(a, b *metric.Definition) int {
			return cmp.Compare(slices.Index(metric.Groups, a.Group), slices.Index(metric.Groups, b.Group))
		})
		group := metric.Group("")
		for _, m := range metrics {
			if m.Group != group {
				group = m.Group
				fmt.Fprintf(&b, "### %s: %s\n\n", strings.Replace(headings[scope], "Metrics of", "Of", 1), strings.ReplaceAll(string(group), "_", " "))
			}
			of := onDay
			if scope != metric.OfDay {
				i := slices.IndexFunc(examples, func(e example) bool { return e.result(m).Exact != nil })
				require.GreaterOrEqual(t, i, 0, m.ID)
				of = examples[i]
			}
			of.write(&b, m)
		}
	}
	b.WriteString(valuations(then, d))

	const file = "../../../docs/metrics.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(written), "run make generate")
}

// valuations writes what rates of the caller's make of a business.
func valuations(then *filer, d *metric.Day) string {
	const at = "r = 0.10, growth = 0.05, terminal = 0.03, 10 years"
	rates := metric.Rates{Discount: rat("0.10"), TerminalGrowth: rat("0.03"), Growth: rat("0.05"), Years: 10}
	parts := then.BusinessOn(d, metric.ByEVN, metric.ByFreeCashFlow).Valuate(rates)
	var b strings.Builder
	fmt.Fprintf(&b, `## What a business is worth

These figures are no metrics, since they depend on rates that the caller gives: `+"`GET /companies/{ticker}/valuation`"+` computes
them for a trading day, as known on it. Nothing is stored, no rate has a default, and none of it is advice. r is the
parameter discount_rate, terminal is terminal_growth; a point is 0.01. The last column is Apple, 2017-12-29, with
%s.

| figure | unit | formula | source | caveat | Apple |
| --- | --- | --- | --- | --- | --- |
`, at)
	for i, v := range metric.Appraisals {
		unit := metric.Ratio
		if v.Unit == "money" {
			unit = metric.Money
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s |\n", v.ID, v.Unit, v.Formula, v.Source, v.Caveat, rounded(parts[i].Result, unit))
	}
	g := metric.ImpliedGrowth(rat("715664619760"), rat("51147000000"), rat("0.10"), rat("0.03"), 10)
	fmt.Fprintf(&b, `
Null: negative_denominator if r is not above terminal, or if a share is worth less than nothing; negative_input if the value or
the cash flow is not above 0, or no growth in the range solves the equation; else the reason of what is missing.
The sensitivity has the figures at discount rates of up to two points less and more, each with growth of up to two points
less and more: the value of a share and the margin of safety; without growth, the implied growth by terminal growth.

By hand: Apple's enterprise value net of investments of 715,664.61976 M and free cash flow of 51,147 M, at r = 0.10 and terminal
= 0.03 for 10 years, imply a growth of %s.
`, g.Exact.FloatString(9))
	return b.String()
}
