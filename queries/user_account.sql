-- name: GetUser :one
SELECT * FROM user_account WHERE id = @id;

-- name: LockUser :one
SELECT * FROM user_account WHERE id = @id FOR UPDATE;

-- name: GetUserByEmail :one
SELECT * FROM user_account WHERE lower(email) = lower(@email);

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

-- name: TakePasswordReset :one
DELETE FROM password_reset WHERE token_hash = @token_hash AND expires_at > @now RETURNING user_id;

-- name: DeletePasswordResets :exec
DELETE FROM password_reset WHERE user_id = @user_id;

-- name: CountAttempt :one
-- Counts one attempt and returns how many there were in the window and when the window began.
INSERT INTO rate_limit (key, attempts, window_start) VALUES (@key, 1, @now)
ON CONFLICT (key) DO UPDATE
SET attempts = CASE WHEN rate_limit.window_start <= @window_floor::timestamptz THEN 1 ELSE rate_limit.attempts + 1 END,
    window_start = CASE WHEN rate_limit.window_start <= @window_floor THEN excluded.window_start ELSE rate_limit.window_start END
RETURNING attempts, window_start;

-- name: TakeBackAttempt :exec
-- Uncounts one attempt that was counted in the window that began then.
UPDATE rate_limit SET attempts = attempts - 1 WHERE key = @key AND window_start = @window_start AND attempts > 0;

-- name: ForgetAttempts :exec
DELETE FROM rate_limit WHERE key = @key;

-- name: PruneRateLimits :execrows
DELETE FROM rate_limit WHERE window_start < @before;

-- name: PrunePasswordResets :execrows
DELETE FROM password_reset WHERE expires_at < @before;

-- name: EndAccessTokens :exec
UPDATE user_account SET token_version = token_version + 1 WHERE id = @id;
