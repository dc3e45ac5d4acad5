-- name: ListCompanyRestatements :many
SELECT * FROM restatement r
WHERE r.company_id = @company_id
  AND (sqlc.narg(as_of)::date IS NULL OR r.known_from <= sqlc.narg(as_of))
  AND (sqlc.narg(known_since)::date IS NULL OR r.known_from >= sqlc.narg(known_since))
  AND (sqlc.narg(period)::text IS NULL OR r.period = sqlc.narg(period))
  AND (sqlc.narg(kind)::text IS NULL OR r.kind = sqlc.narg(kind))
  AND (sqlc.narg(derived)::boolean IS NULL OR r.derived = sqlc.narg(derived))
  AND (sqlc.narg(before_known)::date IS NULL OR (r.known_from, r.id) < (sqlc.narg(before_known)::date, @before_id::bigint))
ORDER BY r.known_from DESC, r.id DESC
LIMIT sqlc.narg(page_size);

-- name: ListRestatements :many
SELECT sqlc.embed(r), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = r.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(r.company_id))::text AS ticker
FROM restatement r
WHERE (sqlc.narg(as_of)::date IS NULL OR r.known_from <= sqlc.narg(as_of))
  AND (sqlc.narg(known_since)::date IS NULL OR r.known_from >= sqlc.narg(known_since))
  AND (sqlc.narg(period)::text IS NULL OR r.period = sqlc.narg(period))
  AND (sqlc.narg(kind)::text IS NULL OR r.kind = sqlc.narg(kind))
  AND (sqlc.narg(derived)::boolean IS NULL OR r.derived = sqlc.narg(derived))
  AND (sqlc.narg(before_known)::date IS NULL OR (r.known_from, r.id) < (sqlc.narg(before_known)::date, @before_id::bigint))
ORDER BY r.known_from DESC, r.id DESC
LIMIT @page_size;

-- name: DeleteRestatements :exec
DELETE FROM restatement WHERE id = ANY(@ids::bigint[]);

-- name: DeleteRestatementsOfStatement :exec
DELETE FROM restatement WHERE statement_id = @statement_id;
