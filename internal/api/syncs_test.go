package api_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

// setupEDGAR returns a server whose syncs ask another one over files. No pace is kept.
func setupEDGAR(t *testing.T, files fs.FS) (*fixture, *edgartest.Server) {
	t.Helper()
	server := edgartest.New(files)
	return setup(t, options{jobs: true, app: asking(server, t)}), server
}

// asking has syncs ask a server in EDGAR's place.
func asking(server *edgartest.Server, t *testing.T) func(*app.Config) {
	t.Helper()
	s := httptest.NewServer(server)
	t.Cleanup(s.Close)
	return func(cfg *app.Config) {
		client, err := edgar.New(edgar.Config{
			DataURL: s.URL, FilesURL: s.URL, UserAgent: "Test test@example.com", Wait: app.NewPace(cfg.Pool, 10_000),
			FirstPause: time.Millisecond, Stall: 3 * time.Second,
		})
		require.NoError(t, err)
		cfg.EDGAR, cfg.SyncDir = client, filepath.Join(t.TempDir(), "edgar")
		cfg.NextSync = func(t time.Time) time.Time { return t.Add(24 * time.Hour) }
	}
}

func (f *fixture) startSync(tickers ...oas.Ticker) *oas.Sync {
	f.t.Helper()
	s, err := f.super.StartSync(f.t.Context(), &oas.SyncCreate{Tickers: tickers}, oas.StartSyncParams{})
	require.NoError(f.t, err)
	return s
}

// synced carries out a sync, and requires that it succeeds.
func (f *fixture) synced(tickers ...oas.Ticker) *oas.Sync {
	f.t.Helper()
	return f.syncEnded(f.startSync(tickers...).ID, oas.SyncStateSucceeded)
}

func (f *fixture) syncEnded(id int64, state oas.SyncState) (s *oas.Sync) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		var err error
		s, err = f.super.GetSync(f.t.Context(), oas.GetSyncParams{ID: id})
		require.NoError(f.t, err)
		return !s.FinishedAt.Null
	}, 2*time.Minute, 20*time.Millisecond, "the sync ends")
	require.Equal(f.t, state, s.State, "%+v", s)
	return s
}

// later moves the clock on, and logs the superuser in again.
func (f *fixture) later(d time.Duration) {
	f.t.Helper()
	f.clock.advance(d)
	f.superToken = f.login("super@example.com", password)
	f.super = f.client(f.superToken)
}

// answered counts the requests that were answered with a status.
func answered(s *edgartest.Server, status int) (paths []string) {
	for r, n := range s.Requests() {
		if r.Status == status {
			paths = append(paths, slices.Repeat([]string{r.Path}, n)...)
		}
	}
	slices.Sort(paths)
	return paths
}

// aCompany is company facts with the total assets of one year.
func aCompany(cik int64, name string, assets int64, filed string) []byte {
	return fmt.Appendf(nil, `{"cik":%d,"entityName":%q,"facts":{"us-gaap":{
		"Assets":{"units":{"USD":[{"end":"2019-12-31","val":%d,"accn":"%010d-20-000001","fy":2019,"fp":"FY","form":"10-K","filed":%[5]q}]}},
		"NetIncomeLoss":{"units":{"USD":[{"start":"2019-01-01","end":"2019-12-31","val":5,"accn":"%010[4]d-20-000001","fy":2019,"fp":"FY","form":"10-K","filed":%[5]q}]}}}}}`,
		cik, name, assets, cik, filed)
}

// aFiler is what EDGAR says of a company, with filings of forms on days.
func aFiler(cik int64, name string, filings ...string) []byte {
	var accessions, forms, days, accepted []string
	for i := 0; i < len(filings); i += 2 {
		accessions = append(accessions, fmt.Sprintf("%010d-20-%06d", cik, i/2+1))
		forms, days = append(forms, filings[i]), append(days, filings[i+1])
		accepted = append(accepted, filings[i+1]+"T21:05:00.000Z")
	}
	list := func(s []string) string { return `["` + strings.Join(s, `","`) + `"]` }
	return fmt.Appendf(nil, `{"cik":"%010d","name":%q,"sic":"3571","sicDescription":"Electronic Computers","fiscalYearEnd":"1231",
		"stateOfIncorporation":"DE","stateOfIncorporationDescription":"DE","website":"www.example.com","tickers":[],"exchanges":[],
		"addresses":{"business":{"stateOrCountry":"CA"}},"formerNames":[{"name":"OLD NAME","from":"2001-02-03T00:00:00.000Z","to":"2007-01-04T00:00:00.000Z"}],
		"filings":{"recent":{"accessionNumber":%s,"form":%s,"filingDate":%s,"reportDate":%s,"acceptanceDateTime":%s},"files":[]}}`,
		cik, name, list(accessions), list(forms), list(days), list(days), list(accepted))
}

