package value

import (
	"math/big"
	"slices"
	"sort"
	"time"

	"github.com/shopspring/decimal"
)

// RateDays is how many days before a day its exchange rate may be: markets rest at weekends and on holidays.
const RateDays = 7

// An ExchangeRate says that on a day one unit of Base was Rate units of Quote.
type ExchangeRate struct {
	Date        time.Time
	Base, Quote string
	Rate        decimal.Decimal // above zero
}

// ExchangeRates are those of one base and quote, in the order of their days.
type ExchangeRates map[currencyPair][]ExchangeRate

type currencyPair struct{ base, quote string }

// NewExchangeRates takes rates in any order, and at most one of a pair and day.
func NewExchangeRates(rates []ExchangeRate) ExchangeRates {
	byPair := ExchangeRates{}
	for _, r := range rates {
		p := currencyPair{r.Base, r.Quote}
		byPair[p] = append(byPair[p], r)
	}
	for _, of := range byPair {
		slices.SortFunc(of, func(a, b ExchangeRate) int { return a.Date.Compare(b.Date) })
	}
	return byPair
}

// On returns how many units of quote one unit of base is on a day, exactly: by a rate between the two, else by way of the
// euro, else of the dollar. It returns nil when there is no such rate of the day or the week before.
func (r ExchangeRates) On(day time.Time, base, quote string) *big.Rat {
	if base == quote {
		return big.NewRat(1, 1)
	}
	if rate := r.between(day, base, quote); rate != nil {
		return rate
	}
	for _, via := range []string{"EUR", "USD"} {
		first, second := r.between(day, base, via), r.between(day, via, quote)
		if first != nil && second != nil {
			return first.Mul(first, second)
		}
	}
	return nil
}

// between returns the newest rate of either direction; of one day that from base to quote.
func (r ExchangeRates) between(day time.Time, base, quote string) *big.Rat {
	direct, inverse := r.newest(day, base, quote), r.newest(day, quote, base)
	switch {
	case direct != nil && (inverse == nil || !inverse.Date.After(direct.Date)):
		return direct.Rate.Rat()
	case inverse != nil:
		rate := inverse.Rate.Rat()
		return rate.Inv(rate)
	}
	return nil
}

func (r ExchangeRates) newest(day time.Time, base, quote string) *ExchangeRate {
	of := r[currencyPair{base, quote}]
	n := sort.Search(len(of), func(i int) bool { return of[i].Date.After(day) })
	if n == 0 || of[n-1].Date.Before(day.AddDate(0, 0, -RateDays)) {
		return nil
	}
	return &of[n-1]
}
