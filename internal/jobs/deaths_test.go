package jobs_test

import (
	"net"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/mail"
)

// What a worker does not run any more, or never began, although the database says so, begins anew.
func TestLostJobsBeginAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	lost, cancelled, running := h.echo(), h.echo(), h.echo()
	for _, id := range []int64{lost, cancelled, running} {
		h.lose(id)
	}
	h.exec(`UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "now"}' WHERE id = $1`, cancelled)
	require.NoError(t, h.app.FreeLostJobs(t.Context(), "another", []int64{}))
	assert.Equal(t, rivertype.JobStateRunning, h.row(lost).State)
	require.NoError(t, h.app.FreeLostJobs(t.Context(), "alive", []int64{running}))
	assert.Equal(t, rivertype.JobStateAvailable, h.row(lost).State)
	assert.Zero(t, h.row(lost).Attempt)
	assert.Equal(t, rivertype.JobStateCancelled, h.row(cancelled).State)
	assert.Equal(t, rivertype.JobStateRunning, h.row(running).State)
}

// lose has the database say that a living worker has run a job for minutes.
func (h *house) lose(id int64) {
	h.Helper()
	h.exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '3 minutes',
		attempted_by = '{alive}' WHERE id = $1`, id)
}

// A worker that is gone for long is remembered for its jobs.
func TestPruneKeepsWorkersWithJobs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.echo()
	h.die(id)
	h.exec("UPDATE worker SET seen_at = now() - interval '2 days'")
	require.NoError(t, h.app.Prune(t.Context()))
	h.rescue()
	assert.Equal(t, rivertype.JobStateAvailable, h.row(id).State)
}

// A worker whose clock is wrong puts no job off for long, nor takes it again at once.
func TestSnoozesGoByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.echo()
	for wrong, state := range map[string]string{"1 hour": "scheduled", "-1 hour": "available"} {
		h.die(id)
		h.exec(`UPDATE river_job SET state = $1::text::river_job_state, scheduled_at = now() + $2::text::interval, attempt = attempt - 1,
			metadata = metadata || jsonb_build_object('snoozes', coalesce((metadata ->> 'snoozes')::int, 0) + 1) WHERE id = $3`,
			state, wrong, id)
		due := h.row(id).ScheduledAt
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
