-- name: BeatWorker :one
-- Returns whether the sign before was in time. If not, those of others may be late for the same reason.
WITH before AS (SELECT seen_at FROM worker WHERE id = @id)
INSERT INTO worker (id, seen_at) VALUES (@id, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
RETURNING coalesce(clock_timestamp() - (SELECT seen_at FROM before) < interval '3 seconds', false)::boolean AS steady;

-- name: LockAbandonedJobs :many
-- Running jobs of workers that have given no sign of life for too long. Workers that never gave one are not known to be
-- dead. Suspicious are those that may have killed theirs: those among its imports, or all when it ran none of these.
SELECT j.id, j.kind, j.attempt, j.max_attempts, (j.metadata ? 'cancel_attempted_at')::boolean AS cancelled,
    coalesce((j.metadata ->> 'river:rescue_count')::integer, 0)::integer AS rescues, now()::timestamptz AS now,
    (j.id = ANY(w.imports) OR NOT EXISTS (SELECT FROM river_job o
        WHERE o.id = ANY(w.imports) AND o.state = 'running' AND o.attempted_by[cardinality(o.attempted_by)] = w.id)
    )::boolean AS suspicious
FROM river_job j JOIN worker w ON w.id = j.attempted_by[cardinality(j.attempted_by)]
WHERE j.state = 'running' AND w.seen_at < now() - interval '6 seconds'
FOR UPDATE OF j SKIP LOCKED;

-- name: RescueJob :exec
-- Counts the death as one of the job's.
UPDATE river_job SET state = sqlc.arg(state)::text::river_job_state, finalized_at = sqlc.narg(finalized_at), scheduled_at = now(),
    errors = array_append(errors, sqlc.arg(error)::jsonb),
    metadata = metadata || jsonb_build_object('river:rescue_count', sqlc.arg(rescues)::integer)
WHERE id = sqlc.arg(id);

-- name: FreeJob :exec
-- Gives back a job whose attempt does not count.
UPDATE river_job SET state = 'available', scheduled_at = now(), attempt = greatest(attempt - 1, 0) WHERE id = @id;

-- name: FreeLostJobs :many
UPDATE river_job SET
    state = CASE WHEN metadata ? 'cancel_attempted_at' THEN 'cancelled' ELSE 'available' END::river_job_state,
    finalized_at = CASE WHEN metadata ? 'cancel_attempted_at' THEN now() END,
    scheduled_at = now(), attempt = greatest(attempt - 1, 0)
WHERE state = 'running' AND attempted_by[cardinality(attempted_by)] = sqlc.arg(id)::text
    AND attempted_at < now() - interval '2 minutes' AND id <> ALL(sqlc.arg(running)::bigint[])
RETURNING id;

-- name: CountJobs :many
SELECT queue, kind, state::text AS state, count(*) AS count FROM river_job GROUP BY 1, 2, 3;

-- name: PruneWorkers :execrows
-- Spares those whose jobs are still to be rescued.
DELETE FROM worker w WHERE w.seen_at < now() - interval '1 day' AND NOT EXISTS (
    SELECT FROM river_job j WHERE j.state = 'running' AND j.attempted_by[cardinality(j.attempted_by)] = w.id);
