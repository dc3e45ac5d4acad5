package jobs_test

import (
	"net"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/mail"
)

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

// What a worker does not run any more, or never began, although the database says so, begins anew.
func TestLostJobsBeginAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lost, cancelled, running := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	for _, im := range []db.Import{lost, cancelled, running} {
		h.exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '3 minutes',
			attempted_by = '{alive}' WHERE id = $1`, im.JobID)
	}
	h.exec(`UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "now"}' WHERE id = $1`, cancelled.JobID)
	require.NoError(t, h.app.FreeLostJobs(t.Context(), "another", nil))
	assert.Equal(t, rivertype.JobStateRunning, h.job(lost).State)
	require.NoError(t, h.app.FreeLostJobs(t.Context(), "alive", []int64{*running.JobID}))
	assert.Equal(t, rivertype.JobStateAvailable, h.job(lost).State)
	assert.Zero(t, h.job(lost).Attempt)
	assert.Equal(t, rivertype.JobStateCancelled, h.job(cancelled).State)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
	assert.Equal(t, rivertype.JobStateRunning, h.job(running).State)
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

// A worker that is gone for long is remembered for its jobs.
func TestPruneKeepsWorkersWithJobs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", tickers)
	h.die(*im.JobID)
	h.exec("UPDATE worker SET seen_at = now() - interval '2 days'")
	require.NoError(t, h.app.Prune(t.Context()))
	h.rescue()
	assert.Equal(t, rivertype.JobStateAvailable, h.job(im).State)
}

// A worker whose clock is wrong puts no job off for long, nor takes it again at once.
func TestSnoozesGoByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", tickers)
	for wrong, state := range map[string]string{"1 hour": "scheduled", "-1 hour": "available"} {
		h.die(*im.JobID)
		h.exec(`UPDATE river_job SET state = $1::text::river_job_state, scheduled_at = now() + $2::text::interval, attempt = attempt - 1,
			metadata = metadata || jsonb_build_object('snoozes', coalesce((metadata ->> 'snoozes')::int, 0) + 1) WHERE id = $3`,
			state, wrong, im.JobID)
		due := h.job(im).ScheduledAt
		assert.Less(t, time.Until(due), 35*time.Second, wrong)
		assert.Greater(t, time.Until(due), -10*time.Second, wrong)
	}
}

// The database's end of a session is no attempt of any job; the mail server's is.
func TestWhatCutsMailOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close()) // nobody listens there any more
	h.app.Mail, err = mail.NewSMTP(mail.SMTPConfig{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, FromEmail: "from@example.com", FromName: "EdgeValue",
	})
	require.NoError(t, err)
	_, err = h.app.EnsureSuperuser(t.Context(), "ada@example.com", "correct horse battery")
	require.NoError(t, err)
	lock, err := h.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = lock.Rollback(t.Context()) }()
	_, err = lock.Exec(t.Context(), "LOCK TABLE user_account")
	require.NoError(t, err)
	h.work()
	const job = "SELECT count(*) FROM river_job WHERE kind = 'new_account_mail' AND "
	require.Eventually(t, func() bool {
		return h.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%user_account%'`) > 0
	}, 20*time.Second, 20*time.Millisecond, "the job waits for the lock")
	require.Eventually(t, func() bool {
		return h.count(job+"metadata ->> 'snoozes' = '1' AND cardinality(coalesce(errors, '{}')) = 0") == 1
	},
		20*time.Second, 20*time.Millisecond)
	require.NoError(t, lock.Rollback(t.Context()))
	require.Eventually(t, func() bool {
		return h.count(job+"state IN ('available', 'retryable') AND cardinality(errors) = 1 AND attempt = 1") == 1
	},
		20*time.Second, 5*time.Millisecond)
}
