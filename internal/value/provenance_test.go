package value_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

// A filing is read as its fields say, however it is written.
func TestFilingJSON(t *testing.T) {
	t.Parallel()
	type plain value.Filing
	for _, text := range []string{
		`{"url": "https://www.sec.gov/x", "form": "10-K", "filed": "2020-10-30T00:00:00Z", "accession": "0000320193-20-000096"}`,
		`{"url":"","form":"10-K/A","filed":"2020-10-30T01:02:03.5+02:00","accession":"a"}`,
		`{"form": "caf\u00e9 \"", "filed": "2020-10-30T00:00:00Z", "more": {"a": [1, "}"]}, "url": "é"}`,
		`{ "form" : "10-K" }`, `{}`, `null`, `{"FORM": "10-Q"}`, `{"form": null}`,
	} {
		var want plain
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		var got value.Filing
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		assert.Equal(t, value.Filing(want), got, text)
	}
	for _, text := range []string{`{"form": 1}`, `{"filed": "today"}`, `[]`, `"10-K"`} {
		require.Error(t, json.Unmarshal([]byte(text), new(value.Filing)), text)
	}
	both, err := json.Marshal(value.Filing{Form: "10-K", Filed: date("2020-10-30")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"accession": "", "form": "10-K", "filed": "2020-10-30T00:00:00Z", "url": ""}`, string(both))
}

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
