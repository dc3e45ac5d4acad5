package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"strings"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/sample"
)

// createCompany adds a company with one listing.
func (f *fixture) createCompany(ticker string) *oas.Company {
	f.t.Helper()
	c, err := f.super.CreateCompany(f.t.Context(), &oas.CompanyCreate{
		Name: ticker + " Inc.", Listings: []oas.ListingInput{{Ticker: oas.Ticker(ticker)}},
	})
	require.NoError(f.t, err)
	return c
}

// uniqueCIK is larger than those of real companies, and shorter than a CIK can be.
func uniqueCIK() int64 { return 100_000_000 + rand.Int64N(900_000_000) }

func uniqueISIN() string {
	number, sum := fmt.Sprintf("%09d", rand.Int64N(1_000_000_000)), 0
	digits := "3028" + number // U and S as numbers
	for i := range digits {
		d := int(digits[i] - '0')
		if (len(digits)-i)%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return fmt.Sprintf("US%s%d", number, (10-sum%10)%10)
}

// tomorrow is a day that the server takes for one in the future.
func tomorrow() time.Time {
	if remote() {
		return time.Now().UTC().AddDate(0, 0, 3)
	}
	return start.AddDate(0, 0, 1)
}

// sampleFile reads one of the shipped files.
func sampleFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := sample.FS.ReadFile(name)
	require.NoError(t, err)
	return b
}

// finished waits until an import has ended.
func (f *fixture) finished(id int64) *oas.Import {
	f.t.Helper()
	var im *oas.Import
	deadline := time.Now().Add(time.Minute)
	for {
		var err error
		im, err = f.super.GetImport(f.t.Context(), oas.GetImportParams{ID: id})
		require.NoError(f.t, err)
		if im.State != oas.ImportStateQueued && im.State != oas.ImportStateRunning {
			return im
		}
		require.True(f.t, time.Now().Before(deadline), "import %d has not ended: %+v", id, im)
		time.Sleep(20 * time.Millisecond)
	}
}

// upload starts an import of a kind (the last part of the path, with a query) and requires that it is accepted.
func (f *fixture) upload(kind string, file []byte) *oas.Import {
	f.t.Helper()
	res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/"+kind, bytes.NewReader(file), "Content-Type",
		"application/octet-stream")
	require.Equal(f.t, http.StatusAccepted, res.StatusCode, "%s", body)
	var im oas.Import
	require.NoError(f.t, json.Unmarshal(body, &im))
	return &im
}

// imported uploads a file and requires that its import succeeds.
func (f *fixture) imported(kind string, file []byte) *oas.Import {
	f.t.Helper()
	im := f.finished(f.upload(kind, file).ID)
	require.Equal(f.t, oas.ImportStateSucceeded, im.State, "%s: %s", kind, im.Error.Value)
	return im
}

// unchanged uploads a file and requires that it was imported before.
func (f *fixture) unchanged(kind string, file []byte) {
	f.t.Helper()
	im := f.finished(f.upload(kind, file).ID)
	require.Equal(f.t, oas.ImportStateUnchanged, im.State, "%s: %s", kind, im.Error.Value)
	require.Zero(f.t, im.Written+im.Unchanged+im.Skipped)
}

// refused uploads a file and requires that its import fails; it returns the reason.
func (f *fixture) refused(kind string, file []byte) string {
	f.t.Helper()
	im := f.finished(f.upload(kind, file).ID)
	require.Equal(f.t, oas.ImportStateFailed, im.State, kind)
	require.False(f.t, im.Error.Null)
	return im.Error.Value
}

// rows counts everything that an import could have written.
func (f *fixture) rows() map[string]int {
	f.t.Helper()
	n := map[string]int{}
	for _, table := range []string{"company", "listing", "financial_statement", "share_count", "dividend", "split", "found_split", "price", "company_facts", "company_cik", "former_facts"} {
		n[table] = f.count("SELECT count(*) FROM " + table)
	}
	return n
}

const (
	apple     = "companyfacts-CIK0000320193.json.gz"
	snowflake = "companyfacts-CIK0001640147.json.gz"
	marvell   = "companyfacts-CIK0001835632.json.gz"
)

// uniqueWord is unique in letters.
func uniqueWord(prefix string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r - '0' + 'Q'
		}
		return r
	}, unique(prefix))
}
