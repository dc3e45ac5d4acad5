package jobs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/sample"
)

const (
	tickers  = `{"0":{"cik_str":1,"ticker":"AAA","title":"A Inc."}}`
	pricesOf = "date,close\n2020-01-02,1\n"
)

func (h *house) start(kind app.ImportKind, ticker, file string) db.Import {
	h.Helper()
	im, err := h.app.StartImport(h.Context(), app.System, request(kind, ticker, file))
	require.NoError(h, err)
	return im
}

func request(kind app.ImportKind, ticker, file string) app.ImportRequest {
	r := app.ImportRequest{Kind: kind, FileName: new(string(kind) + ".file"), File: strings.NewReader(file)}
	if ticker != "" {
		r.Ticker = &ticker
	}
	return r
}

func (h *house) get(id int64) db.Import {
	h.Helper()
	im, err := h.app.GetImport(h.Context(), app.System, id)
	require.NoError(h, err)
	return im
}

func (h *house) job(im db.Import) *rivertype.JobRow {
	h.Helper()
	return h.row(*im.JobID)
}

// ended waits until an import and its job have ended.
func (h *house) ended(im db.Import) db.Import {
	h.Helper()
	require.Eventually(h, func() bool {
		return h.get(im.ID).FinishedAt != nil &&
			h.count("SELECT count(*) FROM river_job WHERE id = $1 AND finalized_at IS NULL", im.JobID) == 0
	}, 30*time.Second, 10*time.Millisecond)
	return h.get(im.ID)
}

func TestRescueLeavesOtherImportsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alive := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	unknown := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	cancelled := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	for _, im := range []db.Import{alive, unknown, cancelled} {
		h.die(*im.JobID)
	}
	h.exec("UPDATE river_job SET attempted_by = '{dead,alive}' WHERE id = $1", alive.JobID)
	h.exec("UPDATE river_job SET attempted_by = '{older version}' WHERE id = $1", unknown.JobID)
	im, err := h.app.CancelImport(t.Context(), app.System, cancelled.ID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportCancelled, im.State)
	h.rescue()
	assert.Equal(t, rivertype.JobStateRunning, h.job(alive).State)
	assert.Equal(t, rivertype.JobStateRunning, h.job(unknown).State)
	assert.Equal(t, rivertype.JobStateCancelled, h.job(cancelled).State)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
}

func TestImportThatKillsItsWorkersEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", tickers)
	for i := 1; i <= 3; i++ {
		assert.Equal(t, "queued", h.get(im.ID).State)
		h.die(*im.JobID)
		h.rescue()
		assert.Len(t, h.job(im).Errors, i)
	}
	assert.Equal(t, rivertype.JobStateDiscarded, h.job(im).State)
	im = h.get(im.ID)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Equal(t, "its worker died three times", *im.Error)
	assert.NotNil(t, im.FinishedAt)
}

func TestImportsOfDeadWorkersAreRescued(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", tickers)
	h.die(*im.JobID)
	assert.Equal(t, "running", h.get(im.ID).State)
	assert.NotNil(t, h.get(im.ID).StartedAt)
	h.rescue()
	assert.Equal(t, "queued", h.get(im.ID).State)
	h.work()
	assert.Equal(t, app.ImportSucceeded, h.ended(im).State)
}

func TestLostImportsBeginAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lost, cancelled := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	for _, im := range []db.Import{lost, cancelled} {
		h.lose(*im.JobID)
	}
	h.exec(`UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "now"}' WHERE id = $1`, cancelled.JobID)
	require.NoError(t, h.app.FreeLostJobs(t.Context(), "alive", []int64{}))
	assert.Equal(t, "queued", h.get(lost.ID).State)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
}

func TestFailedImport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", "[]")
	h.work()
	im = h.ended(im)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Contains(t, *im.Error, "not a JSON object")
	j := h.job(im)
	assert.Equal(t, rivertype.JobStateDiscarded, j.State)
	assert.Equal(t, 1, j.Attempt, "no retry can heal it")
	assert.JSONEq(t, fmt.Sprintf(`{"import_id":%d,"kind":"companies","file_name":"companies.file"}`, im.ID), string(j.EncodedArgs))
}