// aList is EDGAR's list of companies: CIK, name, ticker, exchange each.
func aList(rows ...[4]any) []byte {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf(`[%d,%q,%q,%q]`, r[:]...))
	}
	return []byte(`{"fields":["cik","name","ticker","exchange"],"data":[` + strings.Join(out, ",") + `]}`)
}

func anIndex(day string, rows ...[2]any) []byte {
	var b strings.Builder
	b.WriteString("Description:           Daily Index of EDGAR Dissemination Feed by Form Type\nLast Data Received:    x\n\n" +
		"Form Type   Company Name                                                  CIK         Date Filed  File Name\n" + strings.Repeat("-", 140) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%-12s%-62s%-12d%-12s%s\n", r[0], "SOME COMPANY", r[1], strings.ReplaceAll(day, "-", ""), fmt.Sprintf("edgar/data/%d/0000000000-26-000001.txt", r[1]))
	}
	return []byte(b.String())
}

func TestSyncOfAllCompanies(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for _, name := range []string{"companyfacts-CIK0000320193.json.gz", "companyfacts-CIK0001640147.json.gz", "companyfacts-CIK0001835632.json.gz", "submissions-CIK0001835632.json.gz", "company_tickers.json.gz"} {
		files[name] = &fstest.MapFile{Data: sampleFile(t, name), ModTime: start}
	}
	f, server := setupEDGAR(t, files)
	first := f.synced()
	assert.Equal(t, oas.NewNilSyncSource(oas.SyncSourceBulk), first.Source)
	assert.EqualValues(t, 3, first.Total)
	assert.EqualValues(t, 3, first.Updated)
	for _, ticker := range []string{"AAPL", "SNOW", "MRVL"} {
		assert.True(t, f.getCompany(ticker).HasStatements, ticker)
	}
	marvell := f.getCompany("MRVL")
	assert.Equal(t, oas.NewNilString("3674"), marvell.Sic)
	assert.Equal(t, oas.NewNilString("Semiconductors & Related Devices"), marvell.SicDescription)
	assert.Equal(t, oas.NewNilString("US"), marvell.Country)
	page, err := f.anon.ListCompanyFinancialStatements(t.Context(), oas.ListCompanyFinancialStatementsParams{Ticker: "MRVL", PageSize: oas.NewOptInt32(1)})
	require.NoError(t, err)
	assert.Equal(t, "2026-05-28T20:09:32Z", page.Items[0].AcceptedAt.Value.Format(time.RFC3339))

	t.Run("what has not changed is not downloaded again", func(t *testing.T) {
		server.Forget()
		second := f.in(t).synced()
		assert.Equal(t, oas.NewNilSyncSource(oas.SyncSourceDailyIndexes), second.Source)
		assert.Zero(t, second.Total)
		assert.Empty(t, answered(server, http.StatusOK))
		assert.Equal(t, []string{"/files/company_tickers.json"}, answered(server, http.StatusNotModified), "of the other list there is none")
	})
	t.Run("those that have filed since are asked for, and others not", func(t *testing.T) {
		f := f.in(t)
		f.later(48 * time.Hour)
		day := start.AddDate(0, 0, 1)
		server.Set("form."+day.Format("20060102")+".idx", anIndex(day.Format(time.DateOnly), [2]any{"10-Q", 320193}, [2]any{"8-K", 1640147}, [2]any{"6-K/A", 1835632}))
		server.Forget()
		third := f.synced()
		assert.EqualValues(t, 2, third.Total)
		assert.EqualValues(t, 2, third.Unchanged+third.Updated)
		assert.Equal(t, oas.NewNilDate(day.Truncate(24*time.Hour)), third.ThroughDay)
		var asked []string
		for r := range server.Requests() {
			if strings.HasPrefix(r.Path, "/api/") {
				asked = append(asked, r.Path)
			}
		}
		slices.Sort(asked)
		assert.Equal(t, []string{"/api/xbrl/companyfacts/CIK0000320193.json", "/api/xbrl/companyfacts/CIK0001835632.json"}, asked)
	})
	t.Run("a long gap takes the bulk file", func(t *testing.T) {
		f := f.in(t)
		f.later(40 * 24 * time.Hour)
		s := f.synced()
		assert.Equal(t, oas.NewNilSyncSource(oas.SyncSourceBulk), s.Source)
		assert.EqualValues(t, 3, s.Unchanged)
	})
}

