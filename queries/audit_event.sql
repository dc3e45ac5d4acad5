-- name: CreateAuditEvent :exec
INSERT INTO audit_event (action, reason, actor, actor_id, api_key_id, target_type, target, detail, client, request_id)
VALUES (@action, @reason, @actor, @actor_id, @api_key_id, @target_type, @target, @detail, @client, @request_id);

-- name: ListAuditEvents :many
SELECT * FROM audit_event
WHERE id < @before_id
  AND (sqlc.narg(actor_id)::bigint IS NULL OR actor_id = sqlc.narg(actor_id))
  AND (sqlc.narg(action)::text IS NULL OR action = sqlc.narg(action))
  AND (sqlc.narg(target_type)::text IS NULL OR target_type = sqlc.narg(target_type))
  AND (sqlc.narg(target)::text IS NULL OR target = sqlc.narg(target))
  AND (sqlc.narg(client)::text IS NULL OR client = sqlc.narg(client))
  AND (sqlc.narg(since)::timestamptz IS NULL OR created_at >= sqlc.narg(since))
  AND (sqlc.narg(before)::timestamptz IS NULL OR created_at < sqlc.narg(before))
ORDER BY id DESC LIMIT @page_size;

-- name: PruneAuditEvents :execrows
-- A batch of those that are older than so many days.
DELETE FROM audit_event WHERE id IN (
    SELECT e.id FROM audit_event e WHERE e.created_at < now() - make_interval(days => @days::integer) ORDER BY e.created_at LIMIT @batch::integer
);
