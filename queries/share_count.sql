-- name: ListShareCountsOfDays :many
-- The counts of companies that were the newest of their source on one of some days, which begin with one of each company, in
-- the order in which they became known.
SELECT s.* FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@from_days::date[]) AS from_day) AS w
CROSS JOIN (VALUES ('cover'), ('balance_sheet')) AS k (source)
CROSS JOIN LATERAL (
    SELECT coalesce(max(n.known_from), '0001-01-01') AS since FROM share_count n
    WHERE n.company_id = w.company_id AND n.source = k.source AND n.known_from <= w.from_day
) AS newest
JOIN share_count s ON s.company_id = w.company_id AND s.source = k.source AND s.known_from <= @to_day
    AND s.known_from >= newest.since
ORDER BY s.known_from, s.source;

-- name: UpsertShareCounts :execrows
INSERT INTO share_count (company_id, source, known_from, basis_date, end_date, shares)
SELECT @company_id, unnest(@source::text[]), unnest(@known_from::date[]), unnest(@basis_date::date[]),
    unnest(@end_date::date[]), unnest(@shares::bigint[])
ON CONFLICT (company_id, source, known_from) DO UPDATE
SET basis_date = excluded.basis_date, end_date = excluded.end_date, shares = excluded.shares
WHERE (share_count.basis_date, share_count.end_date, share_count.shares)
    IS DISTINCT FROM (excluded.basis_date, excluded.end_date, excluded.shares);

-- name: DeleteOtherShareCounts :execrows
DELETE FROM share_count s WHERE s.company_id = @company_id
  AND NOT EXISTS (SELECT FROM (SELECT unnest(@source::text[]) AS source, unnest(@known_from::date[]) AS known_from) AS k
                  WHERE k.source = s.source AND k.known_from = s.known_from);

-- name: ListAnnualForms :many
SELECT * FROM annual_form WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, known_from;

-- name: DeleteAnnualForms :exec
DELETE FROM annual_form WHERE company_id = @company_id;

-- name: CreateAnnualForms :exec
INSERT INTO annual_form (company_id, known_from, foreign_issuer)
SELECT @company_id, unnest(@known_from::date[]), unnest(@foreign_issuer::boolean[]);
