package sec

import (
	"reflect"

	"github.com/edgevalue/edgevalue/internal/value"
)

// tags are alternatives for one field: the first that yields a value is taken.
type tags []string

// A taxonomy says which tags the fields of a statement come from.
type taxonomy struct {
	name string

	revenues          tags
	costOfRevenue     tags
	grossProfit       tags
	operatingIncome   tags
	interestExpense   tags
	profitBeforeTax   tags
	taxExpense        tags
	netIncome         tags
	profitLoss        tags // with minorities
	depreciation      tags
	amortization      tags
	operatingCashFlow tags
	capex             tags
	dividendsPaid     tags

	// The totals are read one by one, and so are the parts of each sum: the largest counts.
	depreciationTotals tags
	depreciationSums   []tags

	eps               tags
	epsDiluted        tags
	dividendsPerShare tags

	assets                tags
	currentAssets         tags
	nonCurrentAssets      tags
	cash                  tags
	currentLiabilities    tags
	noncontrolling        tags
	redeemableMinorities  tags
	temporaryEquity       tags
	equityAndLiabilities  tags
	equity                tags // with minorities
	parentEquity          tags
	liabilities           tags
	nonCurrentLiabilities tags
	goodwill              tags
	intangibles           tags
	finiteIntangibles     tags
	indefiniteIntangibles tags
	otherIntangibles      tags

	currentDebt         tags // all of it
	currentBorrowings   tags
	currentPortion      tags // of long-term debt
	currentConvertibles tags // only if there is no current portion
	taggedTwice         bool // equal current borrowings and current portion are one amount
	longTermDebt        tags // without the current portion
	wholeLongTermDebt   tags // with the current portion
	wholeCurrentPortion tags // what to take off the whole
	otherLongTermDebt   tags
	allBorrowings       tags // short and long

	shares tags
}

const beforeTaxes = "IncomeLossFromContinuingOperationsBeforeIncomeTaxes"