func TestSyncOfNamedCompanies(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, sample.FS)
	s := f.synced("snow", "NOSUCHX")
	assert.EqualValues(t, 1, s.Updated)
	require.Len(t, s.Failures, 1)
	assert.Equal(t, "NOSUCHX", s.Failures[0].Name)
	assert.Contains(t, s.Failures[0].Message, "lists no company")
	assert.Equal(t, "Snowflake Inc.", f.getCompany("SNOW").Name)
	page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1, "the others of the list are not here")

	other := setup(t, options{jobs: true})
	other.imported("sec-company-facts?ticker=SNOW", sampleFile(t, "companyfacts-CIK0001640147.json.gz"))
	assert.Equal(t, other.exportAsOf("SNOW", ""), f.exportAsOf("SNOW", ""))

	server.Forget()
	again := f.synced("SNOW")
	assert.EqualValues(t, 1, again.Unchanged)
	assert.Empty(t, answered(server, http.StatusOK))
	assert.Equal(t, []string{"/api/xbrl/companyfacts/CIK0001640147.json"}, answered(server, http.StatusNotModified))
}

func TestSyncWithFaults(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, sample.FS)
	server.SetFaults(edgartest.Faults{Rate: 0.3, Seed: 12, Pause: 10 * time.Millisecond})
	s := f.synced()
	assert.EqualValues(t, 3, s.Updated, "%+v", s)
	f.synced("AAPL", "SNOW", "MRVL")
	failed := 0
	for r, n := range server.Requests() {
		if r.Status >= 400 && r.Status != http.StatusNotFound {
			failed += n
		}
	}
	assert.Positive(t, failed)

	other := setup(t, options{jobs: true})
	for ticker, cik := range map[string]string{"AAPL": "0000320193", "SNOW": "0001640147", "MRVL": "0001835632"} {
		other.imported("sec-company-facts?ticker="+ticker, sampleFile(t, "companyfacts-CIK"+cik+".json.gz"))
		assert.Equal(t, other.exportAsOf(ticker, ""), f.exportAsOf(ticker, ""))
	}
}

func TestSyncOfBadCompanies(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, fstest.MapFS{})
	server.Set("company_tickers_exchange.json", aList([4]any{71, "Good Inc.", "GOOD", "NYSE"}, [4]any{72, "Bad Inc.", "BAD", "NYSE"},
		[4]any{73, "Gone Inc.", "GONE", "NYSE"}, [4]any{74, "Mute Inc.", "MUTE", "NYSE"}, [4]any{75, "Other Inc.", "OTHER", "NYSE"}, [4]any{76, "Page Inc.", "PAGE", "NYSE"}))
	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 100, "2020-02-03"))
	server.Set("submissions-CIK0000000071.json", aFiler(71, "GOOD INC /DE/", "10-K", "2020-02-03"))
	server.Set("companyfacts-CIK0000000072.json", []byte(`{"cik":72,"entityName":"BAD INC","facts":7}`))
	server.Set("submissions-CIK0000000074.json", aFiler(74, "MUTE INC", "8-K", "2020-02-03"))
	server.Set("companyfacts-CIK0000000075.json", aCompany(71, "GOOD INC", 100, "2020-02-03"))
	server.Set("companyfacts-CIK0000000076.json", []byte("<!DOCTYPE html><html>Maintenance</html>"))
	s := f.synced("GOOD", "BAD", "GONE", "MUTE", "OTHER", "PAGE")
	assert.EqualValues(t, 1, s.Updated)
	assert.EqualValues(t, 5, s.Failed)
	messages := map[string]string{}
	for _, failure := range s.Failures {
		messages[failure.Name] = failure.Message
	}
	for name, want := range map[string]string{
		"CIK0000000072": "facts", "CIK0000000073": "no filer with this CIK", "CIK0000000074": "no facts of this company",
		"CIK0000000075": "CIK 71", "CIK0000000076": "HTML",
	} {
		assert.Contains(t, messages[name], want, name)
	}
	good := f.getCompany("GOOD")
	assert.True(t, good.HasStatements)
	assert.Equal(t, "Good Inc.", good.Name, "as in the list")
	assert.Equal(t, oas.NewNilString("https://www.example.com"), good.URL)
	assert.Equal(t, oas.NewNilString("1231"), good.FiscalYearEnd)
	assert.Equal(t, "OLD NAME", good.FormerNames[0].Name)
	assert.Equal(t, []oas.FilerDays{{Cik: 71, FirstDay: oas.NewNilDate(day("2020-02-03")), LastDay: oas.NewNilDate(day("2020-02-03"))}}, good.Ciks)
	assert.Equal(t, oas.NewNilStatementPeriod(oas.StatementPeriod{Period: oas.PeriodAnnual, EndDate: day("2019-12-31")}), good.NewestStatement)
	assert.False(t, good.FactsReadAt.Null)
}

