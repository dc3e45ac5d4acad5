package value

import (
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Latest returns the statement that daily ratios are computed from: the annual or quarterly one with the latest end date,
// of two on one date the quarterly. It returns nil for none.
func Latest(statements []Statement) *Statement {
	var latest *Statement
	for i := range statements {
		s := &statements[i]
		switch {
		case s.Period == Partial:
		case latest == nil, s.EndDate.After(latest.EndDate), s.EndDate.Equal(latest.EndDate) && s.Period == Quarterly:
			latest = s
		}
	}
	return latest
}

// SharesOn returns the number of shares on a day: the count times the ratio of every split that is not in it and took
// effect by the day, rounded half up; nil if that does not fit in an int64. The price of the day is on the new basis,
// whoever knew of the split. The number is not known, and the result nil, where it is not known whether a split that
// is not in the count had taken effect.
func SharesOn(day time.Time, count ShareCount, splits []Split) (shares *int64, isKnown bool) {
	for _, s := range splits {
		if s.IsOld(count.BasisDate) && s.IsOpenOn(day) {
			return nil, false
		}
	}
	if len(BasisSplits(count.BasisDate, day, splits)) == 0 {
		return new(count.Shares), true
	}
	ratio := BasisRatio(count.BasisDate, day, splits)
	return wholeRat(ratio.Mul(ratio, new(big.Rat).SetInt64(count.Shares))), true
}

// staleDays is how many days older than a statement a count of shares may be.
const staleDays = 200

// CountFor returns the count of shares that goes with a statement: that on a cover, else on a balance sheet, unless it is
// too old; else the statement's own, if that is an average or was entered by hand.
func CountFor(s *Statement, counts []ShareCount) *ShareCount {
	for _, source := range []SharesSource{Cover, BalanceSheet} {
		for i := range counts {
			if c := &counts[i]; c.Source == source && !c.EndDate.Before(s.EndDate.AddDate(0, 0, -staleDays)) {
				return c
			}
		}
	}
	if s.SharesOutstanding == nil || s.SharesSource != nil && *s.SharesSource != WeightedAverage {
		return nil
	}
	return &ShareCount{
		Source: WeightedAverage, KnownFrom: s.PublishDate, BasisDate: s.PublishDate, EndDate: s.EndDate, Shares: *s.SharesOutstanding,
	}
}

// A Quote is the price of one listed share on a trading day, as traded.
type Quote struct {
	Day      time.Time
	Close    decimal.Decimal
	Currency string
	// OrdinaryShares is how many of the shares that filings count one listed share stands for; nil if that is not known.
	OrdinaryShares *big.Rat
}

// A MarketValue is what a company costs on a trading day.
type MarketValue struct {
	Shares       *int64 // on the share basis of the day
	Listed       *int64 // what all shares cost, in the currency of the price
	Cap          *int64 // the same in the currency of the statement
	ExchangeRate *big.Rat
	Reasons      []DailyReason // why some of it is not known

	quote Quote
}

// ComputeMarketValue returns what a company costs on a trading day, from the latest statement (nil if there is none yet) and
// the newest share counts, one of each source, all as known on that day. The rate is what one unit of the first currency is
// in the second, nil if that is not known.
func ComputeMarketValue(q Quote, s *Statement, counts []ShareCount, splits []Split, rate func(from, to string) *big.Rat) MarketValue {
	m := MarketValue{Shares: nil, Listed: nil, Cap: nil, ExchangeRate: one, Reasons: []DailyReason{}, quote: q}
	because := func(holds bool, reason DailyReason) {
		if holds {
			m.Reasons = append(m.Reasons, reason)
		}
	}
	if s == nil {
		s = new(Statement)
	} else {
		m.ExchangeRate = rate(q.Currency, s.Currency)
	}

	// The price is as traded, and so are the shares.
	count := CountFor(s, counts)
	splitDateKnown := true
	if count != nil {
		m.Shares, splitDateKnown = SharesOn(q.Day, *count, splits)
	}
	if m.Shares != nil && q.OrdinaryShares != nil {
		m.Listed = wholeCost(q.Close, *m.Shares, one, q.OrdinaryShares) // Source: [CFA].
		if m.ExchangeRate != nil {
			m.Cap = wholeCost(q.Close, *m.Shares, m.ExchangeRate, q.OrdinaryShares)
		}
	}
	because(count == nil, SharesUnknown)
	because(!splitDateKnown, SplitDateUnknown)
	because(q.OrdinaryShares == nil, ADSRatioUnknown)
	because(m.ExchangeRate == nil, CurrencyMismatch)
	return m
}

// wholeCost is what shares cost at a price, times one number and divided by another, rounded half up to whole units; nil if that
// does not fit in an int64. It is exact without reducing fractions, which takes long where days are many.
func wholeCost(price decimal.Decimal, shares int64, times, by *big.Rat) *int64 {
	n, d := price.Coefficient(), big.NewInt(1)
	n.Mul(n, big.NewInt(shares))
	n.Mul(n, times.Num()).Mul(n, by.Denom())
	d.Mul(times.Denom(), by.Num())
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(price.Exponent(), -price.Exponent()))), nil) //nolint:mnd // decimals
	if price.Exponent() < 0 {
		d.Mul(d, power)
	} else {
		n.Mul(n, power)
	}
	// floor((2n + d) / 2d)
	n.Lsh(n, 1).Add(n, d)
	if n.Div(n, d.Lsh(d, 1)); !n.IsInt64() {
		return nil
	}
	return new(n.Int64())
}