var usGAAP = &taxonomy{
	name: "us-gaap",

	revenues: tags{
		"Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax",
		"RevenueFromContractWithCustomerIncludingAssessedTax", "SalesRevenueNet", "RevenuesNetOfInterestExpense",
		"SalesRevenueGoodsNet",
	},
	costOfRevenue:   tags{"CostOfRevenue", "CostOfGoodsAndServicesSold", "CostOfGoodsSold", "CostOfServices"},
	grossProfit:     tags{"GrossProfit"},
	operatingIncome: tags{"OperatingIncomeLoss"},
	interestExpense: tags{
		"InterestExpense", "InterestExpenseNonoperating", "InterestAndDebtExpense", "InterestExpenseDebt",
	},
	profitBeforeTax: tags{
		beforeTaxes + "ExtraordinaryItemsNoncontrollingInterest",
		beforeTaxes + "MinorityInterestAndIncomeLossFromEquityMethodInvestments",
		beforeTaxes,
	},
	taxExpense:   tags{"IncomeTaxExpenseBenefit"},
	netIncome:    tags{"NetIncomeLoss", "NetIncomeLossAvailableToCommonStockholdersBasic"},
	profitLoss:   tags{"ProfitLoss"},
	depreciation: tags{"Depreciation"},
	amortization: tags{"AmortizationOfIntangibleAssets"},
	operatingCashFlow: tags{
		"NetCashProvidedByUsedInOperatingActivities",
		"NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
	},
	capex:         tags{"PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"},
	dividendsPaid: tags{"PaymentsOfDividends", "PaymentsOfDividendsCommonStock"},

	depreciationTotals: tags{
		"DepreciationDepletionAndAmortization", "DepreciationAmortizationAndAccretionNet", "DepreciationAndAmortization",
	},
	depreciationSums: []tags{
		{"Depreciation", "AmortizationOfIntangibleAssets"},
		{"OtherDepreciationAndAmortization", "AmortizationOfIntangibleAssets"},
		{"Depreciation"},
	},

	eps: tags{
		"EarningsPerShareBasic", "EarningsPerShareBasicAndDiluted",
		"IncomeLossFromContinuingOperationsPerBasicAndDilutedShare",
		"IncomeLossFromContinuingOperationsPerBasicShare",
	},
	epsDiluted: tags{
		"EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted",
		"IncomeLossFromContinuingOperationsPerBasicAndDilutedShare",
		"IncomeLossFromContinuingOperationsPerDilutedShare",
	},
	dividendsPerShare: tags{"CommonStockDividendsPerShareDeclared", "CommonStockDividendsPerShareCashPaid"},

	assets:               tags{"Assets"},
	currentAssets:        tags{"AssetsCurrent"},
	nonCurrentAssets:     tags{"AssetsNoncurrent"},
	cash:                 tags{"CashAndCashEquivalentsAtCarryingValue", "Cash"},
	currentLiabilities:   tags{"LiabilitiesCurrent"},
	noncontrolling:       tags{"MinorityInterest"},
	redeemableMinorities: tags{"RedeemableNoncontrollingInterestEquityCarryingAmount"},
	temporaryEquity: tags{
		"TemporaryEquityCarryingAmountAttributableToParent", "TemporaryEquityValueExcludingAdditionalPaidInCapital",
		"TemporaryEquityCarryingAmountIncludingPortionAttributableToNoncontrollingInterests",
	},
	equityAndLiabilities:  tags{"LiabilitiesAndStockholdersEquity"},
	equity:                tags{"StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest"},
	parentEquity:          tags{"StockholdersEquity"},
	liabilities:           tags{"Liabilities"},
	nonCurrentLiabilities: tags{"LiabilitiesNoncurrent"},
	goodwill:              tags{"Goodwill"},
	intangibles:           tags{"IntangibleAssetsNetExcludingGoodwill"},
	finiteIntangibles:     tags{"FiniteLivedIntangibleAssetsNet"},
	indefiniteIntangibles: tags{"IndefiniteLivedIntangibleAssetsExcludingGoodwill"},
	otherIntangibles:      tags{"OtherIntangibleAssetsNet"},

	currentDebt:         tags{"DebtCurrent"},
	currentBorrowings:   tags{"ShortTermBorrowings", "CommercialPaper"},
	currentPortion:      tags{"LongTermDebtCurrent", "LongTermDebtAndCapitalLeaseObligationsCurrent"},
	currentConvertibles: tags{"ConvertibleDebtCurrent", "ConvertibleNotesPayableCurrent"},
	taggedTwice:         true,
	longTermDebt:        tags{"LongTermDebtNoncurrent", "LongTermDebtAndCapitalLeaseObligations"},
	wholeLongTermDebt:   tags{"LongTermDebt"},
	wholeCurrentPortion: tags{"LongTermDebtCurrent"},
	otherLongTermDebt: tags{
		"ConvertibleDebtNoncurrent", "ConvertibleNotesPayableNoncurrent", "SeniorLongTermNotes",
	},

	shares: tags{"CommonStockSharesOutstanding"},
}