// What happens to companies and tickers while EDGAR's list changes.
func TestCompaniesInTime(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, fstest.MapFS{})
	rows := []([4]any){{81, "Mover Inc.", "MOVE", "NYSE"}, {82, "Old Holding Inc.", "HOLD", "NYSE"}, {83, "Ended Inc.", "ENDS", "NYSE"}, {84, "Berkshire", "BRK-B", "NYSE"}}
	server.Set("company_tickers_exchange.json", aList(rows...))
	for cik, name := range map[int64]string{81: "MOVER INC", 82: "OLD HOLDING INC", 83: "ENDED INC", 84: "BERKSHIRE", 85: "DARK INC"} {
		server.Set(fmt.Sprintf("companyfacts-CIK%010d.json", cik), aCompany(cik, name, 100*cik, "2020-02-03"))
		server.Set(fmt.Sprintf("submissions-CIK%010d.json", cik), aFiler(cik, name+" OWN NAME", "10-K", "2020-02-03"))
	}
	server.Set("submissions-CIK0000000083.json", aFiler(83, "ENDED INC", "15-12G", "2021-05-06", "10-K", "2020-02-03"))
	s := f.synced()
	assert.EqualValues(t, 5, s.Updated)
	dark := f.getCompany("CIK0000000085")
	assert.Equal(t, "DARK INC OWN NAME", dark.Name, "a company that is not listed is here, with the registrant's own name")
	assert.Equal(t, "CIK0000000085", dark.Ticker)
	assert.Equal(t, oas.NewNilDate(day("2020-02-03")), dark.LastDay, "that of its last report")
	assert.Equal(t, oas.NewNilDate(day("2021-05-06")), f.getCompany("ENDS").LastDay, "that of Form 15")
	page, err := f.anon.ListFinancialStatements(t.Context(), oas.ListFinancialStatementsParams{AsOf: oas.NewOptDate(day("2020-06-01"))})
	require.NoError(t, err)
	var found []string
	for _, st := range page.Items {
		found = append(found, st.Ticker)
	}
	slices.Sort(found)
	assert.Equal(t, []string{"BRK-B", "CIK0000000085", "ENDS", "HOLD", "MOVE"}, found)

	for _, spelling := range []string{"BRK.B", "brk-b", "BRK/B"} {
		res, body := f.call("", http.MethodGet, "/api/v1/companies/"+strings.ReplaceAll(spelling, "/", "%2F"), nil)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
	}
	_, err = f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "Twin", Listings: []oas.ListingInput{{Ticker: "BRK.B"}}})
	problem(t, err, http.StatusConflict)

	f.later(24 * time.Hour)
	yesterday := start.Truncate(24 * time.Hour)
	server.Set("company_tickers_exchange.json", aList([4]any{91, "Taker Inc.", "MOVE", "NYSE"}, [4]any{92, "New Holding Inc.", "HOLD", "NYSE"}, [4]any{84, "Berkshire", "BRK-B", "NYSE"}))
	server.Set("submissions-CIK0000000091.json", aFiler(91, "TAKER INC", "S-1", "2026-01-01"))
	server.Set("submissions-CIK0000000092.json", aFiler(92, "NEW HOLDING INC", "8-K12B", "2026-06-15"))
	server.Set("companyfacts-CIK0000000092.json", aCompany(92, "NEW HOLDING INC", 7, "2026-06-30"))
	today := start.AddDate(0, 0, 0)
	server.Set("form."+today.Format("20060102")+".idx", anIndex(today.Format(time.DateOnly), [2]any{"10-K", 92}))
	f.later(24 * time.Hour)
	yesterday = yesterday.AddDate(0, 0, 1)
	s = f.synced()
	assert.Contains(t, strings.Join(s.Warnings, "\n"), "the ticker MOVE has moved to the company with CIK 91")

	taker := f.getCompany("MOVE")
	assert.Equal(t, oas.NewNilInt64(91), taker.Cik)
	assert.Equal(t, oas.NewNilDate(yesterday.AddDate(0, 0, 1)), taker.Listings[0].FirstDay)
	mover := f.getCompany("CIK0000000081")
	assert.Equal(t, "CIK0000000081", mover.Ticker)
	assert.Equal(t, oas.NewNilDate(yesterday), mover.Listings[0].LastDay)
	assert.True(t, mover.HasStatements)
	holding := f.getCompany("HOLD")
	assert.Equal(t, oas.NewNilInt64(92), holding.Cik)
	assert.Equal(t, []int64{82}, holding.FormerCiks)
	assert.Equal(t, []oas.FilerDays{
		{Cik: 82, FirstDay: oas.NewNilDate(day("2020-02-03")), LastDay: oas.NewNilDate(day("2020-02-03"))},
		{Cik: 92, FirstDay: oas.NewNilDate(day("2026-06-30")), LastDay: oas.NewNilDate(day("2026-06-30"))},
	}, holding.Ciks, "the facts of both make one history")
	ended := f.getCompany("ENDS")
	assert.Equal(t, oas.NewNilDate(yesterday), ended.Listings[0].LastDay)
	assert.Equal(t, "ENDS", ended.Ticker, "nobody has taken it")
	assert.True(t, f.getCompany("BRK.B").Listings[0].LastDay.Null)

	t.Run("a ticker whose listing has ended is free", func(t *testing.T) {
		c, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "Heir", Listings: []oas.ListingInput{{Ticker: "ENDS"}}})
		require.NoError(t, err)
		assert.Equal(t, c.ID, f.in(t).getCompany("ENDS").ID)
		assert.Equal(t, "CIK0000000083", f.in(t).getCompany("CIK0000000083").Ticker)
	})
}

