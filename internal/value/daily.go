package value

import (
	"time"

	"github.com/shopspring/decimal"
)

// Latest returns the statement that daily ratios are computed from: the quarterly one with the latest end date, or
// the annual one of a company without quarterly statements. It returns nil for none.
func Latest(statements []Statement) *Statement {
	var latest *Statement
	for i := range statements {
		s := &statements[i]
		switch {
		case latest == nil,
			s.Period == latest.Period && s.EndDate.After(latest.EndDate),
			s.Period == Quarterly && latest.Period == Annual:
			latest = s
		}
	}
	return latest
}

// AdjustForSplits returns an amount per share on today's share basis: divided by the ratio of every split that took
// effect after the day whose basis it is on.
func AdjustForSplits(amount decimal.Decimal, basis time.Time, splits []Split) decimal.Decimal {
	ratio := decimal.NewFromInt(1)
	for _, split := range splits {
		if split.EffectiveDate.After(basis) {
			ratio = ratio.Mul(split.Ratio)
		}
	}
	return amount.DivRound(ratio, Precision)
}

// SharesOn returns the number of shares on a day: the count times the ratio of every split that took effect after
// the count was filed and not after the day.
func SharesOn(day time.Time, count ShareCount, splits []Split) decimal.Decimal {
	shares := decimal.NewFromInt(count.Shares)
	for _, split := range splits {
		if split.EffectiveDate.After(count.BasisDate) && !split.EffectiveDate.After(day) {
			shares = shares.Mul(split.Ratio)
		}
	}
	return shares
}

// MarketCap is the as-traded price of a share times the number of shares on the same day, in money, rounded half up.
// Source: [CFA].
func MarketCap(close, shares decimal.Decimal) *int64 { return whole(close.Mul(shares)) }

// EnterpriseValue is market capitalisation plus total debt and the minorities' part of equity, each if known, less
// cash and equivalents, in money. Marketable securities are not deducted. Source: [CFA].
func EnterpriseValue(marketCap, totalDebt, noncontrollingInterest, cashAndEquivalents *int64) *int64 {
	return Sub(AddKnown(AddKnown(marketCap, totalDebt), noncontrollingInterest), cashAndEquivalents)
}

// PriceToEarningsRatioTTM is market capitalisation by the net income of twelve months, a ratio. Unlike price by
// earnings per share it does not depend on the share basis of a report. Source: [Graham] ch. 14, [CFA].
func PriceToEarningsRatioTTM(marketCap, ttmNetIncome *int64) *decimal.Decimal {
	return ratio(marketCap, ttmNetIncome)
}

// PriceToBookRatio is market capitalisation by book value, a ratio. Market-to-book is the same. Source: [Graham] ch.
// 14, [CFA].
func PriceToBookRatio(marketCap, bookValue *int64) *decimal.Decimal {
	return ratio(marketCap, bookValue)
}

// PriceToTangibleBookValue is market capitalisation by tangible book value, a ratio. Source: [Graham] ch. 14.
func PriceToTangibleBookValue(marketCap, tangibleBookValue *int64) *decimal.Decimal {
	return ratio(marketCap, tangibleBookValue)
}

// EVToRevenue is enterprise value by the revenues of twelve months, a ratio. Source: [CFA].
func EVToRevenue(enterpriseValue, ttmTotalRevenues *int64) *decimal.Decimal {
	return ratio(enterpriseValue, ttmTotalRevenues)
}

// EVToNetIncome is enterprise value by the net income of twelve months, a ratio. Source: [CFA], by analogy.
func EVToNetIncome(enterpriseValue, ttmNetIncome *int64) *decimal.Decimal {
	return ratio(enterpriseValue, ttmNetIncome)
}

// EVToEBIT is enterprise value by the EBIT of twelve months, a ratio. Source: [CFA].
func EVToEBIT(enterpriseValue, ttmEBIT *int64) *decimal.Decimal {
	return ratio(enterpriseValue, ttmEBIT)
}

// EVToEBITDA is enterprise value by the EBITDA of twelve months, a ratio. Source: [CFA].
func EVToEBITDA(enterpriseValue, ttmEBITDA *int64) *decimal.Decimal {
	return ratio(enterpriseValue, ttmEBITDA)
}

// EVToAssets is enterprise value by total assets, a ratio. Source: [CFA], by analogy.
func EVToAssets(enterpriseValue, totalAssets *int64) *decimal.Decimal {
	return ratio(enterpriseValue, totalAssets)
}

// ComputeDailyRatios returns the ratios of a trading day from the latest statement (nil if there is none yet), its
// twelve months and the newest share count, all as known on that day. The close is as traded. Without a count the
// statement's own is used, on the share basis of its publish date.
func ComputeDailyRatios(
	day time.Time, close decimal.Decimal, s *Statement, ttm TTM, count *ShareCount, splits []Split,
) DailyRatios {
	var end *time.Time
	if s == nil {
		s = new(Statement)
	} else {
		end = &s.EndDate
	}
	if count == nil && s.SharesOutstanding != nil {
		count = &ShareCount{KnownFrom: s.PublishDate, BasisDate: s.PublishDate, EndDate: s.EndDate, Shares: *s.SharesOutstanding}
	}
	var shares, marketCap *int64
	if count != nil {
		n := SharesOn(day, *count, splits)
		shares, marketCap = whole(n), MarketCap(close, n)
	}
	bookValue := BookValue(s.TotalEquity, s.NoncontrollingInterest)
	priceToBook := PriceToBookRatio(marketCap, bookValue)
	enterpriseValue := EnterpriseValue(marketCap, s.TotalDebt, s.NoncontrollingInterest, s.CashAndEquivalents)
	return DailyRatios{
		Date:                     day,
		Close:                    close,
		StatementEndDate:         end,
		SharesOutstanding:        shares,
		MarketCap:                marketCap,
		EnterpriseValue:          enterpriseValue,
		PriceToEarningsRatioTTM:  PriceToEarningsRatioTTM(marketCap, ttm.NetIncome),
		PriceToBookRatio:         priceToBook,
		MarketToBookRatio:        priceToBook,
		PriceToTangibleBookValue: PriceToTangibleBookValue(marketCap, TangibleBookValue(bookValue, s.Goodwill, s.IntangibleAssets)),
		EVToRevenue:              EVToRevenue(enterpriseValue, ttm.TotalRevenues),
		EVToNetIncome:            EVToNetIncome(enterpriseValue, ttm.NetIncome),
		EVToEBIT:                 EVToEBIT(enterpriseValue, ttm.EBIT),
		EVToEBITDA:               EVToEBITDA(enterpriseValue, ttm.EBITDA),
		EVToAssets:               EVToAssets(enterpriseValue, s.TotalAssets),
	}
}
