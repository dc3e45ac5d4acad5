// Package value holds what a value investor computes with: financial statements, trailing twelve months, value
// metrics and daily ratios. Everything here is a pure function of its arguments. The fields of statements, metrics and
// ratios are those of openapi.yaml.
//
// Money is an int64 in whole units of the statement's currency; per-share amounts and ratios are decimals. A nil
// pointer means "not reported or not derivable" and is never the same as zero. Dates are midnight UTC.
package value

import (
	"reflect"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Period tells what a statement covers.
type Period string

const (
	Annual    Period = "annual"
	Quarterly Period = "quarterly"
	Partial   Period = "partial" // neither a year nor a quarter, such as a transition period
)

// Taxonomy is that of the facts that a statement is made of.
type Taxonomy string

const (
	USGAAP   Taxonomy = "us-gaap"
	IFRSFull Taxonomy = "ifrs-full"
)

// SharesSource tells where a count of shares comes from.
type SharesSource string

const (
	Cover           SharesSource = "cover"
	BalanceSheet    SharesSource = "balance_sheet"
	WeightedAverage SharesSource = "weighted_average"
)

// A Mark says what a rule repaired or doubted. The contract says what each means.
type Mark string

const (
	Bank                      Mark = "bank"
	CashWithRestricted        Mark = "cash_with_restricted"
	ComparativeOnly           Mark = "comparative_only"
	DebtUnknown               Mark = "debt_unknown"
	ImplausibleShares         Mark = "implausible_shares"
	MixedTags                 Mark = "mixed_tags"
	NegativeDifference        Mark = "negative_difference"
	PartialCost               Mark = "partial_cost"
	PartialDebt               Mark = "partial_debt"
	RestatedBetween           Mark = "restated_between"
	SharesFromWeightedAverage Mark = "shares_from_weighted_average"
	ShortPeriod               Mark = "short_period"
	ThreeMonthsOnly           Mark = "three_months_only"
	TransitionQuarter         Mark = "transition_quarter"
	TurnedSign                Mark = "turned_sign"
	Untaxed                   Mark = "untaxed"
)

// EBITBasis tells how a statement's EBIT was found.
type EBITBasis string

const (
	// PretaxPlusInterest is profit before tax plus interest expense.
	PretaxPlusInterest EBITBasis = "pretax_plus_interest"
	// OperatingIncome is operating income, used when pre-tax profit or interest expense is not known.
	OperatingIncome EBITBasis = "operating_income"
)

// A DailyReason tells why something of a trading day is not known. The contract says what each means.
type DailyReason string

const (
	SharesUnknown     DailyReason = "shares_unknown"
	SplitDateUnknown  DailyReason = "split_date_unknown"
	ADSRatioUnknown   DailyReason = "ads_ratio_unknown"
	CurrencyMismatch  DailyReason = "currency_mismatch"
	CashUnknown       DailyReason = "cash_unknown"
	ReasonDebtUnknown DailyReason = "debt_unknown"
)

// Marks returns marks in their order, each once; not nil.
func Marks(marks ...Mark) []Mark {
	sorted := append([]Mark{}, marks...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// Has tells whether the statement has a mark.
func (s *Statement) Has(m Mark) bool { return slices.Contains(s.Marks, m) }

// A Dividend is the amount declared per share for one fiscal quarter, or for a year whose quarters have none.
type Dividend struct {
	FiscalYear     int             `json:"fiscal_year"`
	FiscalQuarter  *int            `json:"fiscal_quarter"` // nil for a year and for a quarter without a number
	PeriodEnd      time.Time       `json:"period_end"`
	AmountPerShare decimal.Decimal `json:"amount_per_share"`
	Currency       string          `json:"currency"`
	PublishDate    time.Time       `json:"publish_date"`
	Derived        bool            `json:"derived"`          // a difference of two reported figures
	ShareBasisDate time.Time       `json:"share_basis_date"` // later splits are not in the amount
}

// SameDividend tells whether two dividends say the same.
func SameDividend(a, b *Dividend) bool {
	return a.FiscalYear == b.FiscalYear && same(a.FiscalQuarter, b.FiscalQuarter) && a.PeriodEnd.Equal(b.PeriodEnd) &&
		a.AmountPerShare.Equal(b.AmountPerShare) && a.Currency == b.Currency && a.PublishDate.Equal(b.PublishDate) &&
		a.Derived == b.Derived && a.ShareBasisDate.Equal(b.ShareBasisDate)
}

// A ShareCount is the number of shares that was the newest known from KnownFrom on, of those on covers or of those on
// balance sheets. It is on the share basis of BasisDate.
type ShareCount struct {
	Source    SharesSource // Cover or BalanceSheet
	KnownFrom time.Time
	BasisDate time.Time // day the fact was filed
	EndDate   time.Time // day the count is for
	Shares    int64
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func equal[T interface{ Equal(T) bool }](a, b *T) bool {
	return a == b || a != nil && b != nil && (*a).Equal(*b)
}

// FigureNames returns the names in JSON of the figures of a statement or of twelve months, in their order.
func FigureNames[T Statement | TTM]() (names []string) {
	for field := range reflect.TypeFor[T]().Fields() {
		if field.Type == reflect.TypeFor[*int64]() || field.Type == reflect.TypeFor[*decimal.Decimal]() {
			names = append(names, field.Tag.Get("json"))
		}
	}
	return names
}
