-- name: ListShareCounts :many
SELECT * FROM share_count WHERE company_id = @company_id ORDER BY known_from;

-- name: ListNewestShareCounts :many
-- The newest count known on a day, one per company.
SELECT DISTINCT ON (company_id) * FROM share_count
WHERE company_id = ANY(@company_ids::bigint[]) AND known_from <= @day
ORDER BY company_id, known_from DESC;

-- name: UpsertShareCounts :execrows
INSERT INTO share_count (company_id, known_from, basis_date, end_date, shares)
SELECT @company_id, unnest(@known_from::date[]), unnest(@basis_date::date[]), unnest(@end_date::date[]),
    unnest(@shares::bigint[])
ON CONFLICT (company_id, known_from) DO UPDATE
SET basis_date = excluded.basis_date, end_date = excluded.end_date, shares = excluded.shares
WHERE (share_count.basis_date, share_count.end_date, share_count.shares)
    IS DISTINCT FROM (excluded.basis_date, excluded.end_date, excluded.shares);

-- name: DeleteOtherShareCounts :execrows
DELETE FROM share_count WHERE company_id = @company_id AND known_from <> ALL(@keep::date[]);
