package main

import (
	"cmp"
	"compress/gzip"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"

	"github.com/edgevalue/edgevalue/internal/sample"
)

// A template is the company facts document of a real company, from which those of others are made.
type template struct {
	tags    []tag // those of one taxonomy together
	filings []filing
	// The month and the day on which its fiscal years end, mostly.
	month time.Month
	day   int
}

type tag struct {
	taxonomy, name string
	about          []byte // label and description, as fields of a JSON object
	units          []unit
}

type unit struct {
	name  string
	facts []fact
}

// A fact's days count from 1970-01-01.
type fact struct {
	start, end int // start is noStart for an instant
	filing     int // index in filings
	val        []byte
	number     int64 // that is val, if it is whole
	whole      bool
	framed     bool // it is the one that SEC's frames have of its period
}

const noStart = math.MinInt

type filing struct {
	filed      int
	accession  string
	form, fp   string // fp is empty for none
	fy         int    // 0 for none
	isPeriodic bool
}

// samples are the documents that the project has, and when their companies' fiscal years end.
var samples = []struct {
	name  string
	month time.Month
	day   int
}{
	{"companyfacts-CIK0000320193.json.gz", time.September, 28},
	{"companyfacts-CIK0001640147.json.gz", time.January, 31},
	{"companyfacts-CIK0001835632.json.gz", time.January, 31},
}

// readTemplates reads the samples.
func readTemplates() ([]*template, error) {
	var all []*template
	for _, s := range samples {
		f, err := sample.FS.Open(s.name)
		if err != nil {
			return nil, errors.Wrap(err, "open sample")
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Wrap(err, s.name)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			return nil, errors.Wrap(err, s.name)
		}
		t, err := readTemplate(text)
		if err != nil {
			return nil, errors.Wrap(err, s.name)
		}
		t.month, t.day = s.month, s.day
		all = append(all, t)
	}
	return all, nil
}

// readTemplate reads a company facts document, whose filings come out in the order of their days.
func readTemplate(text []byte) (*template, error) {
	t := &template{}
	seen := map[string]int{}
	object := func(d *jx.Decoder, f func(d *jx.Decoder, key string) error) error { return d.Obj(f) }
	err := object(jx.DecodeBytes(text), func(d *jx.Decoder, key string) error {
		if key != "facts" {
			return d.Skip()
		}
		return object(d, func(d *jx.Decoder, taxonomy string) error {
			return object(d, func(d *jx.Decoder, name string) error {
				g := tag{taxonomy: taxonomy, name: name}
				err := object(d, func(d *jx.Decoder, key string) error {
					if key != "units" {
						raw, err := d.Raw()
						if len(g.about) > 0 {
							g.about = append(g.about, ',')
						}
						g.about = append(append(append(g.about, '"'), key...), `":`...)
						g.about = append(g.about, raw...)
						return err
					}
					return object(d, func(d *jx.Decoder, of string) error {
						u := unit{name: of}
						err := d.Arr(func(d *jx.Decoder) error {
							f, err := t.readFact(d, seen)
							u.facts = append(u.facts, f)
							return err
						})
						g.units = append(g.units, u)
						return err
					})
				})
				t.tags = append(t.tags, g)
				return err
			})
		})
	})
	if err != nil {
		return nil, errors.Wrap(err, "company facts")
	}
	t.sortFilings()
	return t, nil
}

func (t *template) readFact(d *jx.Decoder, seen map[string]int) (f fact, err error) {
	var from filing
	f.start = noStart
	err = d.Obj(func(d *jx.Decoder, key string) (err error) {
		if d.Next() == jx.Null {
			return d.Null()
		}
		switch key {
		case "start":
			f.start, err = readDay(d)
		case "end":
			f.end, err = readDay(d)
		case "filed":
			from.filed, err = readDay(d)
		case "accn":
			from.accession, err = d.Str()
		case "form":
			from.form, err = d.Str()
		case "fp":
			from.fp, err = d.Str()
		case "fy":
			from.fy, err = d.Int()
		case "frame":
			f.framed = true
			err = d.Skip()
		case "val":
			var val jx.Num
			val, err = d.Num()
			f.val = slices.Clone(val)
			number, bad := strconv.ParseInt(string(val), 10, 64)
			f.number, f.whole = number, bad == nil
		default:
			err = d.Skip()
		}
		return err
	})
	i, ok := seen[from.accession]
	if !ok {
		i = len(t.filings)
		seen[from.accession] = i
		from.isPeriodic = periodic[from.form] != ""
		t.filings = append(t.filings, from)
	}
	f.filing = i
	return f, err
}

func readDay(d *jx.Decoder) (int, error) {
	text, err := d.Str()
	if err != nil {
		return 0, err
	}
	day, err := time.Parse(time.DateOnly, text)
	return dayOf(day), err
}

