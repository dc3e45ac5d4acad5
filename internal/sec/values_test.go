package sec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// A sum that does not fit is unknown, and does not begin anew: an overflow in between is not made good by what follows.
func TestSum(t *testing.T) {
	t.Parallel()
	n := func(n int64) *int64 { return &n }
	huge := n(9e18)
	for _, test := range []struct {
		amounts []*int64
		sum     *int64
	}{
		{nil, nil},
		{[]*int64{nil}, nil},
		{[]*int64{nil, n(5)}, n(5)},
		{[]*int64{n(5), nil, n(5)}, n(10)},
		{[]*int64{huge, n(5)}, n(9e18 + 5)},
		{[]*int64{huge, huge}, nil},
		{[]*int64{huge, huge, n(5)}, nil},
		{[]*int64{huge, nil, huge, nil, n(5), n(5)}, nil},
		{[]*int64{n(5), huge, huge, n(-9e18)}, nil},
	} {
		assert.Equal(t, test.sum, sec.Sum(test.amounts...), "%v", test.amounts)
	}
}