func TestSyncIsRefused(t *testing.T) {
	t.Parallel()
	off := setup(t, options{})
	_, err := off.super.StartSync(t.Context(), &oas.SyncCreate{}, oas.StartSyncParams{})
	assert.Equal(t, "/problems/sync-off", problem(t, err, http.StatusConflict).Type)

	f, server := setupEDGAR(t, fstest.MapFS{})
	for status, client := range map[int]*oas.Client{http.StatusUnauthorized: f.client("nonsense"), http.StatusForbidden: f.user} {
		_, err := client.StartSync(t.Context(), &oas.SyncCreate{}, oas.StartSyncParams{})
		problem(t, err, status)
		_, err = client.ListSyncs(t.Context(), oas.ListSyncsParams{})
		problem(t, err, status)
		_, err = client.GetSync(t.Context(), oas.GetSyncParams{ID: 1})
		problem(t, err, status)
		_, err = client.CancelSync(t.Context(), oas.CancelSyncParams{ID: 1})
		problem(t, err, status)
	}
	_, err = f.super.GetSync(t.Context(), oas.GetSyncParams{ID: 1})
	problem(t, err, http.StatusNotFound)
	_, err = f.super.CancelSync(t.Context(), oas.CancelSyncParams{ID: 1})
	problem(t, err, http.StatusNotFound)
	_, err = f.super.StartSync(t.Context(), &oas.SyncCreate{Tickers: []oas.Ticker{"A A"}}, oas.StartSyncParams{})
	problem(t, err, http.StatusUnprocessableEntity)

	server.SetFaults(edgartest.Faults{Rate: 1, Kinds: []edgartest.Fault{edgartest.Unavailable}})
	s := f.startSync()
	_, err = f.super.StartSync(t.Context(), &oas.SyncCreate{}, oas.StartSyncParams{})
	assert.Equal(t, "/problems/sync-running", problem(t, err, http.StatusConflict).Type)
	cancelled, err := f.super.CancelSync(t.Context(), oas.CancelSyncParams{ID: s.ID})
	require.NoError(t, err)
	assert.Equal(t, oas.SyncStateCancelled, cancelled.State)
	_, err = f.super.CancelSync(t.Context(), oas.CancelSyncParams{ID: s.ID})
	require.NoError(t, err, "once more changes nothing")

	server.SetFaults(edgartest.Faults{})
	server.Set("company_tickers_exchange.json", aList([4]any{71, "Good Inc.", "GOOD", "NYSE"}))
	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 100, "2020-02-03"))
	ended := f.synced()
	_, err = f.super.CancelSync(t.Context(), oas.CancelSyncParams{ID: ended.ID})
	assert.Equal(t, "/problems/sync-ended", problem(t, err, http.StatusConflict).Type)

	page, err := f.super.ListSyncs(t.Context(), oas.ListSyncsParams{PageSize: oas.NewOptInt32(1)})
	require.NoError(t, err)
	assert.Equal(t, ended.ID, page.Items[0].ID)
	assert.False(t, page.NextPageToken.Null)
	assert.NotEmpty(t, maps.Collect(maps.All(server.Requests())))
}

