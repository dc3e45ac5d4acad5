-- name: SetPendingEmail :one
UPDATE user_account SET pending_email = @email::text, pending_email_hash = NULL, pending_email_expires_at = @expires_at::timestamptz
WHERE id = @id
RETURNING *;

-- name: SetPendingEmailToken :execrows
-- Of the change to that address, if it is still wanted.
UPDATE user_account SET pending_email_hash = @token_hash::bytea
WHERE id = @id AND pending_email = @email::text AND pending_email_expires_at > @now::timestamptz;

-- name: LockPendingEmail :one
SELECT * FROM user_account WHERE pending_email_hash = @token_hash::bytea AND pending_email_expires_at > @now::timestamptz FOR UPDATE;

-- name: ConfirmEmail :exec
UPDATE user_account SET email = pending_email, pending_email = NULL, pending_email_hash = NULL, pending_email_expires_at = NULL
WHERE id = @id;

-- name: DeletePendingEmail :exec
UPDATE user_account SET pending_email = NULL, pending_email_hash = NULL, pending_email_expires_at = NULL WHERE id = @id;
