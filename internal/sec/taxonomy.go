package sec

import (
	"reflect"
	"slices"
	"strings"
)

// tags are alternatives for one field, in their order.
type tags []string

// A taxonomy says which tags the fields of a statement come from. Lists that are empty give nothing.
type taxonomy struct {
	name string

	bankRevenues     [2]string // net interest income and noninterest income
	mainRevenues     [2]string // the second goes first where it is more than 1 % larger
	otherRevenues    tags
	revenueParts     tags // added
	industryRevenues tags // the largest counts

	cost       tags
	costParts  tags // added
	costSeries tags
	// Costs of insurers: where there is one of them, the cost of revenue is only a part.
	claims tags

	grossProfit     tags
	operatingIncome tags
	interest        tags
	pretax          tags
	tax             tags
	signedTax       string // of the tags for tax, the one that is checked for its sign
	afterTax        tags   // profits that it is checked with
	incomeTax       tags   // beginnings of the tags that a report of a taxed company has
	netIncome       tags
	profitLoss      tags // with minorities
	toCommon        string
	preferred       tags // dividends

	depreciation       tags
	amortization       tags
	depreciationTotals tags   // the largest counts
	depreciationSums   []tags // those of which all parts are there; the largest counts

	operatingCashFlow tags
	capex             tags
	capexParts        tags // added
	capexExtras       tags // added to the parts, never alone
	netCapex          string
	dividendsPaid     tags

	// Where there is no tag for selling, general and administrative costs, the two are added.
	sellingAndGeneral tags
	generalCosts      tags
	sellingCosts      tags
	research          tags
	interestIncome    tags
	investing         tags
	financing         tags
	exchangeEffect    tags
	changeInCash      tags
	repurchases       tags
	stockCompensation tags
	acquisitions      tags
	taxesPaid         tags
	interestPaid      tags

	eps               tags
	epsDiluted        tags
	dividendsPerShare tags

	assets                string
	equityAndLiabilities  tags
	currentAssets         tags
	nonCurrentAssets      tags
	cash                  tags
	restrictedCash        tags // with cash
	currentLiabilities    tags
	liabilities           tags
	nonCurrentLiabilities tags
	noncontrolling        tags
	preferredStock        tags // the largest counts
	redeemableMinorities  tags
	temporaryEquity       tags
	equity                tags // with minorities
	parentEquity          tags
	ownersEquity          tags // of partners and members, without minorities
	goodwill              tags
	intangibles           tags
	finiteIntangibles     tags
	indefiniteIntangibles tags
	indefiniteKinds       tags // added
	otherIntangibles      tags

	retainedEarnings     tags
	receivables          tags
	inventory            tags
	payables             tags
	shortTermInvestments tags
	cashAndInvestments   tags // less cash, it gives short-term investments
	longTermInvestments  tags
	property             tags
	leases               tags
	leaseParts           tags // added, if all are there
	deferredRevenue      tags

	currentDebt         tags // all of it
	currentBorrowings   tags
	currentPortion      tags // of long-term debt
	taggedTwice         bool // equal current borrowings and current portion are one amount
	longTermDebt        tags // without the current portion
	wholeLongTermDebt   tags // with the current portion
	wholeCurrentPortion tags // what to take off the whole
	longTermKinds       []tags
	wholeDebt           tags // short and long
	wholeDebtKinds      []tags
	allBorrowings       tags // short and long: what is not short is long

	shares        tags
	impliedIncome tags // by earnings per share, it gives a number of shares
	averageShares tags

	averageSharesDiluted tags
}

const beforeTaxes = "IncomeLossFromContinuingOperationsBeforeIncomeTaxes"