func dayOf(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

func dateOf(day int) time.Time { return time.Unix(int64(day)*24*60*60, 0).UTC() }

func (t *template) sortFilings() {
	order := make([]int, len(t.filings))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &t.filings[i], &t.filings[j]
		return cmp.Or(cmp.Compare(a.filed, b.filed), cmp.Compare(a.accession, b.accession))
	})
	sorted, place := make([]filing, len(order)), make([]int, len(order))
	for to, from := range order {
		sorted[to], place[from] = t.filings[from], to
	}
	t.filings = sorted
	t.eachFact(func(_ *unit, f *fact) { f.filing = place[f.filing] })
}

func (t *template) eachFact(f func(*unit, *fact)) {
	for i := range t.tags {
		for j := range t.tags[i].units {
			u := &t.tags[i].units[j]
			for k := range u.facts {
				f(u, &u.facts[k])
			}
		}
	}
}

// periodic are the forms of periodic reports, and what a foreign company files instead.
var periodic = map[string]string{"10-K": "20-F", "10-K/A": "20-F/A", "10-KT": "20-F", "10-Q": "6-K", "10-Q/A": "6-K/A", "10-QT": "6-K"}

// foreign returns the template with the tags and forms of a company that reports by IFRS. What IFRS has no tag for keeps
// its name.
func (t *template) foreign() *template {
	out := *t
	out.filings = slices.Clone(t.filings)
	for i := range out.filings {
		f := &out.filings[i]
		f.form = cmp.Or(periodic[f.form], f.form)
	}
	out.tags = nil
	places := map[string]int{}
	for _, g := range t.tags {
		if g.taxonomy == "us-gaap" {
			g.taxonomy, g.name = "ifrs-full", cmp.Or(ifrsNames[g.name], g.name)
		}
		key := g.taxonomy + "/" + g.name
		if i, ok := places[key]; ok {
			out.tags[i].units = merged(out.tags[i].units, g.units)
			continue
		}
		places[key] = len(out.tags)
		out.tags = append(out.tags, g)
	}
	return &out
}

// merged returns the facts of two tags that become one. Where both have one of a filing and a period, that of the first.
func merged(a, b []unit) []unit {
	out := slices.Clone(a)
	for _, u := range b {
		i := slices.IndexFunc(out, func(o unit) bool { return o.name == u.name })
		if i < 0 {
			out = append(out, u)
			continue
		}
		type place struct{ start, end, filing int }
		taken := map[place]bool{}
		facts := slices.Clone(out[i].facts)
		for _, f := range facts {
			taken[place{f.start, f.end, f.filing}] = true
		}
		for _, f := range u.facts {
			if !taken[place{f.start, f.end, f.filing}] {
				facts = append(facts, f)
			}
		}
		out[i].facts = facts
	}
	return out
}

