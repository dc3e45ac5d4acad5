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
	Period        Period
	FiscalYear    int
	FiscalQuarter *int // 1 to 4; nil for an annual statement
	EndDate       time.Time
	PublishDate   time.Time // day of the first report of the period
	Currency      string    // ISO 4217
	Audited       bool
	Accession     *string // SEC accession number of the first report
	URL           *string

	TotalRevenues               *int64
	CostOfRevenue               *int64
	GrossProfit                 *int64
	OperatingIncome             *int64
	InterestExpense             *int64
	ProfitBeforeTax             *int64
	TaxExpense                  *int64
	NetIncome                   *int64 // attributable to the parent's shareholders
	Depreciation                *int64
	Amortization                *int64
	DepreciationAndAmortization *int64
	EBIT                        *int64
	EBITBasis                   *EBITBasis
	EBITDA                      *int64

	OperatingCashFlow  *int64
	CapitalExpenditure *int64
	FreeCashFlow       *int64
	DividendsPaid      *int64

	EarningsPerShare        *decimal.Decimal
	EarningsPerShareDiluted *decimal.Decimal
	PerShareBasisDate       *time.Time // splits effective after this day are not in the per-share figures

	TotalAssets                 *int64
	CurrentAssets               *int64
	NonCurrentAssets            *int64
	CashAndEquivalents          *int64
	Goodwill                    *int64
	IntangibleAssets            *int64 // without goodwill
	TotalLiabilities            *int64
	CurrentLiabilities          *int64
	LongTermLiabilities         *int64
	ShortTermDebt               *int64
	LongTermDebt                *int64
	TotalDebt                   *int64
	TotalEquity                 *int64 // with minorities
	NoncontrollingInterest      *int64
	TemporaryEquity             *int64
	TotalEquitiesAndLiabilities *int64

	SharesOutstanding *int64 // on the share basis of PublishDate
}

// TTM holds the flows of the twelve months that end with a statement.
type TTM struct {
	TotalRevenues               *int64
	CostOfRevenue               *int64
	GrossProfit                 *int64
	OperatingIncome             *int64
	InterestExpense             *int64
	ProfitBeforeTax             *int64
	TaxExpense                  *int64
	NetIncome                   *int64
	DepreciationAndAmortization *int64
	OperatingCashFlow           *int64
	CapitalExpenditure          *int64
	FreeCashFlow                *int64
	DividendsPaid               *int64
	EBIT                        *int64
	EBITBasis                   *EBITBasis
	EBITDA                      *int64
}

// Metrics are the value metrics of one statement. Margins and returns are fractions: 0.44 is 44 %.
type Metrics struct {
	BookValue                   *int64
	TangibleBookValue           *int64
	WorkingCapital              *int64
	TangibleBookValuePerShare   *decimal.Decimal
	DebtToEquity                *decimal.Decimal
	EquityRatio                 *decimal.Decimal
	DebtRatio                   *decimal.Decimal
	CashRatio                   *decimal.Decimal
	CurrentRatio                *decimal.Decimal
	GrossProfitMargin           *decimal.Decimal
	NetProfitMargin             *decimal.Decimal
	EBITMargin                  *decimal.Decimal
	OperatingMargin             *decimal.Decimal
	EBITDAMargin                *decimal.Decimal
	ReturnOnEquity              *decimal.Decimal
	ReturnOnAssets              *decimal.Decimal
	DebtToEBITDA                *decimal.Decimal
	CashReturnOnCapitalInvested *decimal.Decimal
}

// A Dividend is the amount declared per share for one fiscal quarter.
type Dividend struct {
	FiscalYear     int
	FiscalQuarter  int
	PeriodEnd      time.Time
	AmountPerShare decimal.Decimal
	Currency       string
	PublishDate    time.Time
	Derived        bool      // a difference of two reported figures
	ShareBasisDate time.Time // splits effective after this day are not in the amount
}

// A Split multiplies the number of shares by Ratio on EffectiveDate, the first trading day on the new basis.
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
	Date                     time.Time
	Close                    decimal.Decimal // as traded
	StatementEndDate         time.Time
	SharesOutstanding        *int64
	MarketCap                *int64
	EnterpriseValue          *int64
	PriceToEarningsRatioTTM  *decimal.Decimal
	PriceToBookRatio         *decimal.Decimal
	MarketToBookRatio        *decimal.Decimal
	PriceToTangibleBookValue *decimal.Decimal
	EVToRevenue              *decimal.Decimal
	EVToNetIncome            *decimal.Decimal
	EVToEBIT                 *decimal.Decimal
	EVToEBITDA               *decimal.Decimal
	EVToAssets               *decimal.Decimal
}
