-- name: TryLockIdempotencyKey :one
-- Whether nobody else is carrying out a request with the key.
SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency_key ' || @user_id::bigint || ' ' || @key::text, 0));

-- name: GetIdempotencyKey :one
SELECT * FROM idempotency_key WHERE user_id = @user_id AND key = @key AND created_at > now() - interval '24 hours';

-- name: SetIdempotencyKey :exec
INSERT INTO idempotency_key (user_id, key, request, answer) VALUES (@user_id, @key, @request, @answer)
ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request, answer = excluded.answer, created_at = now();

-- name: PruneIdempotencyKeys :execrows
DELETE FROM idempotency_key WHERE created_at <= now() - interval '24 hours';