func TestSyncsAreScheduled(t *testing.T) {
	t.Parallel()
	off := setup(t, options{})
	require.NoError(t, off.app.ScheduleSync(t.Context()))
	assert.Zero(t, off.count("SELECT count(*) FROM sync"))

	f, server := setupEDGAR(t, fstest.MapFS{})
	server.Set("company_tickers_exchange.json", aList([4]any{71, "Good Inc.", "GOOD", "NYSE"}))
	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 100, "2020-02-03"))
	syncs := func() int { return f.count("SELECT count(*) FROM sync") }
	schedule := func() {
		t.Helper()
		var all sync.WaitGroup
		for range 3 { // workers at a time
			all.Go(func() { assert.NoError(t, f.app.ScheduleSync(t.Context())) })
		}
		all.Wait()
	}
	schedule()
	require.Equal(t, 1, syncs())
	cancelled, err := f.super.CancelSync(t.Context(), oas.CancelSyncParams{ID: 1})
	require.NoError(t, err)
	assert.Equal(t, oas.SyncStateCancelled, cancelled.State)
	schedule()
	assert.Equal(t, 1, syncs(), "none is due, whatever became of the newest")
	f.clock.advance(10 * 365 * 24 * time.Hour) // the database's clock, by which syncs are dated, is the real one
	schedule()
	assert.Equal(t, 2, syncs())
}

// What could not be had, or read, is asked for again.
func TestFailedCompaniesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, fstest.MapFS{})
	server.Set("company_tickers_exchange.json", aList([4]any{71, "Good Inc.", "GOOD", "NYSE"}, [4]any{72, "Late Inc.", "LATE", "NYSE"}))
	assets := func(ticker string) int64 {
		t.Helper()
		page, err := f.anon.ListCompanyFinancialStatements(t.Context(), oas.ListCompanyFinancialStatementsParams{Ticker: oas.Ticker(ticker)})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		return page.Items[0].TotalAssets.Value
	}
	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 100, "2020-02-03"))
	server.Set("companyfacts-CIK0000000072.json", aCompany(72, "LATE INC", 100, "2020-02-03"))
	f.synced("GOOD", "LATE")

	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 777, start.AddDate(0, 0, 2).Format(time.DateOnly))) // a clock is behind
	s := f.synced("GOOD")
	require.Len(t, s.Failures, 1)
	assert.Contains(t, s.Failures[0].Message, "in the future")
	f.later(5 * 24 * time.Hour)
	assert.EqualValues(t, 1, f.synced("GOOD").Updated, "although the file is the one that was received before")
	assert.EqualValues(t, 777, assets("GOOD"))

	first := f.synced() // from the bulk file
	assert.Equal(t, oas.NewNilSyncSource(oas.SyncSourceBulk), first.Source)
	f.later(24 * time.Hour)
	indexed := func(rows ...[2]any) {
		day := f.clock.Now().AddDate(0, 0, -1)
		server.Set("form."+day.Format("20060102")+".idx", anIndex(day.Format(time.DateOnly), rows...))
	}
	indexed([2]any{"10-Q", 71}, [2]any{"10-Q", 72})
	server.Set("companyfacts-CIK0000000072.json", []byte("<html>Maintenance</html>"))
	server.Set("companyfacts-CIK0000000071.json", aCompany(71, "GOOD INC", 778, "2020-02-03"))
	s = f.synced()
	assert.EqualValues(t, 1, s.Failed, "%+v", s)
	server.Set("companyfacts-CIK0000000072.json", aCompany(72, "LATE INC", 200, "2020-02-03"))
	f.later(24 * time.Hour)
	indexed()
	s = f.synced()
	assert.EqualValues(t, 1, s.Updated, "it has filed nothing new: %+v", s)
	assert.EqualValues(t, 200, assets("LATE"))
}