var usGAAP = &taxonomy{
	name: "us-gaap",

	bankRevenues: [2]string{"InterestIncomeExpenseNet", "NoninterestIncome"},
	mainRevenues: [2]string{"Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax"},
	otherRevenues: tags{
		"RevenueFromContractWithCustomerIncludingAssessedTax", "SalesRevenueNet", "RevenuesNetOfInterestExpense",
	},
	revenueParts: tags{"SalesRevenueGoodsNet", "SalesRevenueServicesNet"},
	industryRevenues: tags{
		"RegulatedAndUnregulatedOperatingRevenue", "RegulatedOperatingRevenue", "UtilityRevenue",
		"ElectricUtilityRevenue", "ElectricalGenerationRevenue", "ElectricDomesticRegulatedRevenue",
		"SalesRevenueEnergyServices", "OilAndGasRevenue", "OilAndGasSalesRevenue", "RefiningAndMarketingRevenue",
		"RevenueMineralSales", "CoalProductsAndServicesRevenue", "HealthCareOrganizationRevenue",
		"HealthCareOrganizationPatientServiceRevenue", "RealEstateRevenueNet", "ContractsRevenue",
		"OperatingLeaseLeaseIncome", "OperatingLeasesIncomeStatementLeaseRevenue",
	},
	cost:       tags{"CostOfRevenue", "CostOfGoodsAndServicesSold"},
	costParts:  tags{"CostOfGoodsSold", "CostOfServices"},
	costSeries: tags{"CostOfRevenue", "CostOfGoodsAndServicesSold", "CostOfGoodsSold"},
	claims: tags{
		"PolicyholderBenefitsAndClaimsIncurredNet", "PolicyholderBenefitsAndClaimsIncurredHealthCare",
		"PolicyholderBenefitsAndClaimsIncurredGross", "PolicyholderBenefitsAndClaimsIncurredLifeAndAnnuity",
		"BenefitsLossesAndExpenses",
	},
	grossProfit:     tags{"GrossProfit"},
	operatingIncome: tags{"OperatingIncomeLoss"},
	interest: tags{
		"InterestExpense", "InterestExpenseNonoperating", "InterestAndDebtExpense", "InterestExpenseDebt",
	},
	pretax: tags{
		beforeTaxes + "ExtraordinaryItemsNoncontrollingInterest",
		beforeTaxes + "MinorityInterestAndIncomeLossFromEquityMethodInvestments",
		beforeTaxes,
	},
	tax:        tags{"IncomeTaxExpenseBenefit", "IncomeTaxExpenseBenefitContinuingOperations"},
	signedTax:  "IncomeTaxExpenseBenefit",
	afterTax:   tags{"ProfitLoss", "NetIncomeLoss"},
	incomeTax:  tags{"IncomeTax", "CurrentIncomeTax", "CurrentTax", "DeferredIncomeTax", "DeferredTax"},
	netIncome:  tags{"NetIncomeLoss", "NetIncomeLossAvailableToCommonStockholdersBasic"},
	profitLoss: tags{"ProfitLoss"},
	toCommon:   "NetIncomeLossAvailableToCommonStockholdersBasic",
	preferred: tags{
		"PreferredStockDividendsAndOtherAdjustments", "PreferredStockDividendsIncomeStatementImpact",
		"DividendsPreferredStock", "DividendsPreferredStockCash",
	},
	depreciation: tags{"Depreciation"},
	amortization: tags{"AmortizationOfIntangibleAssets"},
	depreciationTotals: tags{
		"DepreciationDepletionAndAmortization", "DepreciationAmortizationAndAccretionNet", "DepreciationAndAmortization",
	},
	depreciationSums: []tags{
		{"Depreciation", "AmortizationOfIntangibleAssets"},
		{"OtherDepreciationAndAmortization", "AmortizationOfIntangibleAssets"},
		{"Depreciation"},
		{"DepreciationPremisesAndEquipment"},
	},
	operatingCashFlow: tags{
		"NetCashProvidedByUsedInOperatingActivities",
		"NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
	},
	capex: tags{"PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"},
	capexParts: tags{
		"PaymentsToAcquireOilAndGasPropertyAndEquipment", "PaymentsToAcquireOilAndGasProperty",
		"PaymentsToExploreAndDevelopOilAndGasProperties", "PaymentsToAcquireAndDevelopRealEstate",
		"PaymentsToDevelopRealEstateAssets", "PaymentsForCapitalImprovements", "PaymentsForConstructionInProcess",
	},
	capexExtras: tags{"PaymentsToAcquireOtherPropertyPlantAndEquipment", "PaymentsToAcquireOtherProductiveAssets"},
	netCapex:    "PaymentsForProceedsFromProductiveAssets",
	dividendsPaid: tags{
		"PaymentsOfDividends", "PaymentsOfDividendsCommonStock", "PaymentsOfOrdinaryDividends",
		"DistributionMadeToLimitedPartnerCashDistributionsPaid", "DistributionMadeToMemberOrLimitedPartnerCashDistribution",
	},
	sellingAndGeneral: tags{"SellingGeneralAndAdministrativeExpense"},
	generalCosts:      tags{"GeneralAndAdministrativeExpense"},
	sellingCosts:      tags{"SellingAndMarketingExpense", "SellingExpense"},
	research: tags{
		"ResearchAndDevelopmentExpense", "ResearchAndDevelopmentExpenseExcludingAcquiredInProcessCost",
	},
	interestIncome: tags{"InvestmentIncomeInterest", "InvestmentIncomeInterestAndDividend", "InterestIncomeOther"},
	investing: tags{
		"NetCashProvidedByUsedInInvestingActivities",
		"NetCashProvidedByUsedInInvestingActivitiesContinuingOperations",
	},
	financing: tags{
		"NetCashProvidedByUsedInFinancingActivities",
		"NetCashProvidedByUsedInFinancingActivitiesContinuingOperations",
	},
	exchangeEffect: tags{
		"EffectOfExchangeRateOnCashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",
		"EffectOfExchangeRateOnCashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents" +
			"IncludingDisposalGroupAndDiscontinuedOperations",
		"EffectOfExchangeRateOnCashAndCashEquivalents",
	},
	changeInCash: tags{
		"CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalentsPeriodIncreaseDecreaseIncludingExchangeRateEffect",
		"CashAndCashEquivalentsPeriodIncreaseDecrease",
	},
	repurchases:       tags{"PaymentsForRepurchaseOfCommonStock", "PaymentsForRepurchaseOfEquity"},
	stockCompensation: tags{"ShareBasedCompensation", "AllocatedShareBasedCompensationExpense"},
	acquisitions: tags{
		"PaymentsToAcquireBusinessesNetOfCashAcquired", "PaymentsToAcquireBusinessesAndInterestInAffiliates",
	},
	taxesPaid:    tags{"IncomeTaxesPaidNet", "IncomeTaxesPaid"},
	interestPaid: tags{"InterestPaidNet", "InterestPaid"},
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

	assets:                "Assets",
	equityAndLiabilities:  tags{"LiabilitiesAndStockholdersEquity", "LiabilitiesAndPartnersCapital"},
	currentAssets:         tags{"AssetsCurrent"},
	nonCurrentAssets:      tags{"AssetsNoncurrent"},
	cash:                  tags{"CashAndCashEquivalentsAtCarryingValue", "Cash", "CashAndDueFromBanks"},
	restrictedCash:        tags{"CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents"},
	currentLiabilities:    tags{"LiabilitiesCurrent"},
	liabilities:           tags{"Liabilities"},
	nonCurrentLiabilities: tags{"LiabilitiesNoncurrent"},
	noncontrolling:        tags{"MinorityInterest"},
	preferredStock: tags{
		"PreferredStockIncludingAdditionalPaidInCapitalNetOfDiscount", "PreferredStockIncludingAdditionalPaidInCapital",
		"PreferredStockValue", "PreferredStockValueOutstanding",
	},
	redeemableMinorities: tags{"RedeemableNoncontrollingInterestEquityCarryingAmount"},
	temporaryEquity: tags{
		"TemporaryEquityCarryingAmountAttributableToParent", "TemporaryEquityValueExcludingAdditionalPaidInCapital",
		"TemporaryEquityCarryingAmountIncludingPortionAttributableToNoncontrollingInterests",
		"TemporaryEquityCarryingAmount", "TemporaryEquityRedemptionValue",
	},
	equity: tags{
		"StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",
		"PartnersCapitalIncludingPortionAttributableToNoncontrollingInterest",
	},
	parentEquity:          tags{"StockholdersEquity"},
	ownersEquity:          tags{"PartnersCapital", "MembersEquity"},
	goodwill:              tags{"Goodwill"},
	intangibles:           tags{"IntangibleAssetsNetExcludingGoodwill"},
	finiteIntangibles:     tags{"FiniteLivedIntangibleAssetsNet"},
	indefiniteIntangibles: tags{"IndefiniteLivedIntangibleAssetsExcludingGoodwill"},
	indefiniteKinds: tags{
		"IndefiniteLivedTrademarks", "IndefiniteLivedTradeNames", "IndefiniteLivedFranchiseRights",
		"IndefiniteLivedLicenseAgreements", "OtherIndefiniteLivedIntangibleAssets",
	},
	otherIntangibles: tags{"OtherIntangibleAssetsNet"},

	retainedEarnings: tags{"RetainedEarningsAccumulatedDeficit"},
	receivables: tags{
		"AccountsReceivableNetCurrent", "ReceivablesNetCurrent", "AccountsNotesAndLoansReceivableNetCurrent",
	},
	inventory: tags{"InventoryNet"},
	payables:  tags{"AccountsPayableCurrent", "AccountsPayableTradeCurrent"},
	shortTermInvestments: tags{
		"MarketableSecuritiesCurrent", "AvailableForSaleSecuritiesDebtSecuritiesCurrent",
		"AvailableForSaleSecuritiesCurrent", "ShortTermInvestments", "DebtSecuritiesCurrent",
		"DebtSecuritiesAvailableForSaleExcludingAccruedInterestCurrent", "HeldToMaturitySecuritiesCurrent",
	},
	cashAndInvestments: tags{"CashCashEquivalentsAndShortTermInvestments"},
	longTermInvestments: tags{
		"MarketableSecuritiesNoncurrent", "AvailableForSaleSecuritiesDebtSecuritiesNoncurrent",
		"AvailableForSaleSecuritiesNoncurrent", "DebtSecuritiesNoncurrent",
		"DebtSecuritiesAvailableForSaleExcludingAccruedInterestNoncurrent", "HeldToMaturitySecuritiesNoncurrent",
	},
	property: tags{
		"PropertyPlantAndEquipmentNet",
		"PropertyPlantAndEquipmentAndFinanceLeaseRightOfUseAssetAfterAccumulatedDepreciationAndAmortization",
	},
	leases:          tags{"OperatingLeaseLiability"},
	leaseParts:      tags{"OperatingLeaseLiabilityCurrent", "OperatingLeaseLiabilityNoncurrent"},
	deferredRevenue: tags{"ContractWithCustomerLiabilityCurrent", "DeferredRevenueCurrent"},

	currentDebt: tags{"DebtCurrent"},
	currentBorrowings: tags{
		"ShortTermBorrowings", "ShortTermBankLoansAndNotesPayable", "CommercialPaper", "OtherShortTermBorrowings",
	},
	currentPortion: tags{
		"LongTermDebtCurrent", "LongTermDebtAndCapitalLeaseObligationsCurrent", "ConvertibleDebtCurrent",
		"ConvertibleNotesPayableCurrent", "NotesPayableCurrent", "SecuredDebtCurrent", "UnsecuredDebtCurrent",
		"OtherLongTermDebtCurrent",
	},
	taggedTwice:         true,
	longTermDebt:        tags{"LongTermDebtNoncurrent", "LongTermDebtAndCapitalLeaseObligations"},
	wholeLongTermDebt:   tags{"LongTermDebt"},
	wholeCurrentPortion: tags{"LongTermDebtCurrent"},
	longTermKinds: []tags{
		{"ConvertibleDebtNoncurrent", "ConvertibleNotesPayableNoncurrent", "ConvertibleLongTermNotesPayable"},
		{"SeniorLongTermNotes"},
		{"LongTermNotesAndLoans"},
		{"LongTermNotesPayable"},
		{"SecuredLongTermDebt"},
		{"UnsecuredLongTermDebt"},
		{"SubordinatedLongTermDebt"},
		{"ConvertibleSubordinatedDebtNoncurrent"},
		{"OtherLongTermDebtNoncurrent", "OtherLongTermDebt"},
		{"LongTermLineOfCredit"},
	},
	wholeDebt: tags{"DebtAndCapitalLeaseObligations", "DebtLongtermAndShorttermCombinedAmount"},
	wholeDebtKinds: []tags{
		{"SecuredDebt"},
		{"UnsecuredDebt"},
		{"SeniorNotes"},
		{"NotesPayable"},
		{"NotesAndLoansPayable"},
		{"SubordinatedDebt"},
		{"ConvertibleDebt", "ConvertibleNotesPayable"},
		{"LineOfCredit"},
		{"OtherBorrowings"},
	},

	shares:        tags{"CommonStockSharesOutstanding"},
	impliedIncome: tags{"NetIncomeLoss", "ProfitLoss"},
	averageShares: tags{
		"WeightedAverageNumberOfSharesOutstandingBasic", "WeightedAverageNumberOfShareOutstandingBasicAndDiluted",
	},
	averageSharesDiluted: tags{
		"WeightedAverageNumberOfDilutedSharesOutstanding", "WeightedAverageNumberOfShareOutstandingBasicAndDiluted",
	},
}

