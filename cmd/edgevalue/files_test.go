package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// imported waits until the samples are imported, and returns Apple's export.
func (p project) imported(c *oas.Client) []byte {
	p.t.Helper()
	require.EventuallyWithT(p.t, func(t *assert.CollectT) {
		page, err := c.ListImports(p.t.Context(), oas.ListImportsParams{})
		require.NoError(t, err)
		require.Len(t, page.Items, 6)
		for _, im := range page.Items {
			require.Equalf(t, oas.ImportStateSucceeded, im.State, "%s: %s", im.Kind, im.Error.Value)
		}
	}, 90*time.Second, 100*time.Millisecond)
	return p.export("AAPL")
}

func (p project) export(ticker string) []byte {
	p.t.Helper()
	assert.Regexp(p.t, `^export/`+ticker+`\.json: statements: \d+, dividends: \d+, days: 753\n$`, p.mustRun("export", "--out", "export", ticker))
	b, err := os.ReadFile(filepath.Join(p.dir, "export", ticker+".json"))
	require.NoError(p.t, err)
	return b
}

func TestDevHasSamples(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd, printed := p.dev()
	super := p.superuser(printed)
	apple := p.imported(super)

	assertGolden(t, apple)

	t.Run("as of", func(t *testing.T) {
		p.mustRun("export", "--as-of", "2009-12-31", "--out", "then", "AAPL")
		b, err := os.ReadFile(filepath.Join(p.dir, "then", "AAPL.json"))
		require.NoError(t, err)
		assert.Contains(t, string(b), `"total_revenues":36537000000`)
		assert.NotContains(t, string(b), `"total_revenues":42905000000`)
	})
	t.Run("import", func(t *testing.T) {
		file, err := filepath.Abs("../../internal/sample/prices-AAPL.csv")
		require.NoError(t, err)
		assert.Contains(t, p.mustRun("import", "prices", "--ticker", "aapl", file), "0 written, 753 unchanged, 0 skipped")
		bad := filepath.Join(p.dir, "bad.json")
		require.NoError(t, os.WriteFile(bad, []byte("<!doctype html><title>Not found</title>"), 0o600))
		_, errOut, err := p.run("", "import", "sec", bad)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Contains(t, errOut, "bad.json: not a JSON object")
	})
	t.Run("import of a folder of prices", func(t *testing.T) {
		write := func(name, content string) {
			path := filepath.Join(p.dir, "prices", name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write([]byte("date,close\n2026-06-25,3\n"))
		require.NoError(t, errors.Join(err, z.Close()))
		stooq := "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
		write("us/1/mrvl.us.txt", stooq+"MRVL.US,D,20260622,000000,1,2,1,2,3,0\n")
		write("us/2/zzz.us.txt", stooq+"ZZZ.US,D,20260622,000000,1,2,1,2,3,0\n")
		write("MRVL.csv", "Date,Close\n2026-06-23,2\n")
		write("prices-mrvl.csv", "Date,Close\n2026-06-24,2.5\n")
		write("mrvl.txt.gz", packed.String())
		write("yyy.csv", "Date,Close\n2026-06-23,2\n")
		write("all.csv", "ticker,date,close\nMRVL,2026-06-26,3\nXXX,2026-06-26,3\n")
		write("readme.md", "nothing")
		write(".hidden.csv", "nothing")
		folder := filepath.Join(p.dir, "prices")
		out := p.mustRun("import", "prices", folder)
		for _, name := range []string{"MRVL.csv", "all.csv", "prices-mrvl.csv", "mrvl.txt.gz", "us/1/mrvl.us.txt"} {
			assert.Contains(t, out, filepath.Join(folder, name)+": 1 written, 0 unchanged")
		}
		assert.Contains(t, out, "warning: tickers that no company has: 1, with 1 rows (XXX)")
		assert.Regexp(t, `\ntickers that no company has: 2 \(ZZZ, YYY\)\n$`, out)

		write("x y.csv", "Date,Close\n2026-06-23,2\n")
		write("zz.csv", "Datum,Kurs\n")
		out, errOut, err := p.run("", "import", "prices", "--adjusted", "splits", folder)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Contains(t, out, "MRVL.csv: 0 written, 1 unchanged")
		assert.Contains(t, errOut, "x y.csv: neither a column nor the name of the file tells the ticker: give --ticker")
		assert.Contains(t, errOut, `zz.csv: line 1: unknown column "datum". Known are`)
		assert.Contains(t, errOut, "2 of 9 files could not be imported")
		for message, args := range map[string][]string{
			"not --ticker":            {"--ticker", "MRVL", folder},
			"no file .csv":            {filepath.Join(p.dir, "export")},
			"adjusted must be splits": {"--adjusted", "dividends", filepath.Join(folder, "all.csv")},
			"no company has the ticker YYY, which the name of the file tells": {filepath.Join(folder, "yyy.csv")},
			"no such company":           {"--ticker", "ZZZ", filepath.Join(folder, "MRVL.csv")},
			"is not AAPL, of which the": {"--ticker", "AAPL", filepath.Join(folder, "all.csv")},
		} {
			_, errOut, err := p.run("", append([]string{"import", "prices"}, args...)...)
			require.ErrorAs(t, err, &exit, message)
			assert.Contains(t, errOut, message)
		}
	})
	t.Run("export of an unknown ticker", func(t *testing.T) {
		out, errOut, err := p.run("", "export", "--out", "more", "NOPE", "snow", "AAPL", "NOPE2")
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Regexp(t, `^more/SNOW\.json: statements: \d+, dividends: 0, days: 0\nmore/AAPL\.json: .*\n$`, out)
		assert.Contains(t, errOut, "NOPE: ")
		assert.Contains(t, errOut, "NOPE2: ")
		assert.Contains(t, errOut, "unknown tickers: 2 of 4")
		assert.FileExists(t, filepath.Join(p.dir, "more", "AAPL.json"))
	})
	t.Run("backup and restore", func(t *testing.T) {
		p.mustRun("backup", "ev.dump")
		p.mustRun("restore", "--yes", "ev.dump")
		p.eventually("/readyz", http.StatusOK)
		assert.Equal(t, apple, p.export("AAPL"))
		file, err := filepath.Abs("../../internal/sample/prices-AAPL.csv")
		require.NoError(t, err)
		assert.Contains(t, p.mustRun("import", "prices", "--ticker", "aapl", file), "753 unchanged", "jobs go on")
	})
	p.stop(cmd)

	_, errOut, err := p.run("", "export", "--out", "export", "AAPL")
	require.Error(t, err)
	assert.Contains(t, errOut, "edgevalue dev")

	cmd, _ = p.dev()
	assert.Equal(t, apple, p.export("AAPL"), "the data is kept")
	p.stop(cmd)
}

// A dev that is killed while it imports leaves an import that the next one finishes.
func TestDevKilled(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd, printed := p.dev()
	super := p.superuser(printed)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	cmd, _ = p.dev()
	apple := p.imported(super)
	assertGolden(t, apple)
	p.stop(cmd)
}

// assertGolden compares Apple's export with the golden file, which has every fifth of the daily ratios, and metrics by the
// filed counts of shares. The export has more of each statement; the order of elements does not matter.
func assertGolden(t *testing.T, export []byte) {
	t.Helper()
	golden, err := os.ReadFile("../../internal/sec/testdata/AAPL.golden.json")
	require.NoError(t, err)
	type element = map[string]any
	type exchange struct {
		Statements  []element
		Dividends   []element
		DailyRatios []element `json:"daily_ratios"`
	}
	var want, got exchange
	require.NoError(t, json.Unmarshal(golden, &want))
	require.NoError(t, json.Unmarshal(export, &got))
	compare := func(want, got []element, keys ...string) {
		t.Helper()
		find := func(w element) element {
			i := slices.IndexFunc(got, func(g element) bool {
				return !slices.ContainsFunc(keys, func(k string) bool { return w[k] != g[k] })
			})
			require.GreaterOrEqual(t, i, 0, "not exported: %v", w)
			return got[i]
		}
		for _, w := range want {
			g := find(w)
			for name, figure := range w {
				if metrics, ok := figure.(element); ok && name == "metrics" {
					delete(metrics, "tangible_book_value_per_share")
					assert.Subset(t, g[name], metrics, "%v", w["end_date"])
					continue
				}
				assert.Equal(t, figure, g[name], "%s of %v", name, w["end_date"])
			}
		}
	}
	compare(want.Statements, got.Statements, "period", "end_date")
	compare(want.Dividends, got.Dividends, "period_end")
	compare(want.DailyRatios, got.DailyRatios, "date")
	assert.Len(t, got.Statements, len(want.Statements))
	assert.Len(t, got.Dividends, len(want.Dividends))
	assert.Len(t, got.DailyRatios, 753, "a ratio for each price")
}

func TestHelpOfData(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	help := p.mustRun("--help")
	for _, name := range []string{"import", "sync", "export", "explain", "diff", "listing", "rules"} {
		assert.Contains(t, help, "\n  "+name)
	}
	for command, columns := range map[string][]string{
		"prices":    {"date", "open", "high", "low", "close", "volume", "ex_dividend", "split_ratio"},
		"splits":    {"ticker", "effective_date", "ratio"},
		"rates":     {"date", "base", "quote", "rate"},
		"companies": {"ticker", "name", "cik", "exchange", "isin", "share_class", "currency", "ordinary_shares", "country"},
	} {
		for _, name := range columns {
			assert.Regexp(t, `\n  `+name+` +[a-zA-Z]`, p.mustRun("import", command, "--help"))
		}
	}
}