var ifrsFull = &taxonomy{
	name: "ifrs-full",

	revenues:          tags{"Revenue", "RevenueFromContractsWithCustomers"},
	costOfRevenue:     tags{"CostOfSales", "DirectOperatingExpenseFromInvestmentProperty"},
	grossProfit:       tags{"GrossProfit"},
	operatingIncome:   tags{"ProfitLossFromOperatingActivities"},
	interestExpense:   tags{"InterestExpense", "FinanceCosts"},
	profitBeforeTax:   tags{"ProfitLossBeforeTax"},
	taxExpense:        tags{"IncomeTaxExpenseContinuingOperations"},
	netIncome:         tags{"ProfitLossAttributableToOwnersOfParent", "ProfitLoss"},
	profitLoss:        tags{"ProfitLoss"},
	depreciation:      tags{"DepreciationExpense"},
	amortization:      tags{"AmortisationExpense"},
	operatingCashFlow: tags{"CashFlowsFromUsedInOperatingActivities", "CashFlowsFromUsedInOperations"},
	capex:             tags{"PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities"},
	dividendsPaid: tags{
		"DividendsPaidToEquityHoldersOfParentClassifiedAsFinancingActivities",
		"DividendsPaidClassifiedAsFinancingActivities",
	},

	depreciationTotals: tags{
		"AdjustmentsForDepreciationAndAmortisationExpense", "DepreciationAndAmortisationExpense",
	},
	depreciationSums: []tags{{"DepreciationExpense", "AmortisationExpense"}, {"DepreciationExpense"}},

	eps:               tags{"BasicEarningsLossPerShare", "BasicAndDilutedEarningsLossPerShare"},
	epsDiluted:        tags{"DilutedEarningsLossPerShare", "BasicAndDilutedEarningsLossPerShare"},
	dividendsPerShare: tags{"DividendsRecognisedAsDistributionsToOwnersPerShare"},

	assets:                tags{"Assets"},
	currentAssets:         tags{"CurrentAssets"},
	nonCurrentAssets:      tags{"NoncurrentAssets"},
	cash:                  tags{"CashAndCashEquivalents"},
	currentLiabilities:    tags{"CurrentLiabilities"},
	noncontrolling:        tags{"NoncontrollingInterests"},
	equityAndLiabilities:  tags{"EquityAndLiabilities"},
	equity:                tags{"Equity"},
	parentEquity:          tags{"EquityAttributableToOwnersOfParent"},
	liabilities:           tags{"Liabilities"},
	nonCurrentLiabilities: tags{"NoncurrentLiabilities"},
	goodwill:              tags{"Goodwill"},
	intangibles:           tags{"IntangibleAssetsOtherThanGoodwill"},

	currentDebt:         tags{"CurrentBorrowingsAndCurrentPortionOfNoncurrentBorrowings"},
	currentBorrowings:   tags{"ShorttermBorrowings", "CurrentBorrowings"},
	currentPortion:      tags{"CurrentPortionOfLongtermBorrowings"},
	longTermDebt:        tags{"NoncurrentPortionOfNoncurrentBorrowings"},
	wholeLongTermDebt:   tags{"LongtermBorrowings"},
	wholeCurrentPortion: tags{"CurrentPortionOfLongtermBorrowings"},
	allBorrowings:       tags{"Borrowings"},

	shares: tags{"NumberOfSharesOutstanding"},
}

// coverShares is the number of shares on a report's cover page, of the taxonomy dei.
const (
	dei         = "dei"
	coverShares = "EntityCommonStockSharesOutstanding"
)

// countedTags are the tags that any rule reads, by taxonomy.
var countedTags = map[string]map[string]bool{
	dei:           {coverShares: true},
	usGAAP.name:   usGAAP.all(),
	ifrsFull.name: ifrsFull.all(),
}

// all returns the tags of every field.
func (t *taxonomy) all() map[string]bool {
	all := make(map[string]bool)
	var collect func(v reflect.Value)
	collect = func(v reflect.Value) {
		for i := range v.Len() {
			if e := v.Index(i); e.Kind() == reflect.Slice {
				collect(e)
			} else {
				all[e.String()] = true
			}
		}
	}
	for _, field := range reflect.ValueOf(t).Elem().Fields() {
		if field.Kind() == reflect.Slice {
			collect(field)
		}
	}
	return all
}

// debt returns short-term and long-term debt. The argument reads the first of the tags with a value.
func (t *taxonomy) debt(first func(tags) *int64) (short, long *int64) {
	if short = first(t.currentDebt); short == nil {
		borrowings, portion := first(t.currentBorrowings), first(t.currentPortion)
		if portion == nil {
			portion = first(t.currentConvertibles)
		}
		if t.taggedTwice && borrowings != nil && portion != nil && *borrowings == *portion {
			short = borrowings
		} else {
			short = value.Sum(borrowings, portion)
		}
	}

	if long = first(t.longTermDebt); long != nil {
		return short, long
	}
	if long = first(t.wholeLongTermDebt); long != nil {
		if portion := first(t.wholeCurrentPortion); portion != nil && *portion < *long {
			long = value.Sub(long, portion)
		}
		return short, long
	}
	if long = first(t.otherLongTermDebt); long == nil {
		long = value.Sub(first(t.allBorrowings), short)
	}
	return short, long
}
