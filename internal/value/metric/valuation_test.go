package metric_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// rat reads a number.
func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// What Apple's price of 2017-12-29 asks of its free cash flow of fiscal year 2017, with and without its securities.
func ExampleImpliedGrowth() {
	for _, of := range [][]string{{"715664619760", "0.10", "0.03"}, {"868879619760", "0.09", "0.025"}} {
		g := metric.ImpliedGrowth(rat(of[0]), rat("51147000000"), rat(of[1]), rat(of[2]), 10)
		fmt.Println(g.Exact.FloatString(9))
	}
	// Output:
	// 0.023148130
	// 0.034894021
}

func TestImpliedGrowth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		worth, cash, rate, terminal string
		years                       int
		reason                      metric.Reason
		growth                      string
	}{
		// 110 / 1.1 + 110 x 1 / (0.1 x 1.1) = 1,100
		{"1100", "100", "0.1", "0", 1, "", "0.100000000000"},
		// A cash flow that does not grow is worth 100 / 0.1.
		{"1000", "100", "0.1", "0", 7, "", "0.000000000000"},
		{"0", "100", "0.1", "0", 7, metric.NegativeInput, ""},
		{"1000", "-1", "0.1", "0", 7, metric.NegativeInput, ""},
		{"1000", "100", "0.1", "0.1", 7, metric.NegativeDenominator, ""},
		{"-1", "100", "0.1", "0.2", 7, metric.NegativeDenominator, ""},
		{"1000", "100", "0.1", "0", 0, metric.NegativeInput, ""},
		{"1e30", "100", "0.1", "0", 7, metric.NegativeInput, ""},  // more than ten times a year
		{"0.001", "100", "0.1", "0", 7, metric.NegativeInput, ""}, // less than nothing
	} {
		g := metric.ImpliedGrowth(rat(test.worth), rat(test.cash), rat(test.rate), rat(test.terminal), test.years)
		assert.Equal(t, test.reason, g.Reason, test)
		if test.growth != "" && assert.NotNil(t, g.Exact) {
			assert.Equal(t, test.growth, g.Decimal().StringFixed(12), test)
		}
	}
}

// The n-th power of a root is the number, and whole roots are exact.
func TestRoot(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "4", metric.Root(rat("16"), 2).RatString())
	assert.Equal(t, "3/2", metric.Root(rat("57.6650390625"), 10).RatString())
	assert.Equal(t, "7/10", metric.Root(rat("0.343"), 3).RatString())
	assert.Equal(t, "1.414213562373095048801688724210", metric.Root(rat("2"), 2).FloatString(30))
	for _, n := range []int{1, 2, 3, 5, 10} {
		for _, x := range []string{"1", "0.000001", "2.7", "123456789.123", "999999999999"} {
			root, power := metric.Root(rat(x), n), big.NewRat(1, 1)
			for range n {
				power.Mul(power, root)
			}
			assert.Equal(t, rat(x).FloatString(12), power.FloatString(12), "%s, %d", x, n)
		}
	}
}
