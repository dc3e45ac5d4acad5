-- name: SetTOTP :exec
-- Stores a secret that does not count before it is confirmed.
UPDATE user_account SET totp_secret = @secret, totp_confirmed_at = NULL WHERE id = @id;

-- name: ConfirmTOTP :exec
UPDATE user_account SET totp_confirmed_at = @now::timestamptz WHERE id = @id;

-- name: UseTOTP :execrows
-- Takes a code's step, unless it or a later one was taken before.
UPDATE user_account SET totp_last_step = @step WHERE id = @id AND totp_last_step < @step;

-- name: DeleteTOTP :exec
UPDATE user_account SET totp_secret = NULL, totp_confirmed_at = NULL WHERE id = @id;

-- name: CreateRecoveryCodes :exec
INSERT INTO recovery_code (user_id, code_hash) SELECT @user_id, unnest(@code_hashes::bytea[]);

-- name: UseRecoveryCode :execrows
DELETE FROM recovery_code WHERE user_id = @user_id AND code_hash = @code_hash;

-- name: DeleteRecoveryCodes :exec
DELETE FROM recovery_code WHERE user_id = @user_id;