var ifrsFull = &taxonomy{
	name: "ifrs-full",

	otherRevenues:   tags{"Revenue", "RevenueFromContractsWithCustomers"},
	cost:            tags{"CostOfSales", "DirectOperatingExpenseFromInvestmentProperty"},
	costSeries:      tags{"CostOfSales", "DirectOperatingExpenseFromInvestmentProperty"},
	grossProfit:     tags{"GrossProfit"},
	operatingIncome: tags{"ProfitLossFromOperatingActivities"},
	interest:        tags{"InterestExpense", "FinanceCosts"},
	pretax:          tags{"ProfitLossBeforeTax"},
	tax:             tags{"IncomeTaxExpenseContinuingOperations"},
	signedTax:       "IncomeTaxExpenseContinuingOperations",
	afterTax:        tags{"ProfitLoss"},
	incomeTax:       usGAAP.incomeTax,
	netIncome:       tags{"ProfitLossAttributableToOwnersOfParent", "ProfitLoss"},
	profitLoss:      tags{"ProfitLoss"},
	depreciation:    tags{"DepreciationExpense"},
	amortization:    tags{"AmortisationExpense"},
	depreciationTotals: tags{
		"AdjustmentsForDepreciationAndAmortisationExpense", "DepreciationAndAmortisationExpense",
	},
	depreciationSums:  []tags{{"DepreciationExpense", "AmortisationExpense"}, {"DepreciationExpense"}},
	operatingCashFlow: tags{"CashFlowsFromUsedInOperatingActivities", "CashFlowsFromUsedInOperations"},
	capex:             tags{"PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities"},
	dividendsPaid: tags{
		"DividendsPaidToEquityHoldersOfParentClassifiedAsFinancingActivities",
		"DividendsPaidClassifiedAsFinancingActivities",
	},
	sellingAndGeneral: tags{"SellingGeneralAndAdministrativeExpense"},
	generalCosts:      tags{"AdministrativeExpense", "GeneralAndAdministrativeExpense"},
	sellingCosts:      tags{"DistributionCosts", "SellingExpense"},
	research:          tags{"ResearchAndDevelopmentExpense"},
	interestIncome:    tags{"RevenueFromInterest", "InterestIncome", "FinanceIncome"},
	investing:         tags{"CashFlowsFromUsedInInvestingActivities"},
	financing:         tags{"CashFlowsFromUsedInFinancingActivities"},
	exchangeEffect:    tags{"EffectOfExchangeRateChangesOnCashAndCashEquivalents"},
	changeInCash:      tags{"IncreaseDecreaseInCashAndCashEquivalents"},
	repurchases:       tags{"PaymentsToAcquireOrRedeemEntitysShares"},
	stockCompensation: tags{"AdjustmentsForSharebasedPayments"},
	acquisitions: tags{
		"CashFlowsUsedInObtainingControlOfSubsidiariesOrOtherBusinessesClassifiedAsInvestingActivities",
	},
	taxesPaid: tags{"IncomeTaxesPaidRefundClassifiedAsOperatingActivities", "IncomeTaxesPaidRefund"},
	interestPaid: tags{
		"InterestPaidClassifiedAsOperatingActivities", "InterestPaidClassifiedAsFinancingActivities",
	},
	eps:               tags{"BasicEarningsLossPerShare", "BasicAndDilutedEarningsLossPerShare"},
	epsDiluted:        tags{"DilutedEarningsLossPerShare", "BasicAndDilutedEarningsLossPerShare"},
	dividendsPerShare: tags{"DividendsRecognisedAsDistributionsToOwnersPerShare"},

	assets:                "Assets",
	equityAndLiabilities:  tags{"EquityAndLiabilities"},
	currentAssets:         tags{"CurrentAssets"},
	nonCurrentAssets:      tags{"NoncurrentAssets"},
	cash:                  tags{"CashAndCashEquivalents"},
	currentLiabilities:    tags{"CurrentLiabilities"},
	liabilities:           tags{"Liabilities"},
	nonCurrentLiabilities: tags{"NoncurrentLiabilities"},
	noncontrolling:        tags{"NoncontrollingInterests"},
	equity:                tags{"Equity"},
	parentEquity:          tags{"EquityAttributableToOwnersOfParent"},
	goodwill:              tags{"Goodwill"},
	intangibles:           tags{"IntangibleAssetsOtherThanGoodwill"},

	retainedEarnings:     tags{"RetainedEarnings"},
	receivables:          tags{"TradeAndOtherCurrentReceivables", "CurrentTradeReceivables"},
	inventory:            tags{"Inventories"},
	payables:             tags{"TradeAndOtherCurrentPayablesToTradeSuppliers", "TradeAndOtherCurrentPayables"},
	shortTermInvestments: tags{"ShorttermDepositsNotClassifiedAsCashEquivalents"},
	property:             tags{"PropertyPlantAndEquipment"},
	leases:               tags{"LeaseLiabilities"},
	leaseParts:           tags{"CurrentLeaseLiabilities", "NoncurrentLeaseLiabilities"},
	deferredRevenue:      tags{"CurrentContractLiabilities"},

	currentDebt:         tags{"CurrentBorrowingsAndCurrentPortionOfNoncurrentBorrowings"},
	currentBorrowings:   tags{"ShorttermBorrowings", "CurrentBorrowings"},
	currentPortion:      tags{"CurrentPortionOfLongtermBorrowings"},
	longTermDebt:        tags{"NoncurrentPortionOfNoncurrentBorrowings"},
	wholeLongTermDebt:   tags{"LongtermBorrowings"},
	wholeCurrentPortion: tags{"CurrentPortionOfLongtermBorrowings"},
	allBorrowings:       tags{"Borrowings"},

	shares:        tags{"NumberOfSharesOutstanding"},
	impliedIncome: tags{"ProfitLossAttributableToOwnersOfParent", "ProfitLoss"},
	averageShares: tags{"WeightedAverageShares"},

	averageSharesDiluted: tags{"AdjustedWeightedAverageShares"},
}

