-- name: SetErrorOfJob :exec
-- Says why the job of an import is about to be discarded.
UPDATE import SET error = @error WHERE job_id = @job_id AND finished_at IS NULL;

-- name: LockSuspects :exec
SELECT pg_advisory_xact_lock('worker'::regclass::oid::bigint);

-- name: BeginImport :execrows
UPDATE worker SET imports = array_append(imports, sqlc.arg(job)::bigint) WHERE id = @id AND suspect IS NULL;

-- name: ClaimSuspect :execrows
-- Keeps other imports from beginning at the worker, unless a living one has a suspect.
UPDATE worker SET suspect = @job::bigint WHERE worker.id = @id AND NOT EXISTS (
    SELECT FROM worker o WHERE o.suspect IS NOT NULL AND o.seen_at > now() - interval '6 seconds');

-- name: BeginSuspect :execrows
UPDATE worker SET imports = ARRAY[sqlc.arg(job)::bigint] WHERE id = @id AND suspect = @job AND cardinality(imports) = 0;

-- name: EndImport :exec
UPDATE worker SET imports = array_remove(imports, sqlc.arg(job)::bigint), suspect = nullif(suspect, @job) WHERE id = @id;