// What people do in the job monitor shows in the imports.
func TestMonitor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	deleted, cancelled := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	_, err := h.monitor.JobDelete(t.Context(), *deleted.JobID)
	require.NoError(t, err)
	im := h.get(deleted.ID)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Equal(t, "its job was deleted", *im.Error)
	_, err = h.app.CancelImport(t.Context(), app.System, deleted.ID)
	var e *app.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, app.Conflict, e.Code)

	_, err = h.monitor.JobCancel(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
	_, err = h.monitor.JobRetry(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	im = h.get(cancelled.ID)
	assert.Equal(t, "queued", im.State)
	assert.Nil(t, im.FinishedAt)
	h.work()
	assert.Equal(t, app.ImportSucceeded, h.ended(cancelled).State)
	_, err = h.monitor.JobDelete(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportSucceeded, h.get(cancelled.ID).State, "River may forget it")
}

// Imports that need companies wait for those that bring them, whatever becomes of these, and are read once.
func TestImportsWaitForCompanies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(h *house, companies db.Import)
		want string
	}{
		"succeeded": {func(h *house, _ db.Import) { h.work() }, app.ImportSucceeded},
		"cancelled": {func(h *house, im db.Import) {
			_, err := h.app.CancelImport(h.Context(), app.System, im.ID)
			require.NoError(h, err)
			h.work()
		}, app.ImportFailed},
		"deleted": {func(h *house, im db.Import) {
			_, err := h.monitor.JobDelete(h.Context(), *im.JobID)
			require.NoError(h, err)
			h.work()
		}, app.ImportFailed},
		"cannot be read": {func(h *house, im db.Import) {
			h.exec("UPDATE document SET content = '', upload_id = NULL WHERE id = $1", im.DocumentID)
			h.exec("UPDATE river_job SET max_attempts = 1 WHERE id = $1", im.JobID)
			h.work()
		}, app.ImportFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			all, err := h.app.StartImports(t.Context(), app.System,
				request(app.ImportCompanies, "", tickers),
				request(app.ImportPrices, "AAA", pricesOf),
				request(app.ImportSplits, "", "ticker,effective_date,ratio\nAAA,2020-01-02,2\n"))
			require.NoError(t, err)
			for _, im := range all[1:] {
				assert.Equal(t, rivertype.JobStatePending, h.job(im).State)
				assert.Equal(t, "queued", h.get(im.ID).State)
			}
			c.end(h, all[0])
			for _, im := range all[1:] {
				got := h.ended(im)
				assert.Equal(t, c.want, got.State)
				if c.want == app.ImportFailed {
					assert.Contains(t, *got.Error, "AAA")
				}
				assert.Equal(t, 1, h.job(im).Attempt)
			}
		})
	}
}

func TestUnchangedFacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	facts, err := sample.FS.ReadFile("companyfacts-CIK0000320193.json.gz")
	require.NoError(t, err)
	run := func(ticker string) db.Import {
		t.Helper()
		return h.ended(h.start(app.ImportSECCompanyFacts, ticker, string(facts)))
	}
	h.work()
	first := run("AAPL")
	require.Equal(t, app.ImportSucceeded, first.State)
	again := run("")
	assert.Equal(t, app.ImportUnchanged, again.State)
	assert.Zero(t, again.Written+again.Unchanged+again.Skipped)
	assert.Equal(t, *again.Total, again.Done)
	assert.Equal(t, first.DocumentID, again.DocumentID)
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document"), "stored once")
	assert.Equal(t, app.ImportSucceeded, run("AAPL.B").State, "another listing is added")
	assert.Equal(t, app.ImportUnchanged, run("AAPL.B").State)

	// Other rules read it again.
	h.exec("UPDATE company_facts SET rules_version = rules_version - 1")
	im := run("")
	assert.Equal(t, app.ImportSucceeded, im.State)
	assert.Zero(t, im.Written)
	assert.Positive(t, im.Unchanged)
}

