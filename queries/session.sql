-- name: CreateSession :one
-- None if the password was changed, or the account deactivated, since the token version was read.
INSERT INTO session (user_id, created_at, last_used_at, expires_at, client, user_agent)
SELECT u.id, @now::timestamptz, @now::timestamptz, @expires_at::timestamptz, sqlc.narg('client')::text, sqlc.narg('user_agent')::text
FROM user_account u WHERE u.id = @user_id AND u.token_version = @token_version AND u.is_active
FOR SHARE
RETURNING *;

-- name: CreateRefreshToken :exec
INSERT INTO refresh_token (token_hash, session_id) VALUES (@token_hash, @session_id);

-- name: GetSessionUser :one
-- Who has a session, if it and its user's account are in force.
SELECT u.is_superuser, u.token_version, (u.totp_confirmed_at IS NOT NULL)::boolean AS totp_enabled,
    s.created_at, s.last_used_at, s.expires_at
FROM session s JOIN user_account u ON u.id = s.user_id
WHERE s.id = @id AND u.id = @user_id AND s.expires_at > @now AND u.is_active;

-- name: LockSessionOfToken :one
-- Before the token is read, so that it is used once.
SELECT * FROM session WHERE id = (SELECT session_id FROM refresh_token WHERE token_hash = @token_hash) FOR UPDATE;

-- name: GetRefreshTokenUse :one
SELECT used_at FROM refresh_token WHERE token_hash = @token_hash;

-- name: UseRefreshToken :exec
UPDATE refresh_token SET used_at = @now::timestamptz WHERE token_hash = @token_hash;

-- name: RefreshSession :exec
UPDATE session SET last_used_at = @now, expires_at = @expires_at, client = @client, user_agent = @user_agent WHERE id = @id;

-- name: ListSessions :many
SELECT * FROM session WHERE user_id = @user_id AND expires_at > @now AND id < @before_id ORDER BY id DESC LIMIT @page_size;

-- name: DeleteSession :execrows
DELETE FROM session WHERE id = @id AND user_id = @user_id;

-- name: DeleteSessions :execrows
-- All of a user's, except the one with the id keep.
DELETE FROM session WHERE user_id = @user_id AND id <> @keep;

-- name: PruneSessions :execrows
DELETE FROM session WHERE expires_at <= @before;
