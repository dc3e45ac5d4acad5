// Package value holds what a value investor computes with: financial statements, trailing twelve months, value
// metrics and daily ratios. Everything here is a pure function of its arguments.
//
// Money is an int64 in whole units of the statement's currency; per-share amounts and ratios are decimals. A nil
// pointer means "not reported or not derivable" and is never the same as zero. Dates are midnight UTC.
package value

import (
	"time"

	"github.com/shopspring/decimal"
)

// Period tells whether a statement covers a fiscal year or a fiscal quarter.
type Period string

const (
	Annual    Period = "annual"
	Quarterly Period = "quarterly"
)

// EBITBasis tells how a statement's EBIT was found.
type EBITBasis string

const (
	// PretaxPlusInterest is profit before tax plus interest expense.
	PretaxPlusInterest EBITBasis = "pretax_plus_interest"
	// OperatingIncome is operating income, used when pre-tax profit or interest expense is not known.
	OperatingIncome EBITBasis = "operating_income"
)

// A Statement is one company's income statement, cash flow statement and balance sheet for one period.
//
// Costs, expenses, taxes, depreciation, capital expenditure and dividends paid are positive when they reduce profit
// or cash. Balance sheet figures are those at EndDate.
type Statement struct {
	Period        Period    `json:"period"`
	FiscalYear    int       `json:"fiscal_year"`
	FiscalQuarter *int      `json:"fiscal_quarter"` // 1 to 4; nil for an annual statement
	EndDate       time.Time `json:"end_date"`
	PublishDate   time.Time `json:"publish_date"` // day of the first report of the period
	Currency      string    `json:"currency"`     // ISO 4217
	Audited       bool      `json:"audited"`
	Accession     *string   `json:"accession"` // SEC accession number of the first report
	URL           *string   `json:"url"`

	TotalRevenues               *int64     `json:"total_revenues"`
	CostOfRevenue               *int64     `json:"cost_of_revenue"`
	GrossProfit                 *int64     `json:"gross_profit"`
	OperatingIncome             *int64     `json:"operating_income"`
	InterestExpense             *int64     `json:"interest_expense"`
	ProfitBeforeTax             *int64     `json:"profit_before_tax"`
	TaxExpense                  *int64     `json:"tax_expense"`
	NetIncome                   *int64     `json:"net_income"` // attributable to the parent's shareholders
	Depreciation                *int64     `json:"depreciation"`
	Amortization                *int64     `json:"amortization"`
	DepreciationAndAmortization *int64     `json:"depreciation_and_amortization"`
	EBIT                        *int64     `json:"ebit"`
	EBITBasis                   *EBITBasis `json:"ebit_basis"`
	EBITDA                      *int64     `json:"ebitda"`

	OperatingCashFlow  *int64 `json:"operating_cash_flow"`
	CapitalExpenditure *int64 `json:"capital_expenditure"`
	FreeCashFlow       *int64 `json:"free_cash_flow"`
	DividendsPaid      *int64 `json:"dividends_paid"`

	EarningsPerShare        *decimal.Decimal `json:"earnings_per_share"`
	EarningsPerShareDiluted *decimal.Decimal `json:"earnings_per_share_diluted"`
	PerShareBasisDate       *time.Time       `json:"per_share_basis_date"` // later splits are not in the figures

	TotalAssets                 *int64 `json:"total_assets"`
	CurrentAssets               *int64 `json:"current_assets"`
	NonCurrentAssets            *int64 `json:"non_current_assets"`
	CashAndEquivalents          *int64 `json:"cash_and_equivalents"`
	Goodwill                    *int64 `json:"goodwill"`
	IntangibleAssets            *int64 `json:"intangible_assets"` // without goodwill
	TotalLiabilities            *int64 `json:"total_liabilities"`
	CurrentLiabilities          *int64 `json:"current_liabilities"`
	LongTermLiabilities         *int64 `json:"long_term_liabilities"`
	ShortTermDebt               *int64 `json:"short_term_debt"`
	LongTermDebt                *int64 `json:"long_term_debt"`
	TotalDebt                   *int64 `json:"total_debt"`
	TotalEquity                 *int64 `json:"total_equity"` // with minorities
	NoncontrollingInterest      *int64 `json:"noncontrolling_interest"`
	TemporaryEquity             *int64 `json:"temporary_equity"`
	TotalEquitiesAndLiabilities *int64 `json:"total_equities_and_liabilities"`

	SharesOutstanding *int64 `json:"shares_outstanding"` // on the share basis of PublishDate
}

