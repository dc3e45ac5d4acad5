package sec_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// An expectation holds what matters of a case: what it names must be so.
type expectation struct {
	Statements        []map[string]any
	Complete          bool // there are no other statements
	Dividends         []map[string]any
	DividendsComplete bool             `json:"dividends_complete"`
	DailyRatios       []map[string]any `json:"daily_ratios"`
	Import            map[string]any
	AsOf              map[string]expectation `json:"as_of"`
}

// Small documents, each with what is right. testdata/cases/README.md says what they are.
func TestCases(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/cases/*/expected.json")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, path := range folders {
		folder := filepath.Dir(path)
		documents, err := filepath.Glob(filepath.Join(folder, "facts*.json"))
		require.NoError(t, err)
		if len(documents) == 0 {
			continue // of price files or lists
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			var want expectation
			decode(t, path, &want)
			facts := parseFiles(t, documents...)
			want.check(t, facts, time.Time{})
			checkRows(t, want.DailyRatios, dailyRatiosOf(t, folder, facts), "date")
			for day, want := range want.AsOf {
				want.check(t, facts, date(t, day))
			}
			checkHistory(t, facts)
		})
	}
}

func parseFiles(t *testing.T, paths ...string) *sec.CompanyFacts {
	t.Helper()
	facts, err := sec.ParseCompanyFacts(readers(t, paths)...)
	require.NoError(t, err)
	return facts
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, into))
}

func (want *expectation) check(t *testing.T, facts *sec.CompanyFacts, asOf time.Time) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, value.NewExchange(facts.Statements(asOf), facts.Dividends(asOf), nil).Encode(&b))
	var got struct{ Statements, Dividends []map[string]any }
	require.NoError(t, json.Unmarshal(b.Bytes(), &got))

	checkRows(t, want.Statements, got.Statements, "period", "end_date")
	if want.Complete {
		assert.Len(t, got.Statements, len(want.Statements))
	}
	checkRows(t, want.Dividends, got.Dividends, "period_end")
	if want.DividendsComplete {
		assert.Len(t, got.Dividends, len(want.Dividends))
	}
	if want.Import != nil {
		text, err := json.Marshal(facts.Report())
		require.NoError(t, err)
		var report map[string]any
		require.NoError(t, json.Unmarshal(text, &report))
		checkFields(t, "import", want.Import, report)
	}
}

// dailyRatiosOf computes the ratios of a folder's prices, if it has any.
func dailyRatiosOf(t *testing.T, folder string, facts *sec.CompanyFacts) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "prices.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var ratios []value.DailyRatios
	for _, row := range rows[1:] {
		quote := value.Quote{
			Day: date(t, row[0]), Close: decimal.RequireFromString(row[1]), Currency: "USD", OrdinaryShares: big.NewRat(1, 1),
		}
		for _, f := range facts.AnnualForms() { // no case declares its listing
			if f.Foreign && !f.KnownFrom.After(quote.Day) {
				quote.OrdinaryShares = nil
			}
		}
		ratios = append(ratios, ratiosOn(quote, facts, nil, nil))
	}
	var b bytes.Buffer
	require.NoError(t, value.NewExchange(nil, nil, ratios).Encode(&b))
	var got struct {
		DailyRatios []map[string]any `json:"daily_ratios"`
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &got))
	return got.DailyRatios
}

// checkRows finds each wanted row among those that there are, by its keys.
func checkRows(t *testing.T, want, got []map[string]any, keys ...string) {
	t.Helper()
	for _, w := range want {
		name := ""
		i := slices.IndexFunc(got, func(g map[string]any) bool {
			name = ""
			for _, key := range keys {
				name += w[key].(string) + " "
				if g[key] != w[key] {
					return false
				}
			}
			return true
		})
		if i < 0 {
			t.Errorf("no %v", w)
			continue
		}
		checkFields(t, name, w, got[i])
	}
}

// checkFields compares what is wanted: numbers to a billionth part.
func checkFields(t *testing.T, path string, want, got map[string]any) {
	t.Helper()
	for name, w := range want {
		g, ok := got[name]
		if !assert.True(t, ok, "%s has no %s", path, name) {
			continue
		}
		switch w := w.(type) {
		case map[string]any:
			if inner, ok := g.(map[string]any); assert.True(t, ok, "%s%s: %v", path, name, g) {
				checkFields(t, path+name+" ", w, inner)
			}
		case float64:
			n, ok := g.(float64)
			if !ok || math.Abs(n-w) > 1e-9*math.Abs(w) {
				t.Errorf("%s%s: want %v, got %v", path, name, w, g)
			}
		default:
			assert.Equal(t, w, g, "%s%s", path, name)
		}
	}
}
