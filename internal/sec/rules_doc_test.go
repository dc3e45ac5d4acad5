package sec_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-faster/yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

var (
	inCode  = regexp.MustCompile("`[^`\n]+`")
	tagLike = regexp.MustCompile(`^[A-Z][a-z][A-Za-z0-9]*$`)
	// spelled is anything that looks like a tag of two words or more in a description of the contract.
	spelled = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z][A-Za-z]+\b(\.\.\.)?`)
)

// notRead are the tags that docs/rules.md names to say that they are not read.
var notRead = []string{"PaymentsToAcquireRealEstate"}

func readRules(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/rules.md")
	require.NoError(t, err)
	return string(b)
}

// codes are the words in code of a text.
func codes(text string) (words []string) {
	for _, word := range inCode.FindAllString(text, -1) {
		words = append(words, strings.Trim(word, "`"))
	}
	return words
}

// isRead tells whether any rule reads a tag.
func isRead(tag string) bool {
	for _, tags := range sec.Tags {
		if tags[tag] {
			return true
		}
	}
	return false
}

// docs/rules.md names the tags that the rules read, and no other.
func TestRulesNameTheTagsThatAreRead(t *testing.T) {
	t.Parallel()
	words := codes(readRules(t))
	for taxonomy, tags := range sec.Tags {
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			assert.True(t, slices.Contains(words, tag), "%s:%s", taxonomy, tag)
		}
	}
	for _, word := range words {
		if tagLike.MatchString(word) {
			assert.NotEqual(t, slices.Contains(notRead, word), isRead(word), word)
		}
	}
	for _, beginning := range sec.IncomeTaxBeginnings() {
		assert.True(t, slices.Contains(words, beginning+"…"), beginning)
	}
}

// docs/rules.md has the tags of each list in their order, in one paragraph, item or cell of a table.
func TestRulesNameTagsInTheirOrder(t *testing.T) {
	t.Parallel()
	var blocks [][]string
	var block strings.Builder
	end := func() {
		blocks = append(blocks, codes(block.String()))
		block.Reset()
	}
	item := regexp.MustCompile(`^ *(-|\d+\.) `)
	for line := range strings.Lines(readRules(t)) {
		switch {
		case strings.HasPrefix(line, "|"):
			end()
			for cell := range strings.SplitSeq(line, " | ") {
				blocks = append(blocks, codes(cell))
			}
		case strings.TrimSpace(line) == "" || item.MatchString(line):
			end()
			fallthrough
		default:
			block.WriteString(line)
		}
	}
	end()
	inOrder := func(list, words []string) bool {
		for _, word := range words {
			if len(list) > 0 && word == list[0] {
				list = list[1:]
			}
		}
		return len(list) == 0
	}
	lists := sec.TagLists()
	require.Greater(t, len(lists), 80)
	for _, list := range lists {
		assert.True(t, slices.ContainsFunc(blocks, func(words []string) bool { return inOrder(list, words) }), "%v", list)
	}
}

// docs/rules.md names each figure, and each mark and other word that the contract lists for them.
func TestRulesNameWhatIsServed(t *testing.T) {
	t.Parallel()
	rules := readRules(t)
	words := codes(rules)
	for _, of := range []any{
		value.Statement{}, value.Metrics{}, value.DailyRatios{}, value.ImportReport{}, value.SkippedFacts{}, value.FilingsRead{},
	} {
		for field := range reflect.TypeOf(of).Fields() {
			name := field.Tag.Get("json")
			assert.True(t, slices.Contains(words, name), name)
		}
	}
	var contract struct {
		Components struct {
			Schemas map[string]struct {
				Enum []string `yaml:"enum"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(edgevalue.OpenAPI, &contract))
	schemas := contract.Components.Schemas
	for _, name := range []string{"Mark", "SharesSource", "EbitBasis", "DailyReason", "Taxonomy", "Period"} {
		require.NotEmpty(t, schemas[name].Enum, name)
		for _, word := range schemas[name].Enum {
			assert.True(t, slices.Contains(words, word), "%s of %s", word, name)
		}
	}
	for _, why := range []value.WhyNothing{value.NoFacts, value.NoPeriodicReport, value.NoFlow, value.NoBalanceSheet} {
		assert.True(t, slices.Contains(words, string(why)), why)
	}
	_, table, _ := strings.Cut(rules, "\n## Marks\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var marks []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(table, -1) {
		marks = append(marks, row[1])
	}
	assert.Equal(t, schemas["Mark"].Enum, marks)
	assert.Contains(t, rules, fmt.Sprintf("These are version %d of the rules", sec.RulesVersion))
}

// Descriptions of figures in the contract name tags that are read. One that ends in three dots is a beginning.
func TestContractNamesTagsThatAreRead(t *testing.T) {
	t.Parallel()
	var contract struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(edgevalue.OpenAPI, &contract))
	named := 0
	for _, schema := range []string{"FinancialStatement", "Dividend"} {
		for field, p := range contract.Components.Schemas[schema].Properties {
			for _, tag := range spelled.FindAllString(p.Description, -1) {
				beginning, isBeginning := strings.CutSuffix(tag, "...")
				read := isRead(tag)
				if isBeginning {
					for _, tags := range sec.Tags {
						for tag := range tags {
							read = read || strings.HasPrefix(tag, beginning)
						}
					}
				}
				assert.True(t, read, "%s.%s: %s", schema, field, tag)
				named++
			}
		}
	}
	assert.Greater(t, named, 60)
}
