package metric

import "slices"

// statementFields are the figures of a statement that formulas may name.
var statementFields = []string{
	"total_revenues", "cost_of_revenue", "gross_profit", "operating_income", "selling_general_administrative",
	"research_and_development", "interest_expense", "interest_income", "profit_before_tax", "tax_expense", "net_income",
	"depreciation", "amortization", "depreciation_and_amortization", "ebit", "ebitda",
	"operating_cash_flow", "capital_expenditure", "free_cash_flow", "investing_cash_flow", "financing_cash_flow",
	"exchange_rate_effect", "net_change_in_cash", "dividends_paid", "share_repurchases", "stock_based_compensation",
	"acquisitions", "income_taxes_paid", "interest_paid", "preferred_dividends",
	"earnings_per_share", "earnings_per_share_diluted", "weighted_average_shares", "weighted_average_shares_diluted",
	"dividends_per_share",
	"total_assets", "current_assets", "non_current_assets", "cash_and_equivalents", "short_term_investments", "receivables",
	"inventory", "long_term_investments", "property_plant_equipment", "goodwill", "intangible_assets",
	"total_liabilities", "current_liabilities", "long_term_liabilities", "accounts_payable", "deferred_revenue_current",
	"operating_lease_liability", "short_term_debt", "long_term_debt", "total_debt",
	"total_equity", "retained_earnings", "noncontrolling_interest", "preferred_stock", "temporary_equity",
	"total_equities_and_liabilities", "shares_outstanding",
}

// monthsFields are the figures of twelve months that formulas may name.
var monthsFields = []string{
	"total_revenues", "cost_of_revenue", "gross_profit", "operating_income", "selling_general_administrative",
	"research_and_development", "interest_expense", "interest_income", "profit_before_tax", "tax_expense", "net_income",
	"depreciation", "depreciation_and_amortization", "ebit", "ebitda",
	"operating_cash_flow", "capital_expenditure", "free_cash_flow", "investing_cash_flow", "financing_cash_flow",
	"exchange_rate_effect", "net_change_in_cash", "dividends_paid", "share_repurchases", "stock_based_compensation",
	"acquisitions", "income_taxes_paid", "interest_paid", "preferred_dividends",
}

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

// Known tells whether reasons and definitions may give a name as that of an input, as in ttm.net_income and -1.total_assets.
func Known(input string) bool {
	s, err := parse(input)
	switch {
	case err != nil || s.op != "name":
		return false
	case s.ttm:
		return slices.Contains(monthsFields, s.name)
	}
	return slices.Contains(statementFields, s.name) || s.ago == 0 && slices.Contains(dayFigures, s.name) || Find(s.name) != nil
}