func TestTickersChange(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, fstest.MapFS{})
	list := func(rows ...[4]any) *oas.Sync {
		t.Helper()
		f.later(24 * time.Hour)
		server.Set("company_tickers_exchange.json", aList(rows...))
		return f.synced()
	}
	for _, cik := range []int64{61, 62, 63, 64, 65} {
		server.Set(fmt.Sprintf("companyfacts-CIK%010d.json", cik), aCompany(cik, "INC", 100*cik, "2020-02-03"))
		server.Set(fmt.Sprintf("submissions-CIK%010d.json", cik), aFiler(cik, "INC", "8-K12B", "2004-05-06")) // long ago
	}
	list([4]any{61, "Face Inc.", "FB", "Nasdaq"}, [4]any{62, "Old Inc.", "OLDT", "NYSE"}, [4]any{63, "Tick Inc.", "TICK", "NYSE"}, [4]any{63, "Tick Inc.", "ALPH", "NYSE"})
	for _, ticker := range []string{"FB", "TICK"} {
		f.imported("prices?ticker="+ticker, []byte("date,close\n2021-03-04,7\n"))
	}
	_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "Foreign", Cik: oas.NewOptNilInt64(500), Listings: []oas.ListingInput{{Ticker: "FGN.L"}}})
	require.NoError(t, err)

	s := list([4]any{61, "Meta Inc.", "META", "Nasdaq"}, [4]any{64, "Other Inc.", "TICK", "NYSE"}, [4]any{63, "Tick Inc.", "ALPH", "NYSE"})
	assert.Contains(t, strings.Join(s.Warnings, "\n"), "FB has the ticker META now")
	meta := f.getCompany("META")
	assert.Equal(t, "META", meta.Ticker)
	assert.Equal(t, meta.ID, f.getCompany("FB").ID, "the old ticker leads there")
	prices := func(name string) int {
		t.Helper()
		page, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(name)})
		require.NoError(t, err)
		return len(page.Items)
	}
	assert.Equal(t, 1, prices("META"), "it is the same share")
	assert.Equal(t, oas.NewNilInt64(64), f.getCompany("TICK").Cik, "a notice of 2004 makes no heir")
	assert.Equal(t, "ALPH", f.getCompany("CIK63").Ticker)
	assert.Zero(t, prices("TICK"))
	assert.True(t, f.getCompany("FGN.L").Listings[0].LastDay.Null, "which EDGAR's list never had")
	assert.False(t, f.getCompany("OLDT").Listings[0].LastDay.Null)

	s = list([4]any{61, "Meta Inc.", "META", "Nasdaq"}, [4]any{64, "Other Inc.", "TICK", "NYSE"}, [4]any{65, "New Inc.", "OLDT", "NYSE"})
	assert.Contains(t, strings.Join(s.Warnings, "\n"), "the ticker OLDT has moved to the company with CIK 65")
	assert.Equal(t, oas.NewNilInt64(65), f.getCompany("OLDT").Cik, "whose listing had ended before")
	assert.Equal(t, "CIK0000000062", f.getCompany("CIK0000000062").Ticker)
	tick := f.getCompany("CIK0000000063")
	assert.Equal(t, "ALPH", tick.Ticker, "all of its listings have ended, and one still has its ticker")

	t.Run("prices of a listing that has lost its ticker are found by the CIK", func(t *testing.T) {
		f := f.in(t)
		f.imported("prices?ticker=META", []byte("date,close\n2021-03-05,8\n"))
		s := list([4]any{64, "Other Inc.", "META", "NYSE"})
		assert.EqualValues(t, 0, s.Failed)
		page, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: "CIK0000000061"})
		require.NoError(t, err)
		assert.Len(t, page.Items, 2)
	})
	t.Run("a company has had a ticker before", func(t *testing.T) {
		c, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "Twice", Listings: []oas.ListingInput{
			{Ticker: "TWCE", LastDay: oas.NewOptNilDate(day("2010-01-02"))}, {Ticker: "TWCE", FirstDay: oas.NewOptNilDate(day("2015-01-02"))},
		}})
		require.NoError(t, err)
		require.Len(t, c.Listings, 2)
		assert.Equal(t, "TWCE", c.Ticker)
		assert.Equal(t, oas.NewNilDate(day("2015-01-02")), c.Listings[0].FirstDay, "the primary one")
	})
}