// ifrsNames are the tags of IFRS for those of US GAAP of which statements are made.
var ifrsNames = map[string]string{
	"Revenues": "Revenue",
	"RevenueFromContractWithCustomerExcludingAssessedTax": "Revenue",
	"SalesRevenueNet":             "Revenue",
	"CostOfRevenue":               "CostOfSales",
	"CostOfGoodsAndServicesSold":  "CostOfSales",
	"OperatingIncomeLoss":         "ProfitLossFromOperatingActivities",
	"InterestExpense":             "InterestExpense",
	"InterestExpenseNonoperating": "InterestExpense",
	"InterestExpenseDebt":         "FinanceCosts",
	"IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest":                 "ProfitLossBeforeTax",
	"IncomeLossFromContinuingOperationsBeforeIncomeTaxesMinorityInterestAndIncomeLossFromEquityMethodInvestments": "ProfitLossBeforeTax",
	"IncomeTaxExpenseBenefit":                                                "IncomeTaxExpenseContinuingOperations",
	"NetIncomeLoss":                                                          "ProfitLossAttributableToOwnersOfParent",
	"Depreciation":                                                           "DepreciationExpense",
	"AmortizationOfIntangibleAssets":                                         "AmortisationExpense",
	"DepreciationDepletionAndAmortization":                                   "AdjustmentsForDepreciationAndAmortisationExpense",
	"DepreciationAmortizationAndAccretionNet":                                "AdjustmentsForDepreciationAndAmortisationExpense",
	"DepreciationAndAmortization":                                            "DepreciationAndAmortisationExpense",
	"NetCashProvidedByUsedInOperatingActivities":                             "CashFlowsFromUsedInOperatingActivities",
	"NetCashProvidedByUsedInInvestingActivities":                             "CashFlowsFromUsedInInvestingActivities",
	"NetCashProvidedByUsedInFinancingActivities":                             "CashFlowsFromUsedInFinancingActivities",
	"NetCashProvidedByUsedInOperatingActivitiesContinuingOperations":         "CashFlowsFromUsedInOperatingActivities",
	"NetCashProvidedByUsedInInvestingActivitiesContinuingOperations":         "CashFlowsFromUsedInInvestingActivities",
	"NetCashProvidedByUsedInFinancingActivitiesContinuingOperations":         "CashFlowsFromUsedInFinancingActivities",
	"PaymentsToAcquirePropertyPlantAndEquipment":                             "PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities",
	"PaymentsToAcquireProductiveAssets":                                      "PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities",
	"PaymentsOfDividends":                                                    "DividendsPaidClassifiedAsFinancingActivities",
	"PaymentsOfDividendsCommonStock":                                         "DividendsPaidToEquityHoldersOfParentClassifiedAsFinancingActivities",
	"GeneralAndAdministrativeExpense":                                        "AdministrativeExpense",
	"SellingAndMarketingExpense":                                             "DistributionCosts",
	"InvestmentIncomeInterest":                                               "RevenueFromInterest",
	"InvestmentIncomeInterestAndDividend":                                    "InterestIncome",
	"EffectOfExchangeRateOnCashAndCashEquivalents":                           "EffectOfExchangeRateChangesOnCashAndCashEquivalents",
	"CashAndCashEquivalentsPeriodIncreaseDecrease":                           "IncreaseDecreaseInCashAndCashEquivalents",
	"PaymentsForRepurchaseOfCommonStock":                                     "PaymentsToAcquireOrRedeemEntitysShares",
	"ShareBasedCompensation":                                                 "AdjustmentsForSharebasedPayments",
	"IncomeTaxesPaidNet":                                                     "IncomeTaxesPaidRefundClassifiedAsOperatingActivities",
	"IncomeTaxesPaid":                                                        "IncomeTaxesPaidRefund",
	"InterestPaidNet":                                                        "InterestPaidClassifiedAsOperatingActivities",
	"InterestPaid":                                                           "InterestPaidClassifiedAsFinancingActivities",
	"EarningsPerShareBasic":                                                  "BasicEarningsLossPerShare",
	"EarningsPerShareDiluted":                                                "DilutedEarningsLossPerShare",
	"EarningsPerShareBasicAndDiluted":                                        "BasicAndDilutedEarningsLossPerShare",
	"CommonStockDividendsPerShareDeclared":                                   "DividendsRecognisedAsDistributionsToOwnersPerShare",
	"CommonStockDividendsPerShareCashPaid":                                   "DividendsRecognisedAsDistributionsToOwnersPerShare",
	"LiabilitiesAndStockholdersEquity":                                       "EquityAndLiabilities",
	"AssetsCurrent":                                                          "CurrentAssets",
	"AssetsNoncurrent":                                                       "NoncurrentAssets",
	"CashAndCashEquivalentsAtCarryingValue":                                  "CashAndCashEquivalents",
	"LiabilitiesCurrent":                                                     "CurrentLiabilities",
	"LiabilitiesNoncurrent":                                                  "NoncurrentLiabilities",
	"MinorityInterest":                                                       "NoncontrollingInterests",
	"StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest": "Equity",
	"StockholdersEquity":                                                     "EquityAttributableToOwnersOfParent",
	"IntangibleAssetsNetExcludingGoodwill":                                   "IntangibleAssetsOtherThanGoodwill",
	"FiniteLivedIntangibleAssetsNet":                                         "IntangibleAssetsOtherThanGoodwill",
	"RetainedEarningsAccumulatedDeficit":                                     "RetainedEarnings",
	"AccountsReceivableNetCurrent":                                           "CurrentTradeReceivables",
	"InventoryNet":                                                           "Inventories",
	"AccountsPayableCurrent":                                                 "TradeAndOtherCurrentPayablesToTradeSuppliers",
	"PropertyPlantAndEquipmentNet":                                           "PropertyPlantAndEquipment",
	"OperatingLeaseLiability":                                                "LeaseLiabilities",
	"OperatingLeaseLiabilityCurrent":                                         "CurrentLeaseLiabilities",
	"OperatingLeaseLiabilityNoncurrent":                                      "NoncurrentLeaseLiabilities",
	"ContractWithCustomerLiabilityCurrent":                                   "CurrentContractLiabilities",
	"DeferredRevenueCurrent":                                                 "CurrentContractLiabilities",
	"DebtCurrent":                                                            "CurrentBorrowingsAndCurrentPortionOfNoncurrentBorrowings",
	"CommercialPaper":                                                        "ShorttermBorrowings",
	"ShortTermBorrowings":                                                    "ShorttermBorrowings",
	"LongTermDebtCurrent":                                                    "CurrentPortionOfLongtermBorrowings",
	"LongTermDebtNoncurrent":                                                 "NoncurrentPortionOfNoncurrentBorrowings",
	"LongTermDebt":                                                           "LongtermBorrowings",
	"CommonStockSharesOutstanding":                                           "NumberOfSharesOutstanding",
	"WeightedAverageNumberOfSharesOutstandingBasic":                          "WeightedAverageShares",
	"WeightedAverageNumberOfDilutedSharesOutstanding":                        "AdjustedWeightedAverageShares",
}
