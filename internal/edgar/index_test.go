package edgar_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// index has the layout of today's, whose header is broken into two lines and does not say where the columns are.
const index = `Description:           Daily Index of EDGAR Dissemination Feed by Form Type
Last Data Received:    Jun 01, 2026
Comments:              webmaster@sec.gov
Anonymous FTP:         ftp://ftp.sec.gov/edgar/




Form Type   Company Name                                                  CIK
      Date Filed  File Name
---------------------------------------------------------------------------------------------------------------------------------------------
10-K             ADM TRONICS UNLIMITED, INC.                                   849401      20260601    edgar/data/849401/0001437749-26-023316.txt         
10-Q/A           A  B 2020 12 CORP                                             1           20260529    edgar/data/1/0000000001-26-000001.txt         
6-K              ` + "Soci\xe9t\xe9" + ` G` + "\xe9" + `n` + "\xe9" + `rale                                              320193      20260601    edgar/data/320193/0000000002-26-000001.txt         
SC 13D/A         A NAME THAT IS SO LONG THAT IT ENDS WHERE THE NEXT COLUMN BEGI 1234567890  20260601    edgar/data/1234567890/0000000003-26-000001.txt
SEC STAFF ACTION SOMEBODY                                                      7           2026-06-01  edgar/data/7/9999999997-26-000001.txt
UPLOAD           A NAME
 IN TWO LINES                                                    8           20260601    edgar/data/8/0000000000-26-000001.txt
`

func indexed(t testing.TB) []edgar.IndexEntry {
	t.Helper()
	june := day(t, "2026-06-01")
	return []edgar.IndexEntry{
		{"10-K", "ADM TRONICS UNLIMITED, INC.", 849401, june, "0001437749-26-023316"},
		{"10-Q/A", "A  B 2020 12 CORP", 1, day(t, "2026-05-29"), "0000000001-26-000001"},
		{"6-K", "Société Générale", 320193, june, "0000000002-26-000001"},
		{"SC 13D/A", "A NAME THAT IS SO LONG THAT IT ENDS WHERE THE NEXT COLUMN BEGI", 1234567890, june, "0000000003-26-000001"},
		{"SEC STAFF ACTION", "SOMEBODY", 7, june, "9999999997-26-000001"},
		{"UPLOAD", "A NAME IN TWO LINES", 8, june, "0000000000-26-000001"},
	}
}

const oldIndex = `Form Type   Company Name                                                  CIK         Date Filed  File Name
---------------------------------------------------------------------------------------------------------------------------------------------
1-A         American Homeowner Preservation 2015A LLC                     1667307     2016-04-26  edgar/data/1667307/0001214659-16-010965.txt         
DEF 14A     ACME                                                          5           2016-04-26  edgar/data/5/0000000005-16-000001.txt
10-K/A             WIDE                                                   6           2016-04-26  edgar/data/6/0000000006-16-000001.txt
`

func TestParseDailyIndex(t *testing.T) {
	t.Parallel()
	got, err := edgar.ParseDailyIndex(strings.NewReader(index))
	require.NoError(t, err)
	assert.Equal(t, indexed(t), got)
	got, err = edgar.ParseDailyIndex(strings.NewReader(strings.ReplaceAll(oldIndex, "\n", "\r\n")))
	require.NoError(t, err)
	april := day(t, "2016-04-26")
	assert.Equal(t, []edgar.IndexEntry{
		{"1-A", "American Homeowner Preservation 2015A LLC", 1667307, april, "0001214659-16-010965"},
		{"DEF 14A", "ACME", 5, april, "0000000005-16-000001"},
		{"10-K/A", "WIDE", 6, april, "0000000006-16-000001"},
	}, got)
	got, err = edgar.ParseDailyIndex(strings.NewReader(strings.SplitAfter(oldIndex, "-\n")[0]))
	require.NoError(t, err)
	assert.Empty(t, got, "a day without filings")
}

func TestParseDailyIndexRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ content, want string }{
		"nothing":     {"", "no line with the names of the columns"},
		"a page":      {"<html>\n----------------\n", "no line with the names of the columns"},
		"no dashes":   {strings.Split(oldIndex, "\n")[0], "no line with the names of the columns"},
		"a cut row":   {oldIndex[:len(oldIndex)-20], "line 5: not a filing"},
		"a row":       {oldIndex + "a\nb\nc\n", "line 6: not a filing: \"a b c\""},
		"a date":      {strings.Replace(oldIndex, "2016-04-26", "2016-04-31", 1), "line 3: not a filing"},
		"no CIK":      {strings.Replace(oldIndex, "1667307     2", "0           2", 1), "line 3: not a filing"},
		"no filing":   {strings.Replace(oldIndex, "0001214659-16-010965", "x", 1), "line 3: not a filing"},
		"a long line": {oldIndex + strings.Repeat("x", 1<<20), "line 6: longer than 65536 bytes"},
	} {
		_, err := edgar.ParseDailyIndex(strings.NewReader(tt.content))
		require.ErrorContains(t, err, "daily index: "+tt.want, name)
		_, ok := errors.Into[*sec.FormatError](err)
		assert.True(t, ok, name)
	}
	broken := errors.New("broken")
	_, err := edgar.ParseDailyIndex(io.MultiReader(strings.NewReader(oldIndex), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
}

func FuzzParseDailyIndex(f *testing.F) {
	f.Add([]byte(index))
	f.Add([]byte(oldIndex))
	f.Add([]byte("Form Type Company Name\n----------\nSEC STAFF ACTION A B 1 20260101 edgar/0000000001-26-000001\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		entries, err := edgar.ParseDailyIndex(bytes.NewReader(content))
		if err != nil {
			_, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			return
		}
		for _, e := range entries {
			require.NotZero(t, e.CIK)
			require.NotZero(t, e.Filed)
			require.Len(t, e.Accession, len("0000320193-17-000070"))
			require.NotContains(t, e.Name+e.Form, "\x00")
		}
	})
}
