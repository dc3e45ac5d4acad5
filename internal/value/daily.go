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
		shares, marketCap = whole(n), whole(close.Mul(n)) // the price is as traded, and so are the shares
	}
	bookValue, tangibleBookValue := bookValues(s)
	// Debt and the minorities' part of equity count if known. Marketable securities are not deducted. Source: [CFA].
	enterpriseValue := Sub(AddKnown(AddKnown(marketCap, s.TotalDebt), s.NoncontrollingInterest), s.CashAndEquivalents)
	priceToBook := ratio(marketCap, bookValue)
	return DailyRatios{
		Date:              day,
		Close:             close,
		StatementEndDate:  end,
		SharesOutstanding: shares,
		MarketCap:         marketCap, // Source: [CFA].
		EnterpriseValue:   enterpriseValue,
		// Unlike price by earnings per share it does not depend on the share basis of a report. Source: [Graham] ch. 14,
		// [CFA].
		PriceToEarningsRatioTTM: ratio(marketCap, ttm.NetIncome),
		// Source: [Graham] ch. 14, [CFA].
		PriceToBookRatio:         priceToBook,
		MarketToBookRatio:        priceToBook,
		PriceToTangibleBookValue: ratio(marketCap, tangibleBookValue), // Source: [Graham] ch. 14.
		// Source of the multiples of enterprise value: [CFA]; by analogy those of net income and assets.
		EVToRevenue:   ratio(enterpriseValue, ttm.TotalRevenues),
		EVToNetIncome: ratio(enterpriseValue, ttm.NetIncome),
		EVToEBIT:      ratio(enterpriseValue, ttm.EBIT),
		EVToEBITDA:    ratio(enterpriseValue, ttm.EBITDA),
		EVToAssets:    ratio(enterpriseValue, s.TotalAssets),
	}
}
