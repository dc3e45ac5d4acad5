package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// The name of a file of prices tells their listing where nothing else does.
func TestImportOfNamedPrices(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	for name, text := range map[string]string{
		"companies.csv": "ticker,name\nAAPL,Apple\nKO,Coca-Cola\n",
		"AAPL.csv":      "date,close\n2024-01-02,1\n",
		"aapl.us.txt":   "ticker,date,close\nKO,2024-01-02,2\nAAPL,2024-01-03,3\n",
		"ko.csv":        "date,close\n2024-01-04,4\n",
		"prices.csv":    "date,close\n2024-01-02,1\n",
		"my prices.csv": "date,close\n2024-01-02,1\n",
		"bad.csv":       "Datum,Kurs\n",
		"cut.csv.gz":    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
	}
	for _, c := range []struct {
		args []string
		want string // the command fails if it does not say "written"
	}{
		{[]string{"companies", "companies.csv"}, "companies.csv: 4 written"},
		{[]string{"prices", "AAPL.csv", "aapl.us.txt"}, "aapl.us.txt: 2 written, 0 unchanged"},
		{[]string{"prices", "AAPL.csv"}, "AAPL.csv: 0 written, 1 unchanged"},
		{[]string{"prices", "--ticker", "AAPL", "ko.csv"}, "ko.csv: 1 written"},
		{[]string{"prices", "prices.csv"}, "prices.csv: no company has the ticker PRICES, which the name of the file tells: give --ticker\n"},
		{[]string{"prices", "my prices.csv"}, "my prices.csv: neither a column nor the name of the file tells the ticker: give --ticker\n"},
		{[]string{"prices", "bad.csv"}, `bad.csv: line 1: unknown column "datum". Known are those of EdgeValue (ticker, date, `},
		{[]string{"prices", "cut.csv.gz"}, "cut.csv.gz: the file is not a whole gzip file\n"},
		{[]string{"prices", "none.csv"}, "none.csv: no such file or directory\n"},
	} {
		out, err := p.on(pool, append([]string{"import"}, c.args...)...)
		assert.Equal(t, strings.Contains(c.want, "written"), err == nil, "%v: %s", c.args, out)
		assert.Contains(t, out, c.want, "%v", c.args)
	}
	var prices string
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', l.ticker, p.date, p.close), ', ' ORDER BY l.ticker, p.date)
		FROM price p JOIN listing l ON l.id = p.listing_id`).Scan(&prices))
	assert.Equal(t, "AAPL 2024-01-02 1, AAPL 2024-01-03 3, AAPL 2024-01-04 4, KO 2024-01-02 2", prices)
	piped := p.command("import", "prices", "/dev/stdin")
	piped.Env = append(piped.Env, "DATABASE_URL="+pool.Config().ConnString())
	piped.Stdin = strings.NewReader("ticker,date,close\nKO,2024-01-05,5\n")
	out, err := piped.CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "/dev/stdin: 1 written")
}

// What a listing is, its prices and the rates of its currency, all by the command.
func TestListingCommand(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	file := func(name, text string) string {
		path := filepath.Join(p.dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := p.on(pool, args...)
		require.NoError(t, err, out)
		return out
	}
	refused := func(message string, args ...string) {
		t.Helper()
		out, err := p.on(pool, args...)
		require.Error(t, err, out)
		assert.Contains(t, out, message)
	}
	assert.Contains(t, run("import", "companies", file("companies.csv", "ticker,name,currency\nBRK.B,Berkshire,\nTSM,TSMC,TWD\n")), "4 written")
	set := run("listing", "set", "brk/b", "--ordinary-shares", "1/1500", "--exchange", "NYSE")
	assert.Equal(t, "TICKER  CURRENCY  ORDINARY SHARES  EXCHANGE  ISIN  CLASS\nBRK.B   USD       1/1500           NYSE      -     -\n", set)
	assert.Equal(t, set, run("listing", "show", "BRK-B"))
	assert.Contains(t, run("listing", "set", "TSM", "--ordinary-shares", "5", "--isin", "US8740391003", "--share-class", "ADS"),
		"TSM     TWD       5                -         US8740391003  ADS")
	assert.Contains(t, run("listing", "set", "TSM", "--currency", "", "--ordinary-shares", ""), "TSM     USD       -                -         US8740391003  ADS")
	var events int
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM audit_event WHERE action = 'company.changed' AND actor = 'command_line'
		AND target = 'BRK.B' AND detail #>> '{after,listing BRK.B,ordinary_shares}' = '1/1500'`).Scan(&events))
	assert.Equal(t, 1, events)
	refused("--ordinary-shares must be a number above 0", "listing", "set", "TSM", "--ordinary-shares", "0")
	refused("--currency must be an ISO 4217 currency code", "listing", "set", "TSM", "--currency", "dollar")
	refused("no such company", "listing", "set", "NOPE", "--currency", "EUR")
	refused("no such company", "listing", "show", "NOPE")
	refused("at least one of the flags", "listing", "set", "TSM")

	assert.Contains(t, run("import", "rates", file("rates.csv", "Date,USD,\n2017-12-29,1.1993,\n")), "1 written, 0 unchanged, 0 skipped")
	run("import", "splits", file("splits.csv", "ticker,effective_date,ratio\nBRK.B,2010-01-21,50\n"))
	prices := file("prices.csv", "Date,Close,Adj Close\n01/20/2010,69.5,60\n01/21/2010,72.72,null\n01/22/2010,null,null\n")
	refused("looks_split_adjusted on 2010-01-21", "import", "prices", "--ticker", "BRK-B", prices)
	refused(`--adjusted-as-of "today" is not a date`, "import", "prices", "--ticker", "BRK-B", "--adjusted-as-of", "today", prices)
	out := run("import", "prices", "--ticker", "BRK-B", "--adjusted-as-of", "2017-12-29", prices)
	assert.Contains(t, out, "2 written, 0 unchanged, 1 skipped")
	assert.Contains(t, out, "warning: rows that were skipped, as their close is no number above 0: 1\n")
	refused("none.csv: no such file or directory\n", "import", "prices", "--ticker", "TSM", "none.csv")
	refused(p.dir+": is a directory\n", "import", "splits", p.dir)
	run("export", "--out", "out", "brk/b")
	b, err := os.ReadFile(filepath.Join(p.dir, "out", "BRK.B.json"))
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(b), `"date":"2010-01-20","close":3475,"price_currency":"USD"`), "%s", b)
}
