-- name: CreateAPIKey :one
INSERT INTO api_key (user_id, name, prefix, key_hash, can_write, created_at, expires_at)
VALUES (@user_id, @name, @prefix, @key_hash, @can_write, @created_at, @expires_at)
RETURNING *;

-- name: CountAPIKeys :one
SELECT count(*) FROM api_key WHERE user_id = @user_id AND expires_at > @now;

-- name: ListAPIKeys :many
-- Those of a user, or of all.
SELECT * FROM api_key
WHERE (sqlc.narg(user_id)::bigint IS NULL OR user_id = sqlc.narg(user_id)) AND id < @before_id
ORDER BY id DESC LIMIT @page_size;

-- name: GetAPIKeyOwner :one
-- A key in force and the user whose key it is.
SELECT k.id, k.user_id, k.can_write, k.last_used_at, k.expires_at, u.is_superuser,
    (u.totp_confirmed_at IS NOT NULL)::boolean AS totp_enabled
FROM api_key k JOIN user_account u ON u.id = k.user_id
WHERE k.key_hash = @key_hash AND k.expires_at > @now AND u.is_active;

-- name: TouchAPIKey :exec
-- Waits for nobody: who holds the row writes the same.
UPDATE api_key SET last_used_at = @now::timestamptz
WHERE id = (SELECT k.id FROM api_key k WHERE k.id = @id AND (k.last_used_at IS NULL OR k.last_used_at < @before::timestamptz)
            FOR UPDATE SKIP LOCKED);

-- name: DeleteAPIKey :one
-- A key of a user, or of anybody.
DELETE FROM api_key WHERE id = @id AND (sqlc.narg(user_id)::bigint IS NULL OR user_id = sqlc.narg(user_id)) RETURNING *;

-- name: PruneAPIKeys :execrows
DELETE FROM api_key WHERE expires_at < @before;