func TestPrune(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	facts, err := sample.FS.ReadFile("companyfacts-CIK0001640147.json.gz")
	require.NoError(t, err)
	old := h.start(app.ImportSECCompanyFacts, "SNOW", string(facts))
	list := h.start(app.ImportCompanies, "", tickers)
	stop := h.work()
	h.ended(old)
	h.ended(list)
	stop()
	waiting := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	h.exec("UPDATE import SET finished_at = now() - interval '91 days' WHERE id = $1", old.ID)
	h.exec("INSERT INTO worker (id, seen_at) VALUES ('gone', now() - interval '2 days')")
	require.NoError(t, h.app.Prune(t.Context()))
	_, err = h.app.GetImport(t.Context(), app.System, old.ID)
	require.Error(t, err, "it is old")
	h.get(list.ID)
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document d JOIN company_facts f ON f.document_id = d.id"))
	assert.Equal(t, 0, h.count("SELECT count(*) FROM document WHERE id = $1", list.DocumentID), "nothing needs it")
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document WHERE id = $1", waiting.DocumentID))
	assert.Equal(t, 0, h.count("SELECT count(*) FROM worker WHERE id = 'gone'"))
}

// What decides about imports is the database's clock, whatever this process's says.
func TestAnotherClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.app.Now = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	im, err := h.app.StartImport(t.Context(), app.System, app.ImportRequest{
		Kind: app.ImportSplits, File: strings.NewReader("ticker,effective_date,ratio\n"),
	})
	require.NoError(t, err)
	_, err = h.pool.Exec(t.Context(), "UPDATE river_job SET state = 'running' WHERE id = $1", im.JobID)
	require.NoError(t, err)
	im, err = h.app.CancelImport(t.Context(), app.System, im.ID)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), *im.FinishedAt, time.Minute)
	require.NoError(t, h.app.Prune(t.Context()))
	_, err = h.app.GetImport(t.Context(), app.System, im.ID)
	require.NoError(t, err, "an import of today")
}

// dieWith has a worker take what waits, begin with all that need not wait, and die.
func (h *house) dieWith(waiting ...db.Import) {
	h.Helper()
	h.exec("INSERT INTO worker (id, seen_at) VALUES ('dead', now()) ON CONFLICT (id) DO UPDATE SET seen_at = now(), imports = '{}', suspect = NULL")
	for _, im := range waiting {
		h.exec(`UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = now() - interval '10 seconds',
			attempted_by = array_append(attempted_by, 'dead') WHERE id = $1 AND state = 'available'`, im.JobID)
		if j := h.job(im); j.State == rivertype.JobStateRunning {
			if _, err := h.app.TakeTurn(h.Context(), j); err != nil {
				require.ErrorIs(h, err, app.ErrNotYet)
			}
		}
	}
	h.exec("UPDATE worker SET seen_at = now() - interval '7 seconds' WHERE id = 'dead'")
	h.rescue()
}

// A file that kills the worker that reads it is found out; the one beside it is imported.
func TestPoisonKillsNoNeighbour(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	poison, healthy := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	inPlay := func(im db.Import) bool { return h.job(im).FinalizedAt == nil }
	for range 10 {
		if !inPlay(poison) || !inPlay(healthy) {
			break
		}
		h.dieWith(poison, healthy)
	}
	assert.Equal(t, rivertype.JobStateDiscarded, h.job(poison).State)
	im := h.get(poison.ID)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Equal(t, "its worker died three times", *im.Error)
	require.Nil(t, h.job(healthy).FinalizedAt, "it is none of its business: %v", h.get(healthy.ID).Error)
	h.work()
	assert.Equal(t, app.ImportSucceeded, h.ended(healthy).State)
}

