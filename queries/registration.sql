-- name: CreateRegistration :one
INSERT INTO registration (email, full_name, password_hash, expires_at)
VALUES (@email, @full_name, @password_hash, @expires_at)
RETURNING id;

-- name: GetRegistration :one
SELECT * FROM registration WHERE id = @id;

-- name: SetRegistrationToken :exec
UPDATE registration SET token_hash = @token_hash WHERE id = @id;

-- name: TakeRegistration :one
DELETE FROM registration WHERE token_hash = @token_hash AND expires_at > @now RETURNING *;

-- name: DeleteRegistration :exec
DELETE FROM registration WHERE id = @id;

-- name: DeleteRegistrationsOf :exec
DELETE FROM registration WHERE lower(email) = lower(@email);

-- name: PruneRegistrations :execrows
DELETE FROM registration WHERE expires_at < @before;

-- name: CountUnaskedMail :execrows
-- Counts a mail to an address, unless the last three were sent after since.
INSERT INTO unasked_mail AS m (address_hash, sent_at) VALUES (@address_hash, ARRAY[@now::timestamptz])
ON CONFLICT (address_hash) DO UPDATE
SET sent_at = (m.sent_at || excluded.sent_at)[greatest(cardinality(m.sent_at) - 1, 1):]
WHERE cardinality(m.sent_at) < 3 OR m.sent_at[1] <= @since::timestamptz;

-- name: PruneUnaskedMail :execrows
DELETE FROM unasked_mail WHERE sent_at[cardinality(sent_at)] < @before::timestamptz;
