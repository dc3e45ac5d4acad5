package metric

import "github.com/edgevalue/edgevalue/internal/value"

// statementFields and monthsFields are the figures of a statement and of twelve months that formulas may name.
var (
	statementFields = value.FigureNames[value.Statement]()
	monthsFields    = append(value.FigureNames[value.TTM](), "depreciation") // as Reports gives it
)

// Terms are the words of more than one formula.
var Terms = []Term{
	{ID: "common", Formula: "ttm.net_income - ttm.preferred_dividends[k]"},
	{ID: "shares", Formula: "shares_outstanding"},
	{ID: "nopat_rate", Formula: "tax_rate(ttm.tax_expense, ttm.profit_before_tax)"},
	{ID: "EVN", Formula: "enterprise_value - short_term_investments[k] - long_term_investments[k]"},
	{ID: "X1", Formula: "(current_assets - current_liabilities) / total_assets"},
	{ID: "X2", Formula: "retained_earnings / total_assets"},
	{ID: "X3", Formula: "ttm.ebit / total_assets"},
	{ID: "X4", Formula: "book_value / total_liabilities"},
	{ID: "X5", Formula: "ttm.total_revenues / total_assets"},
}

// Figures of a trading day.
const (
	Cap      = "cap"   // what all shares cost, in the statement's currency
	Price    = "price" // of an ordinary share, in the statement's currency
	evName   = "enterprise_value"
	sizeName = "graham_size"
)

var dayFigures = []string{Cap, evName, Price, sizeName}

// byID are the metrics that reasons name by their id where they stand in the formula of another one. All others stand
// for their own inputs.
var byID = []string{"book_value", "tangible_book_value", "net_current_asset_value"}