func TestCompaniesAreSorted(t *testing.T) {
	t.Parallel()
	f, server := setupEDGAR(t, fstest.MapFS{})
	server.Set("company_tickers_exchange.json", aList([4]any{101, "Small Widget", "WIDG", "NYSE"}, [4]any{102, "Large Widget", "LW", "NYSE"},
		[4]any{103, "Middle Widget", "MW", "Nasdaq"}, [4]any{104, "A Widget Without Figures", "AW", "NYSE"}))
	for cik, assets := range map[int64]int64{101: 10, 102: 9_000_000_000_000_000_000, 103: 500} {
		server.Set(fmt.Sprintf("companyfacts-CIK%010d.json", cik), aCompany(cik, "WIDGET", assets, "2020-02-03"))
	}
	f.synced()
	yen := f.createCompany("YEN")
	_, err := f.super.CreateFinancialStatement(t.Context(), &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2019, Currency: "JPY", EndDate: day("2019-12-31"), PublishDate: day("2020-02-03"), TotalAssets: oas.NewOptNilInt64(1_000_000),
	}, oas.CreateFinancialStatementParams{Ticker: oas.Ticker(yen.Ticker)})
	require.NoError(t, err)

	list := func(p oas.ListCompaniesParams) (tickers []string) {
		t.Helper()
		p.PageSize = oas.NewOptInt32(2)
		for {
			page, err := f.anon.ListCompanies(t.Context(), p)
			require.NoError(t, err)
			for _, c := range page.Items {
				tickers = append(tickers, c.Ticker)
			}
			if page.NextPageToken.Null {
				return tickers
			}
			p.PageToken = oas.NewOptString(page.NextPageToken.Value)
		}
	}
	byName, byRelevance := oas.NewOptCompanyOrder(oas.CompanyOrderName), oas.NewOptCompanyOrder(oas.CompanyOrderRelevance)
	yes, no := oas.NewOptBool(true), oas.NewOptBool(false)
	for name, tt := range map[string]struct {
		params oas.ListCompaniesParams
		want   []string
	}{
		"by name":                       {oas.ListCompaniesParams{}, []string{"AW", "LW", "MW", "WIDG", "YEN"}},
		"the largest first":             {oas.ListCompaniesParams{Sort: byRelevance}, []string{"LW", "MW", "WIDG", "AW", "YEN"}}, // in yen, without a rate
		"with statements":               {oas.ListCompaniesParams{HasStatements: yes}, []string{"LW", "MW", "WIDG", "YEN"}},
		"the largest with statements":   {oas.ListCompaniesParams{Sort: byRelevance, HasStatements: yes}, []string{"LW", "MW", "WIDG", "YEN"}},
		"without statements":            {oas.ListCompaniesParams{HasStatements: no}, []string{"AW"}},
		"found, the exact ticker first": {oas.ListCompaniesParams{Q: oas.NewOptString("widg")}, []string{"WIDG", "LW", "MW", "AW"}},
		"found, by name":                {oas.ListCompaniesParams{Q: oas.NewOptString("widg"), Sort: byName}, []string{"AW", "LW", "MW", "WIDG"}},
		"found, with statements":        {oas.ListCompaniesParams{Q: oas.NewOptString("widg"), HasStatements: yes}, []string{"WIDG", "LW", "MW"}},
		"on an exchange":                {oas.ListCompaniesParams{Sort: byRelevance, Exchange: oas.NewOptString("nyse")}, []string{"LW", "WIDG", "AW"}},
	} {
		assert.Equal(t, tt.want, list(tt.params), name)
	}
	_, err = f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Sort: byRelevance, PageToken: oas.NewOptString("WyJhIl0")})
	fieldProblem(t, err, "page_token")

	f.imported("exchange-rates", []byte("Date,USD,JPY\n2019-12-31,1.1,120\n"))
	_, err = f.super.ReplaceFinancialStatement(t.Context(), &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2019, Currency: "JPY", EndDate: day("2019-12-31"), PublishDate: day("2020-02-03"), TotalAssets: oas.NewOptNilInt64(12_000),
	}, oas.ReplaceFinancialStatementParams{ID: int64(f.count("SELECT id FROM financial_statement WHERE currency = 'JPY'"))})
	require.NoError(t, err)
	assert.Equal(t, []string{"LW", "MW", "YEN", "WIDG", "AW"}, list(oas.ListCompaniesParams{Sort: byRelevance}), "of 110 dollars")
}
