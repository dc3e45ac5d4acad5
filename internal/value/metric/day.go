package metric

import (
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Day is what metrics of a trading day are made of, beside the reports as known on it.
type Day struct {
	Date    time.Time
	Reasons []Reason // why something of the day is not known, in the order of Reasons
	// Statement is the report that the day's ratios are of, nil if there is none.
	Statement *Report
	// Cap is what all shares cost, in the statement's currency; with debt, minorities and preferred stock, less cash, it is
	// EnterpriseValue.
	Cap, EnterpriseValue *int64
	// Price is the close by the ordinary shares that a listed share stands for, in the statement's currency.
	Price *big.Rat
	// Shares are the ordinary shares of all classes, on the share basis of the day.
	Shares *int64
	// GrahamSize is how large revenue must be to be of adequate size, nil for DefaultGrahamSize.
	GrahamSize *big.Rat
	// PriceEarnings are the price_to_earnings_ratio_ttm of the days in the five years before the day, without it.
	PriceEarnings []decimal.Decimal
	// PricesFrom is the day of the oldest price, nil if there is none.
	PricesFrom *time.Time
}

// DefaultGrahamSize is Graham's 100 million dollars of 1973 in those of today.
const DefaultGrahamSize = 700_000_000

var (
	noCap    = []Reason{SharesUnknown, SplitDateUnknown, ADSRatioUnknown, CurrencyMismatch}
	noEV     = append(slices.Clone(noCap), CashUnknown, DebtUnknown)
	noShares = []Reason{SharesUnknown, SplitDateUnknown}
	noPrice  = []Reason{SplitDateUnknown, ADSRatioUnknown, CurrencyMismatch}
)

// dayFigure reads a figure of the day.
func (c *context) dayFigure(name string) *big.Rat {
	switch name {
	case Cap:
		return c.orBecause(number(c.day.Cap), name, noCap)
	case evName:
		return c.orBecause(number(c.day.EnterpriseValue), name, noEV)
	case Price:
		return c.orBecause(c.day.Price, name, noPrice)
	case sizeName:
		if c.day.GrahamSize != nil {
			return c.day.GrahamSize
		}
		return big.NewRat(DefaultGrahamSize, 1)
	}
	panic("metric: unknown figure " + name)
}

// orBecause notes the first of the day's reasons for which a figure can be unknown. Such a reason forbids the figure.
func (c *context) orBecause(v *big.Rat, name string, reasons []Reason) *big.Rat {
	for _, reason := range reasons {
		if slices.Contains(c.day.Reasons, reason) {
			c.add(reason)
			return nil
		}
	}
	if v == nil {
		c.add(MissingInput, name)
	} else {
		c.read(Read{Name: name, Value: v})
	}
	return v
}

// priceToAverageEarnings is by the mean of diluted earnings per share of the newest years.
func priceToAverageEarnings(years int) calculator {
	return func(c *context) *big.Rat {
		price := c.dayFigure(Price)
		earnings := c.inNewestYear().lastYearsInto(c, dilutedEPS, 0, years)
		if earnings == nil {
			return nil
		}
		return c.quotient(price, mean(earnings))
	}
}

// inNewestYear is the context of the newest annual statement in the currency of the day's.
func (c *context) inNewestYear() *context {
	if c.report == nil {
		return c.of(nil)
	}
	return c.of(c.company.newestYear(c.report.Currency))
}

// lastYearsInto is lastYears with the problems of another context.
func (c *context) lastYearsInto(other *context, s series, from, to int) []*big.Rat {
	values := c.lastYears(s, from, to)
	other.merge(c.problem)
	return values
}

const (
	percentileYears = 5
	percentileDays  = 750
	percentileSlack = 10 // days
)

// PercentileSince is the first of the days before a day whose PriceEarnings are read.
func PercentileSince(day time.Time) time.Time {
	return yearsBefore(day, percentileYears).AddDate(0, 0, 1)
}

// priceEarningsPercentile is the share of the positive P/Es of five years that are at most today's.
func priceEarningsPercentile(c *context) *big.Rat {
	exact := c.compute(Find("price_to_earnings_ratio_ttm"))
	if exact == nil {
		return nil
	}
	if exact.Sign() <= 0 {
		c.add(NegativeInput)
		return nil
	}
	today := decimal.NewFromBigRat(exact, value.Precision)
	days, atMost := int64(1), int64(1)
	for _, earlier := range c.day.PriceEarnings {
		if earlier.Sign() > 0 {
			days++
			if earlier.LessThanOrEqual(today) {
				atMost++
			}
		}
	}
	from := yearsBefore(c.day.Date, percentileYears).AddDate(0, 0, percentileSlack)
	if days < percentileDays || c.day.PricesFrom == nil || c.day.PricesFrom.After(from) {
		c.add(InsufficientHistory)
		return nil
	}
	return big.NewRat(atMost, days)
}

// inEachYear tells whether a figure was above zero in each of the newest years.
func inEachYear(s series, years int) calculator {
	return func(c *context) *big.Rat {
		values := c.inNewestYear().lastYearsInto(c, s, 0, years)
		if values == nil {
			return nil
		}
		return truth(minimum(values).Sign() > 0)
	}
}

// grownByAThird compares mean diluted earnings per share of the newest three years with those of seven years before.
func grownByAThird(c *context) *big.Rat {
	newest := c.inNewestYear().lastYearsInto(c, dilutedEPS, 0, 3)
	oldest := c.inNewestYear().lastYearsInto(c, dilutedEPS, 7, 10)
	if newest == nil || oldest == nil {
		return nil
	}
	before := mean(oldest)
	return truth(before.Sign() > 0 && mean(newest).Cmp(new(big.Rat).Mul(before, big.NewRat(4, 3))) >= 0)
}

// multiple is a metric that divides a price by something.
func multiple(id, label, formula, source, caveat string) Definition {
	return Definition{
		ID: id, Label: label, Group: Valuation, Unit: Ratio, Better: Lower, Formula: formula, Source: source, Caveat: caveat,
	}
}

// ofDay returns the metrics of a trading day.
func ofDay() (all []Definition) {
	const (
		market = "CFA Institute, Market-Based Valuation: Price and Enterprise Value Multiples"
		apart  = "EBIT may hold income from the securities taken out: compare with ev_to_operating_income"
		asIs   = "marketable securities are not deducted"
	)
	all = append(all,
		multiple("price_to_earnings_ratio_ttm", "P/E, twelve months", "cap / common", defensive+"; "+market, ""),
		multiple("price_to_book_ratio", "P/B", "cap / book_value", defensive+"; "+market, ""),
		multiple("market_to_book_ratio", "Market to book", "cap / book_value", market, "the same number as price_to_book_ratio"),
		multiple("price_to_tangible_book_value", "Price to tangible book value", "cap / tangible_book_value", defensive, ""),
		multiple("ev_to_revenue", "EV/revenue", "enterprise_value / ttm.total_revenues", market, asIs),
		multiple("ev_to_net_income", "EV/net income", "enterprise_value / ttm.net_income", market, asIs),
		multiple("ev_to_ebit", "EV/EBIT", "enterprise_value / ttm.ebit", market, asIs),
		multiple("ev_to_ebitda", "EV/EBITDA", "enterprise_value / ttm.ebitda", market, asIs),
		multiple("ev_to_assets", "EV/assets", "enterprise_value / total_assets", market, asIs),
		multiple("price_to_sales_ratio", "P/S", "cap / ttm.total_revenues", "Fisher, Super Stocks (1984)", ""),
		multiple("price_to_operating_cash_flow", "P/OCF", "cap / ttm.operating_cash_flow", market, ""),
		multiple("price_to_free_cash_flow", "P/FCF", "cap / ttm.free_cash_flow", market, ""),
		multiple("price_to_owner_earnings", "Price to owner earnings", "cap / owner_earnings", buffett1986, ""),
		multiple("price_to_net_current_asset_value", "Price to NCAV", "cap / net_current_asset_value", enterprise, "Graham paid at most 2/3"),
		multiple("price_to_graham_number", "Price to Graham number", "cap / sqrt(22.5 x common x book_value)", defensive,
			"Graham paid at most 1; no share basis in it"),
	)
	yield := func(id, label, formula, source, caveat string, group Group) Definition {
		return Definition{
			ID: id, Label: label, Group: group, Unit: Fraction, Better: Higher, Formula: formula, Source: source, Caveat: caveat,
		}
	}
	all = append(all,
		yield("earnings_yield", "Earnings yield", "common / cap", "Graham, The Intelligent Investor (1973) ch. 20", "", Valuation),
		yield("free_cash_flow_yield", "FCF yield", "ttm.free_cash_flow / cap", arithmetic, "", Valuation),
		yield("dividend_yield", "Dividend yield, paid", "ttm.dividends_paid / cap", market, "null, not 0, if nothing is tagged", Dividends),
		yield("buyback_yield", "Buy-back yield, gross", "ttm.share_repurchases / cap", "Boudoukh et al. 2007, Journal of Finance 62",
			"issuance is not deducted, read with share_count_growth", Dividends),
		yield("shareholder_yield", "Shareholder yield", "(ttm.share_repurchases + ttm.dividends_paid[k]) / cap",
			"Faber 2013, without debt paydown", "", Dividends),
		Definition{ID: "enterprise_value_net_of_investments", Label: "EV net of investments", Group: Valuation, Unit: Money, Better: Lower,
			Formula: "EVN", Source: arithmetic, Caveat: "for holders of securities the truer price of the business"},
		multiple("ev_to_operating_income", "EV/operating income", "enterprise_value / ttm.operating_income", market, asIs),
		multiple("ev_to_free_cash_flow", "EV/FCF", "enterprise_value / ttm.free_cash_flow", market, asIs),
		multiple("ev_to_gross_profit", "EV/gross profit", "enterprise_value / ttm.gross_profit", market, asIs),
		multiple("ev_net_to_ebit", "EV net/EBIT", "EVN / ttm.ebit", arithmetic, apart),
		multiple("ev_net_to_ebitda", "EV net/EBITDA", "EVN / ttm.ebitda", arithmetic, apart),
		multiple("ev_net_to_free_cash_flow", "EV net/FCF", "EVN / ttm.free_cash_flow", arithmetic, ""),
		multiple("ev_net_to_revenue", "EV net/revenue", "EVN / ttm.total_revenues", arithmetic, ""),
		multiple("acquirers_multiple", "Acquirer's Multiple", "enterprise_value / ttm.operating_income",
			"Carlisle, The Acquirer's Multiple (2017)", "the same number as ev_to_operating_income"),
		yield("magic_formula_earnings_yield", "Greenblatt earnings yield",
			"ttm.operating_income / (enterprise_value - short_term_investments[k])", greenblatt, "", Valuation),
		Definition{ID: "altman_z", Label: "Altman Z", Group: Safety, Unit: Ratio, Better: Higher,
			Formula: "1.2 x X1 + 1.4 x X2 + 3.3 x X3 + 0.6 x cap / total_liabilities + 1.0 x X5",
			Source:  "Altman 1968, Journal of Finance 23", Caveat: "for manufacturers; distress below 1.81, safe above 2.99"},
	)
	for _, p := range []struct {
		years  int
		source string
	}{{3, defensive}, {10, dodd + " (7 to 10 years)"}} {
		n := strconv.Itoa(p.years)
		d := multiple("price_to_average_earnings_"+n+"y", "P/E on "+n+" years",
			"price / mean of earnings_per_share_diluted(0) to earnings_per_share_diluted("+strconv.Itoa(p.years-1)+")",
			p.source, "nominal, not Shiller's real earnings; years from the newest annual statement back")
		d.Inputs, d.Years, d.calc = []string{Price, "earnings_per_share_diluted"}, p.years, priceToAverageEarnings(p.years)
		all = append(all, d)
	}
	return append(all,
		Definition{ID: "price_to_earnings_percentile_5y", Label: "Own P/E percentile", Group: Valuation, Unit: Fraction, Better: Lower,
			Formula: "share of the positive price_to_earnings_ratio_ttm of five years that are at most today's",
			Inputs:  []string{"price_to_earnings_ratio_ttm"}, calc: priceEarningsPercentile, readsPrices: true,
			Source: arithmetic, Caveat: "needs 750 days with a positive P/E, and prices from five years less ten days ago or before"},
		Definition{ID: "graham_defensive_passed", Label: "Graham's defensive tests", Group: Graham, Unit: Count, Better: Higher,
			Formula: "how many of the seven signals hold", serve: true, isSignals: true, least: 5,
			Where: []Term{
				{ID: "adequate_size", Formula: "ttm.total_revenues >= graham_size"},
				{ID: "strong_finances", Formula: "current_assets >= 2 x current_liabilities" +
					" and long_term_debt <= current_assets - current_liabilities"},
				{ID: "earnings_every_year", Formula: "net_income > 0 in each of the 10 newest years", calc: inEachYear(netIncome, 10)},
				{ID: "dividends_every_year", Formula: "dividends_paid > 0 in each of the 20 newest years", calc: inEachYear(dividendsPaid, 20)},
				{ID: "earnings_grown_by_a_third", Formula: "mean of earnings_per_share_diluted(0) to (2) >= 4/3 of the mean of (7) to (9)," +
					" and that above 0", calc: grownByAThird},
				{ID: "price_to_earnings_moderate", Formula: "price_to_average_earnings_3y <= 15"},
				{ID: "price_to_book_moderate", Formula: "book_value > 0 and (cap <= 1.5 x book_value" +
					" or cap x price_to_average_earnings_3y <= 22.5 x book_value)"},
			},
			Inputs: []string{
				"ttm.total_revenues", sizeName, "current_assets", "current_liabilities", "long_term_debt", "net_income", "dividends_paid",
				"earnings_per_share_diluted", Price, Cap, "book_value",
			},
			Years: 20, Source: defensive,
			Caveat: "null if fewer than five are known; the size is a parameter, 700,000,000 where none is given, about his " +
				"100 million dollars of 1973; 20 years of dividends are not in the documents before fiscal year 2026"},
	)
}