// TTM holds the flows of the twelve months that end with a statement.
type TTM struct {
	TotalRevenues               *int64     `json:"total_revenues"`
	CostOfRevenue               *int64     `json:"cost_of_revenue"`
	GrossProfit                 *int64     `json:"gross_profit"`
	OperatingIncome             *int64     `json:"operating_income"`
	InterestExpense             *int64     `json:"interest_expense"`
	ProfitBeforeTax             *int64     `json:"profit_before_tax"`
	TaxExpense                  *int64     `json:"tax_expense"`
	NetIncome                   *int64     `json:"net_income"`
	DepreciationAndAmortization *int64     `json:"depreciation_and_amortization"`
	OperatingCashFlow           *int64     `json:"operating_cash_flow"`
	CapitalExpenditure          *int64     `json:"capital_expenditure"`
	FreeCashFlow                *int64     `json:"free_cash_flow"`
	DividendsPaid               *int64     `json:"dividends_paid"`
	EBIT                        *int64     `json:"ebit"`
	EBITBasis                   *EBITBasis `json:"ebit_basis"`
	EBITDA                      *int64     `json:"ebitda"`
}

// Metrics are the value metrics of one statement. Margins and returns are fractions: 0.44 is 44 %.
type Metrics struct {
	BookValue                   *int64           `json:"book_value"`
	TangibleBookValue           *int64           `json:"tangible_book_value"`
	WorkingCapital              *int64           `json:"working_capital"`
	TangibleBookValuePerShare   *decimal.Decimal `json:"tangible_book_value_per_share"`
	DebtToEquity                *decimal.Decimal `json:"debt_to_equity"`
	EquityRatio                 *decimal.Decimal `json:"equity_ratio"`
	DebtRatio                   *decimal.Decimal `json:"debt_ratio"`
	CashRatio                   *decimal.Decimal `json:"cash_ratio"`
	CurrentRatio                *decimal.Decimal `json:"current_ratio"`
	GrossProfitMargin           *decimal.Decimal `json:"gross_profit_margin"`
	NetProfitMargin             *decimal.Decimal `json:"net_profit_margin"`
	EBITMargin                  *decimal.Decimal `json:"ebit_margin"`
	OperatingMargin             *decimal.Decimal `json:"operating_margin"`
	EBITDAMargin                *decimal.Decimal `json:"ebitda_margin"`
	ReturnOnEquity              *decimal.Decimal `json:"return_on_equity"`
	ReturnOnAssets              *decimal.Decimal `json:"return_on_assets"`
	DebtToEBITDA                *decimal.Decimal `json:"debt_to_ebitda"`
	CashReturnOnCapitalInvested *decimal.Decimal `json:"cash_return_on_capital_invested"`
}

// A Dividend is the amount declared per share for one fiscal quarter.
type Dividend struct {
	FiscalYear     int             `json:"fiscal_year"`
	FiscalQuarter  int             `json:"fiscal_quarter"`
	PeriodEnd      time.Time       `json:"period_end"`
	AmountPerShare decimal.Decimal `json:"amount_per_share"`
	Currency       string          `json:"currency"`
	PublishDate    time.Time       `json:"publish_date"`
	Derived        bool            `json:"derived"`          // a difference of two reported figures
	ShareBasisDate time.Time       `json:"share_basis_date"` // later splits are not in the amount
}

// A Split multiplies the number of shares by Ratio, above zero, on EffectiveDate, the first trading day on the new
// basis.
type Split struct {
	EffectiveDate time.Time
	Ratio         decimal.Decimal
}

// A ShareCount is the number of shares that was the newest known from KnownFrom on. Splits effective after
// BasisDate are not in it.
type ShareCount struct {
	KnownFrom time.Time
	BasisDate time.Time // day the fact was filed
	EndDate   time.Time // day the count is for
	Shares    int64
}

// DailyRatios are one listing's ratios for one trading day, from what was known on that day.
type DailyRatios struct {
	Date                     time.Time        `json:"date"`
	Close                    decimal.Decimal  `json:"close"` // as traded
	StatementEndDate         time.Time        `json:"statement_end_date"`
	SharesOutstanding        *int64           `json:"shares_outstanding"`
	MarketCap                *int64           `json:"market_cap"`
	EnterpriseValue          *int64           `json:"enterprise_value"`
	PriceToEarningsRatioTTM  *decimal.Decimal `json:"price_to_earnings_ratio_ttm"`
	PriceToBookRatio         *decimal.Decimal `json:"price_to_book_ratio"`
	MarketToBookRatio        *decimal.Decimal `json:"market_to_book_ratio"`
	PriceToTangibleBookValue *decimal.Decimal `json:"price_to_tangible_book_value"`
	EVToRevenue              *decimal.Decimal `json:"ev_to_revenue"`
	EVToNetIncome            *decimal.Decimal `json:"ev_to_net_income"`
	EVToEBIT                 *decimal.Decimal `json:"ev_to_ebit"`
	EVToEBITDA               *decimal.Decimal `json:"ev_to_ebitda"`
	EVToAssets               *decimal.Decimal `json:"ev_to_assets"`
}
