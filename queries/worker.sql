-- name: BeatWorker :one
-- Returns whether the sign before was in time. If not, those of others may be late for the same reason.
WITH before AS (SELECT seen_at FROM worker WHERE id = @id)
INSERT INTO worker (id, seen_at) VALUES (@id, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
RETURNING coalesce(clock_timestamp() - (SELECT seen_at FROM before) < interval '3 seconds', false)::boolean AS steady;

-- name: ListAbandonedJobs :many
-- Running jobs of workers that have given no sign of life for too long. Workers that never gave one are not known to be dead.
SELECT j.id, j.attempt, j.max_attempts, (j.metadata ? 'cancel_attempted_at')::boolean AS cancelled,
    coalesce((j.metadata ->> 'river:rescue_count')::integer, 0)::integer AS rescues, now()::timestamptz AS now
FROM river_job j JOIN worker w ON w.id = j.attempted_by[cardinality(j.attempted_by)]
WHERE j.state = 'running' AND w.seen_at < now() - interval '6 seconds';

-- name: CountJobs :many
SELECT queue, kind, state::text AS state, count(*) AS count FROM river_job GROUP BY 1, 2, 3;

-- name: PruneWorkers :execrows
DELETE FROM worker WHERE seen_at < now() - interval '1 day';
