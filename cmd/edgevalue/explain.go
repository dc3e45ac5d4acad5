package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

func newExplain() *cobra.Command {
	var asOf, basis string
	cmd := &cobra.Command{
		Use:   "explain TICKER PERIOD NAME",
		Short: "Show how a figure or metric follows from filed facts",
		Long: `Show how a figure of a statement, or a metric, follows from the facts that the company filed, down to each fact with the
filing that set it and its address. PERIOD is a fiscal year (2023) or quarter (2023Q4), or a trading day (2017-12-29) for a
metric of days, market_cap, enterprise_value or shares_outstanding.`,
		Example: "  edgevalue explain AAPL 2023 free_cash_flow\n  edgevalue explain AAPL 2016Q4 operating_cash_flow\n" +
			"  edgevalue explain --as-of 2009-12-31 AAPL 2009 total_revenues\n  edgevalue explain AAPL 2023 return_on_invested_capital\n  edgevalue explain AAPL 2017-12-29 price_to_sales_ratio",
		Args: cobra.ExactArgs(3), //nolint:mnd // as above
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := pointInTime(asOf, basis)
			if err != nil {
				return err
			}
			if day, err := parseDay("PERIOD", args[1]); err == nil {
				return withServices(cmd.Context(), func(s *services) error {
					x, err := s.app.ExplainRatio(cmd.Context(), args[0], day, args[2], app.DayOptions{PointInTime: at, Metrics: nil, GrahamSize: 0})
					if err == nil {
						printRatio(cmd.OutOrStdout(), x)
					}
					return err
				})
			}
			year, quarter, err := parsePeriod(args[1])
			if err != nil {
				return err
			}
			return withServices(cmd.Context(), func(s *services) error {
				statement, err := s.app.FindStatement(cmd.Context(), args[0], year, quarter, at)
				if err != nil {
					return err
				}
				x, err := s.app.Explain(cmd.Context(), statement.ID, at, args[2])
				if err != nil {
					return err
				}
				printExplanation(cmd.OutOrStdout(), x)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "as known on this day")
	cmd.Flags().StringVar(&basis, "share-basis", string(value.AsOf), "share basis of amounts per share: as_of or filed")
	return cmd
}

var periodForm = regexp.MustCompile(`^([0-9]{4})(?:[Qq]([1-4]))?$`)

func parsePeriod(text string) (year, quarter int, err error) {
	found := periodForm.FindStringSubmatch(text)
	if found == nil {
		return 0, 0, errors.Errorf("%q is no fiscal year, quarter or day: write it as 2023, 2023Q4 or 2017-12-29", text)
	}
	year, _ = strconv.Atoi(found[1])
	quarter, _ = strconv.Atoi(cmp.Or(found[2], "0"))
	return year, quarter, nil
}

func printExplanation(w io.Writer, x app.Explanation) {
	fmt.Fprintf(w, "%s %s, %s to %s, in %s\n", x.Ticker, x.Name, x.Period, x.EndDate.Format(time.DateOnly), x.Currency)
	printTree(w, x.Node, x.Result)
}

func printRatio(w io.Writer, x app.RatioExplanation) {
	fmt.Fprintf(w, "%s %s, %s\n", x.Ticker, x.Name, x.Date.Format(time.DateOnly))
	printTree(w, x.Node, x.Result)
}

func printTree(w io.Writer, node *value.Explanation, result *metric.Result) {
	switch {
	case node != nil:
		printNode(w, node, "", "")
	case result != nil:
		fmt.Fprintln(w, strings.TrimSpace(fmt.Sprintf("null: %s %s", result.Reason, strings.Join(result.Missing, ", "))))
	default:
		fmt.Fprintln(w, "null: it is not reported, and does not follow from what is")
	}
}

// printNode prints a node and those below it as a tree.
func printNode(w io.Writer, e *value.Explanation, first, rest string) {
	fmt.Fprintf(w, "%s%s  %s\n", first, grouped(e.Value), describe(e))
	if e.Op == value.OpFact {
		fmt.Fprintf(w, "%s%s\n", rest, e.SetBy.URL)
	}
	for i, in := range e.Inputs {
		if i == len(e.Inputs)-1 {
			printNode(w, in, rest+"└─ ", rest+"   ")
		} else {
			printNode(w, in, rest+"├─ ", rest+"│  ")
		}
	}
}

func describe(e *value.Explanation) string {
	switch e.Op {
	case value.OpFact:
		days := e.End.Format(time.DateOnly)
		if e.Start != nil {
			days = e.Start.Format(time.DateOnly) + " to " + days
		}
		text := fmt.Sprintf("%s, %s, %s: %s", e.Tag, e.Unit, days, filing(e.SetBy))
		if e.RepeatedBy != nil {
			text += ", repeated by " + filing(e.RepeatedBy)
		}
		return text
	case value.OpField:
		return fmt.Sprintf("%s of %s to %s", e.Field, e.Statement.Period, e.Statement.EndDate.Format(time.DateOnly))
	case value.OpFormula:
		if d := metric.Find(e.Metric); d != nil {
			return fmt.Sprintf("%s = %s", e.Metric, d.Formula)
		}
		return e.Metric
	case value.OpSubtract:
		if e.Rule != "" {
			return "difference: " + e.Rule
		}
		return "difference"
	case value.OpScale:
		return "times " + e.Factor.String()
	case value.OpTurn:
		return "turned: it was tagged with the wrong sign"
	case value.OpRound:
		return "rounded"
	case value.OpAdjustForSplits:
		var splits []string
		for _, s := range e.Splits {
			splits = append(splits, s.Ratio.RatString()+" of "+s.EffectiveDate.Format(time.DateOnly))
		}
		return "on the share basis after the splits " + strings.Join(splits, ", ")
	case value.OpEntered:
		if e.Field != "" {
			return e.Field
		}
		return "entered by hand"
	case value.OpSum:
		return "sum"
	}
	return string(e.Op)
}

func filing(f *value.Filing) string {
	return fmt.Sprintf("%s %s of %s", f.Form, f.Accession, f.Filed.Format(time.DateOnly))
}

// grouped writes a number with commas between thousands.
func grouped(d decimal.Decimal) string {
	whole, part, hasPart := strings.Cut(d.Abs().String(), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasPart {
		whole += "." + part
	}
	if d.IsNegative() {
		return "-" + whole
	}
	return whole
}

func newDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff TICKER FROM TO",
		Short: "Show what a reader of one day did not know on an earlier one",
		Long: `Show what was known of a company's statements on the day TO and not on the day FROM: figures that filings changed in
between, each with the filing, and new statements. Amounts per share and counts of shares are on the share basis of TO.`,
		Example: "  edgevalue diff AAPL 2009-12-31 2010-12-31",
		Args:    cobra.ExactArgs(3), //nolint:mnd // as above
		RunE: func(cmd *cobra.Command, args []string) error {
			var days [2]time.Time
			for i, text := range args[1:] {
				day, err := parseDay([]string{"FROM", "TO"}[i], text)
				if err != nil {
					return err
				}
				days[i] = day
			}
			return withServices(cmd.Context(), func(s *services) error {
				differences, err := s.app.Diff(cmd.Context(), args[0], days[0], days[1])
				if err != nil {
					return err
				}
				return printDifferences(cmd.OutOrStdout(), differences)
			})
		},
	}
}

func printDifferences(out io.Writer, differences []app.Difference) error {
	if len(differences) == 0 {
		fmt.Fprintln(out, "nothing")
		return nil
	}
	number := func(d *decimal.Decimal) string {
		if d == nil {
			return "null"
		}
		return grouped(*d)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range differences {
		what := "changed"
		switch {
		case d.IsNew:
			what = "new, published " + d.PublishDate.Format(time.DateOnly)
		case d.Gone:
			what = "no longer there"
		}
		fmt.Fprintf(w, "%s to %s, fiscal year %d: %s\n", d.Period, d.EndDate.Format(time.DateOnly), d.FiscalYear, what)
		for _, c := range d.Changes {
			by := "entered by hand"
			if c.Restatement != nil {
				by = filing(&c.Restatement.Filing)
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", c.Field, number(c.Old), number(c.New), by)
		}
	}
	return w.Flush()
}
