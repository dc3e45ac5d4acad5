package value_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

func TestExplanationJSON(t *testing.T) {
	t.Parallel()
	key := value.StatementKey{Period: value.Annual, EndDate: date("2023-09-30")}
	entered := func(n int64) *value.Explanation {
		return &value.Explanation{Op: value.OpEntered, Value: decimal.NewFromInt(n)}
	}
	formula := &value.Explanation{
		Op: value.OpFormula, Value: decimal.RequireFromString("0.333333333333"), Metric: "current_ratio",
		Inputs: []*value.Explanation{
			value.ExplainField(key, "current_assets", entered(1)),
			value.ExplainField(key, "current_liabilities", entered(3)),
		},
	}
	b, err := json.Marshal(formula)
	require.NoError(t, err)
	field := func(name, n string) string {
		return `{"op":"field","value":` + n + `,"field":"` + name + `","statement":{"period":"annual","end_date":"2023-09-30"},` +
			`"inputs":[{"op":"entered","value":` + n + `,"inputs":[]}]}`
	}
	assert.Equal(t, `{"op":"formula","value":0.333333333333,"metric":"current_ratio","inputs":[`+
		field("current_assets", "1")+","+field("current_liabilities", "3")+`]}`, string(b))
}
