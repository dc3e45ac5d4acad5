package value_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
)

func TestExchangeRates(t *testing.T) {
	t.Parallel()
	rate := func(day, base, quote, rate string) value.ExchangeRate {
		return value.ExchangeRate{Date: date(day), Base: base, Quote: quote, Rate: dec(rate)}
	}
	rates := value.NewExchangeRates([]value.ExchangeRate{
		rate("2020-01-10", "USD", "CAD", "1.3"), rate("2020-01-03", "USD", "CAD", "1.25"), rate("2020-01-09", "CAD", "USD", "0.75"),
		rate("2020-01-10", "CAD", "USD", "0.7"), rate("2020-01-11", "CAD", "USD", "0.8"),
		rate("2020-01-10", "EUR", "GBP", "0.85"), rate("2020-01-08", "EUR", "JPY", "120"), rate("2020-01-10", "EUR", "USD", "1.2"),
		rate("2020-01-10", "USD", "TWD", "30"),
	})
	for name, test := range map[string]struct {
		day, base, quote, want string // "" for no rate
	}{
		"one currency":             {"1990-01-01", "USD", "USD", "1"},
		"the newest of two days":   {"2020-01-08", "USD", "CAD", "5/4"},
		"the inverse, being newer": {"2020-01-09", "USD", "CAD", "4/3"},
		"of one day the direct":    {"2020-01-10", "USD", "CAD", "13/10"},
		"the inverse of the same":  {"2020-01-10", "CAD", "USD", "7/10"},
		"newer again":              {"2020-01-18", "USD", "CAD", "5/4"},
		"the day before the first": {"2020-01-02", "USD", "CAD", ""},
		"seven days":               {"2020-01-17", "USD", "TWD", "30"},
		"eight days":               {"2020-01-18", "USD", "TWD", ""},
		"by way of the euro":       {"2020-01-10", "GBP", "JPY", "2400/17"},
		"each leg by its newest":   {"2020-01-15", "GBP", "JPY", "2400/17"},
		"a leg that is too old":    {"2020-01-16", "GBP", "JPY", ""},
		"by way of the dollar":     {"2020-01-10", "EUR", "TWD", "36"},
		"the other way round":      {"2020-01-10", "TWD", "EUR", "1/36"},
		"a leg has no legs":        {"2020-01-10", "GBP", "TWD", ""},
		"unknown":                  {"2020-01-10", "GBP", "NOK", ""},
	} {
		got := ""
		if r := rates.On(date(test.day), test.base, test.quote); r != nil {
			got = r.RatString()
		}
		assert.Equal(t, test.want, got, name)
	}
}
