package sec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A sum that does not fit is unknown, and does not begin anew.
func TestSumsAreThoseOfValues(t *testing.T) {
	t.Parallel()
	huge, five := new(int64(9e18)), new(int64(5))
	for _, amounts := range [][]*int64{
		{}, {nil}, {nil, five}, {five, nil, five}, {huge, five}, {huge, huge}, {huge, huge, five}, {huge, nil, huge, nil, five, five},
		{five, huge, huge, new(int64(-9e18))},
	} {
		assert.Equal(t, value.Sum(amounts...), sec.Sum(amounts...))
	}
	assert.Nil(t, sec.Sum(huge, huge, five))
}