// taxonomies are those that statements are made from, in the order in which ties are broken.
var taxonomies = []*taxonomy{ifrsFull, usGAAP}

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

// countTags are the numbers of shares, by taxonomy: a fact at zero or below is skipped.
var countTags = map[string]tags{
	dei:           {coverShares},
	usGAAP.name:   slices.Concat(usGAAP.shares, usGAAP.averageShares),
	ifrsFull.name: slices.Concat(ifrsFull.shares, ifrsFull.averageShares),
}

// neverNegative are the tags whose facts below zero have the wrong sign, by taxonomy.
var neverNegative = map[string]map[string]bool{
	usGAAP.name:   usGAAP.neverNegative(),
	ifrsFull.name: ifrsFull.neverNegative(),
}

// all returns the tags of every field.
func (t *taxonomy) all() map[string]bool {
	all := make(map[string]bool)
	var collect func(v reflect.Value)
	collect = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				collect(v.Index(i))
			}
		case reflect.String:
			all[v.String()] = true
		}
	}
	for field, v := range reflect.ValueOf(t).Elem().Fields() {
		if field.Name != "name" && field.Name != "incomeTax" {
			collect(v)
		}
	}
	delete(all, "")
	return all
}

// neverNegative returns costs, payments and most of the balance sheet.
func (t *taxonomy) neverNegative() map[string]bool {
	lists := []tags{
		t.cost, t.costParts, t.costSeries, t.interest, t.depreciation, t.amortization, t.depreciationTotals,
		t.capex, t.capexParts, t.capexExtras, t.dividendsPaid, t.preferred,
		t.sellingAndGeneral, t.generalCosts, t.sellingCosts, t.research, t.repurchases, t.interestPaid,
		{t.assets}, t.equityAndLiabilities, t.currentAssets, t.nonCurrentAssets, t.currentLiabilities, t.liabilities,
		t.nonCurrentLiabilities, t.preferredStock, t.goodwill, t.intangibles, t.finiteIntangibles,
		t.indefiniteIntangibles, t.indefiniteKinds, t.otherIntangibles, t.currentDebt, t.currentBorrowings,
		t.currentPortion, t.longTermDebt, t.wholeLongTermDebt, t.wholeCurrentPortion, t.wholeDebt, t.allBorrowings,
	}
	lists = slices.Concat(lists, t.depreciationSums, t.longTermKinds, t.wholeDebtKinds)
	never := make(map[string]bool)
	for _, tag := range slices.Concat(lists...) {
		never[tag] = true
	}
	return never
}

// flows are the tags that make a filing with a balance sheet a report.
func (t *taxonomy) flows() tags {
	all := slices.Concat(t.operatingCashFlow, t.netIncome, t.profitLoss, t.revenues(), t.revenueParts, t.industryRevenues,
		tags(t.bankRevenues[:]))
	return slices.DeleteFunc(all, func(tag string) bool { return tag == "" })
}

// revenues are the tags for all revenue.
func (t *taxonomy) revenues() tags {
	if t.mainRevenues[0] == "" {
		return t.otherRevenues
	}
	return slices.Concat(tags(t.mainRevenues[:]), t.otherRevenues)
}

// profits are the tags for the profit of a year that stands in a later report.
func (t *taxonomy) profits() tags { return slices.Concat(t.netIncome, t.profitLoss) }

// isIncomeTax tells whether a tag is about taxes on income.
func (t *taxonomy) isIncomeTax(tag string) bool {
	return slices.ContainsFunc(t.incomeTax, func(beginning string) bool { return strings.HasPrefix(tag, beginning) })
}