// Price is that of one ordinary share, in the currency of the statement; nil if it is not known.
func (m MarketValue) Price() *big.Rat {
	if m.quote.OrdinaryShares == nil || m.ExchangeRate == nil {
		return nil
	}
	price := m.quote.Close.Rat()
	return price.Quo(price, m.quote.OrdinaryShares).Mul(price, m.ExchangeRate)
}

// PriceToEarnings is what a company costs by the net income of its common shareholders in twelve months. Unlike price by
// earnings per share it does not depend on the share basis of a report. Source: [Graham] ch. 14, [CFA].
func (m MarketValue) PriceToEarnings(ttm *TTM) *decimal.Decimal { return ratio(m.Cap, ttm.toCommon()) }

// Ratios returns the ratios of a trading day from what the company costs on it.
func (m MarketValue) Ratios(s *Statement, ttm TTM) DailyRatios {
	q := m.quote
	//exhaustruct:ignore TestEveryMetricHasAFormula finds what the formulas below leave out
	r := DailyRatios{
		Date: q.Day, Close: q.Close, PriceCurrency: q.Currency, Marks: Marks(), Reasons: slices.Clone(m.Reasons),
		SharesOutstanding: m.Shares, MarketCap: m.Listed,
	}
	if s == nil {
		s = new(Statement)
	} else {
		r.StatementEndDate, r.Currency, r.Marks = &s.EndDate, &s.Currency, Marks(s.Marks...)
		if m.ExchangeRate != nil {
			r.ExchangeRate = new(decimal.NewFromBigRat(m.ExchangeRate, Precision))
		}
	}
	if s.CashAndEquivalents == nil {
		r.Reasons = append(r.Reasons, CashUnknown)
	}
	if s.Has(DebtUnknown) {
		r.Reasons = append(r.Reasons, ReasonDebtUnknown)
	}

	bookValue, tangibleBookValue := bookValues(s)
	// Debt, the minorities' part of equity and preferred stock count if known. Marketable securities are not deducted.
	// Source: [CFA].
	if !s.Has(DebtUnknown) {
		r.EnterpriseValue = Sub(AddKnown(AddKnown(AddKnown(m.Cap, s.TotalDebt), s.NoncontrollingInterest), s.PreferredStock),
			s.CashAndEquivalents)
	}
	r.PriceToEarningsRatioTTM = m.PriceToEarnings(&ttm)
	// Source: [Graham] ch. 14, [CFA].
	r.PriceToBookRatio = ratio(m.Cap, bookValue)
	r.MarketToBookRatio = r.PriceToBookRatio
	r.PriceToTangibleBookValue = ratio(m.Cap, tangibleBookValue) // Source: [Graham] ch. 14.
	// Source of the multiples of enterprise value: [CFA]; by analogy those of net income and assets.
	r.EVToRevenue = ratio(r.EnterpriseValue, ttm.TotalRevenues)
	r.EVToNetIncome = ratio(r.EnterpriseValue, ttm.NetIncome)
	r.EVToEBIT = ratio(r.EnterpriseValue, ttm.EBIT)
	r.EVToEBITDA = ratio(r.EnterpriseValue, ttm.EBITDA)
	r.EVToAssets = ratio(r.EnterpriseValue, s.TotalAssets)
	return r
}
