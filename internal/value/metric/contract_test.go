package metric_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// The contract describes the metrics that have fields of their own as the definitions do, and names every group, unit,
// scope and reason.
func TestContract(t *testing.T) {
	t.Parallel()
	const file = "../../../openapi.yaml"
	contract, err := os.ReadFile(file)
	require.NoError(t, err)
	property := regexp.MustCompile(`(?m)^        ([a-z0-9_]+): \{ .*description: ('(?:[^']|'')*') \}$`)
	described := 0
	text := string(contract)
	for _, schema := range []string{"ValueMetrics", "DailyRatios"} {
		start := strings.Index(text, "\n    "+schema+":\n")
		require.Positive(t, start, schema)
		end := start + strings.Index(text[start:], "\n      examples:")
		block := property.ReplaceAllStringFunc(text[start:end], func(line string) string {
			found := property.FindStringSubmatch(line)
			d := metric.Find(found[1])
			if d == nil {
				return line
			}
			described++
			return strings.Replace(line, found[2], "'"+strings.ReplaceAll(d.Label+": "+d.Formula, "'", "''")+"'", 1)
		})
		text = text[:start] + block + text[end:]
	}
	assert.Equal(t, 18+9, described)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	} else {
		assert.Equal(t, text, string(contract), "run make generate")
	}

	schema := func(name string) string {
		_, after, _ := strings.Cut(text, "\n    "+name+":\n")
		block, _, _ := strings.Cut(after, "\n      examples:")
		return block
	}
	for _, d := range metric.All() {
		for _, word := range []string{string(d.Group), string(d.Unit), string(d.Scope), string(d.Better)} {
			assert.Contains(t, schema("MetricDefinition"), word, d.ID)
		}
	}
	for _, reason := range metric.Reasons {
		assert.Contains(t, schema("MetricReason"), "`"+string(reason)+"`")
	}
}