// A session that the database ends says nothing about the file.
func TestCutOffAttemptsDoNotCount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lock, err := h.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = lock.Rollback(t.Context()) }()
	_, err = lock.Exec(t.Context(), "LOCK TABLE company IN EXCLUSIVE MODE")
	require.NoError(t, err)
	im := h.start(app.ImportCompanies, "", tickers)
	h.exec("UPDATE river_job SET max_attempts = 1 WHERE id = $1", im.JobID)
	h.work()
	for n := 1; n <= 2; n++ {
		require.Eventually(t, func() bool {
			return h.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%company%'`) > 0
		}, 20*time.Second, 20*time.Millisecond, "the import waits for the lock")
		require.Eventually(t, func() bool {
			return h.count("SELECT count(*) FROM river_job WHERE id = $1 AND (metadata ->> 'snoozes')::int = $2", im.JobID, n) > 0
		}, 20*time.Second, 20*time.Millisecond, "%v", h.job(im).Errors)
	}
	require.NoError(t, lock.Rollback(t.Context()))
	im = h.ended(im)
	assert.Equal(t, app.ImportSucceeded, im.State)
	assert.Equal(t, 1, h.job(im).Attempt)
	assert.Empty(t, h.job(im).Errors)
}

// One that is to run alone waits for others at its worker, keeps new ones from beginning, and gives way in the end.
func TestSuspectRunsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.NoError(t, h.app.Rescue(t.Context(), "one"))
	require.NoError(t, h.app.Rescue(t.Context(), "two"))
	job := func(id int64, worker, metadata string) *rivertype.JobRow {
		return &rivertype.JobRow{ID: id, AttemptedBy: []string{"before", worker}, Metadata: []byte(metadata)}
	}
	const died = `{"river:rescue_count": 1}`
	end, err := h.app.TakeTurn(t.Context(), job(1, "one", `{}`))
	require.NoError(t, err)
	began := make(chan func())
	go func() {
		end, err := h.app.TakeTurn(t.Context(), job(2, "one", died))
		assert.NoError(t, err)
		began <- end
	}()
	require.Eventually(t, func() bool { return h.count("SELECT count(*) FROM worker WHERE suspect = 2") == 1 }, 10*time.Second, 10*time.Millisecond)
	_, err = h.app.TakeTurn(t.Context(), job(3, "one", `{}`))
	require.ErrorIs(t, err, app.ErrNotYet)
	_, err = h.app.TakeTurn(t.Context(), job(4, "two", died))
	require.ErrorIs(t, err, app.ErrNotYet)
	other, err := h.app.TakeTurn(t.Context(), job(5, "two", `{}`))
	require.NoError(t, err, "other workers go on")
	defer other()
	select {
	case <-began:
		t.Fatal("it began beside another")
	case <-time.After(time.Second):
	}
	end()
	end = <-began
	assert.Equal(t, 1, h.count("SELECT count(*) FROM worker WHERE id = 'one' AND imports = '{2}'"))
	end()
	assert.Equal(t, 1, h.count("SELECT count(*) FROM worker WHERE id = 'one' AND imports = '{}' AND suspect IS NULL"))
	end, err = h.app.TakeTurn(t.Context(), job(3, "one", `{}`))
	require.NoError(t, err)
	end()
}

// Of the jobs of a dead worker, those that did not kill it have their attempt back.
func TestDeathsOfOthersDoNotCount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	echo, err := h.app.StartTestJob(t.Context(), app.System, "hello")
	require.NoError(t, err)
	poison, waiting := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	h.exec("UPDATE river_job SET max_attempts = 1")
	h.die(echo)
	h.die(*waiting.JobID)
	h.dieWith(poison)
	for _, id := range []int64{echo, *waiting.JobID} {
		j, err := h.monitor.JobGet(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, rivertype.JobStateAvailable, j.State)
		assert.Zero(t, j.Attempt)
		assert.Empty(t, j.Errors)
	}
	assert.Equal(t, rivertype.JobStateDiscarded, h.job(poison).State)
	assert.Equal(t, "its worker died in its last attempt", *h.get(poison.ID).Error)
}
