-- name: GetUser :one
SELECT * FROM user_account WHERE id = @id;

-- name: LockUser :one
SELECT * FROM user_account WHERE id = @id FOR UPDATE;

-- name: GetUserByEmail :one
-- One lookup for both forms of an address, so that its time does not tell which of them is known.
SELECT * FROM user_account WHERE lower(email) IN (lower(@email), lower(@written))
ORDER BY lower(email) = lower(@email) DESC LIMIT 1;

-- name: ListUsers :many
SELECT * FROM user_account WHERE id > @after_id ORDER BY id LIMIT @page_size;

-- name: CreateUser :one
INSERT INTO user_account (email, full_name, password_hash, is_active, is_superuser)
VALUES (@email, @full_name, @password_hash, @is_active, @is_superuser)
RETURNING *;

-- name: UpdateUser :one
-- Deactivation ends the access tokens.
UPDATE user_account
SET email = @email, full_name = @full_name, is_active = @is_active, is_superuser = @is_superuser,
    token_version = token_version + (is_active AND NOT @is_active)::integer
WHERE id = @id
RETURNING *;

-- name: SetPassword :exec
-- Ends the access tokens.
UPDATE user_account SET password_hash = @password_hash, token_version = token_version + 1 WHERE id = @id;

-- name: RehashPassword :exec
UPDATE user_account SET password_hash = @new_hash WHERE id = @id AND password_hash = @old_hash;

-- name: DeleteUser :execrows
DELETE FROM user_account WHERE id = @id;

-- name: LockActiveSuperusers :many
SELECT id FROM user_account WHERE is_superuser AND is_active ORDER BY id FOR UPDATE;

-- name: CreatePasswordReset :exec
INSERT INTO password_reset (token_hash, user_id, expires_at) VALUES (@token_hash, @user_id, @expires_at);

-- name: LockUserOfPasswordReset :one
-- A user is locked before their tokens, and before that all superusers, by those who need them.
SELECT * FROM user_account
WHERE id = (SELECT r.user_id FROM password_reset r WHERE r.token_hash = @token_hash AND r.expires_at > @now) FOR UPDATE;

-- name: TakePasswordReset :execrows
DELETE FROM password_reset WHERE token_hash = @token_hash;

-- name: DeletePasswordResets :exec
DELETE FROM password_reset WHERE user_id = @user_id;

-- name: CountAttempt :one
-- Counts one attempt and returns how many there were in the window and when the window began.
INSERT INTO rate_limit (key, account, attempts, window_start) VALUES (@key, @account, 1, @now)
ON CONFLICT (key) DO UPDATE
SET attempts = CASE WHEN rate_limit.window_start <= @window_floor::timestamptz THEN 1 ELSE rate_limit.attempts + 1 END,
    window_start = CASE WHEN rate_limit.window_start <= @window_floor THEN excluded.window_start ELSE rate_limit.window_start END
RETURNING attempts, window_start;

-- name: TakeBackAttempt :exec
-- Uncounts one attempt that was counted in the window that began then.
UPDATE rate_limit SET attempts = attempts - 1 WHERE key = @key AND window_start = @window_start AND attempts > 0;

-- name: ForgetAttempts :exec
DELETE FROM rate_limit WHERE key = @key;

-- name: ForgetAccountAttempts :exec
DELETE FROM rate_limit WHERE account = @account;

-- name: PruneRateLimits :execrows
DELETE FROM rate_limit WHERE window_start < @before;

-- name: PrunePasswordResets :execrows
DELETE FROM password_reset WHERE token_hash IN (
    SELECT r.token_hash FROM password_reset r WHERE r.expires_at < @before FOR UPDATE SKIP LOCKED);
