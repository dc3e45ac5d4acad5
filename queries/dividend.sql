-- name: ListCompanyDividends :many
-- A company's dividends as known on as_of, or of today; the newest published first.
SELECT * FROM dividend d
WHERE d.company_id = @company_id
  AND (sqlc.narg(as_of)::date IS NULL AND d.known_to IS NULL
       OR d.known_from <= sqlc.narg(as_of) AND (d.known_to IS NULL OR d.known_to > sqlc.narg(as_of)))
  AND (sqlc.narg(before_published)::date IS NULL
       OR (d.publish_date, d.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY d.publish_date DESC, d.id DESC
LIMIT sqlc.narg(page_size);

-- name: ListAllDividends :many
-- All companies' dividends of today that were published from a day until another, the newest published first.
SELECT sqlc.embed(d), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = d.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(d.company_id))::text AS ticker
FROM dividend d
WHERE d.known_to IS NULL AND d.publish_date BETWEEN @published_since AND @before_published
  AND (d.publish_date, d.id) < (@before_published::date, @before_id::bigint)
ORDER BY d.publish_date DESC, d.id DESC
LIMIT @page_size;

-- name: ListDividends :many
-- All companies' dividends as known on as_of, or of today; the newest published first. None is known before it is
-- published, so that the index leads to the day.
SELECT sqlc.embed(d), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = d.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(d.company_id))::text AS ticker
FROM dividend d
WHERE (sqlc.narg(as_of)::date IS NULL AND d.known_to IS NULL
       OR d.known_from <= sqlc.narg(as_of) AND (d.known_to IS NULL OR d.known_to > sqlc.narg(as_of)))
  AND (sqlc.narg(as_of)::date IS NULL OR d.publish_date <= sqlc.narg(as_of))
  AND (sqlc.narg(fiscal_year)::integer IS NULL OR d.fiscal_year = sqlc.narg(fiscal_year))
  AND (sqlc.narg(published_since)::date IS NULL OR d.publish_date >= sqlc.narg(published_since))
  AND (sqlc.narg(known_since)::date IS NULL OR d.known_from >= sqlc.narg(known_since))
  AND (sqlc.narg(before_published)::date IS NULL
       OR (d.publish_date, d.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY d.publish_date DESC, d.id DESC
LIMIT @page_size;

-- name: GetDividend :one
SELECT sqlc.embed(d), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = d.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(d.company_id))::text AS ticker
FROM dividend d
WHERE d.id = @id
  AND (sqlc.narg(as_of)::date IS NULL AND d.known_to IS NULL
       OR d.known_from <= sqlc.narg(as_of) AND (d.known_to IS NULL OR d.known_to > sqlc.narg(as_of)));

-- name: LockCompanyOfDividend :one
SELECT id FROM company WHERE id = (SELECT d.company_id FROM dividend d WHERE d.id = @dividend_id LIMIT 1) FOR UPDATE;

-- name: CreateDividend :one
INSERT INTO dividend (company_id, source, known_from, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
    publish_date, derived, share_basis_date, declaration_date, ex_dividend_date, record_date, payment_date)
VALUES (@company_id, 'manual', @publish_date, @fiscal_year, @fiscal_quarter, @period_end, @amount_per_share, @currency,
    @publish_date, false, @share_basis_date, @declaration_date, @ex_dividend_date, @record_date, @payment_date)
RETURNING sqlc.embed(dividend), coalesce(
    (SELECT l.ticker FROM listing l WHERE l.company_id = dividend.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(dividend.company_id))::text AS ticker;

-- name: ReplaceDividend :one
-- Enters one with the id of another, which is not there any more.
INSERT INTO dividend (id, company_id, source, known_from, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
    publish_date, derived, share_basis_date, declaration_date, ex_dividend_date, record_date, payment_date, created_at)
VALUES (@id, @company_id, 'manual', @publish_date, @fiscal_year, @fiscal_quarter, @period_end, @amount_per_share, @currency,
    @publish_date, false, @share_basis_date, @declaration_date, @ex_dividend_date, @record_date, @payment_date, @created_at)
RETURNING sqlc.embed(dividend), coalesce(
    (SELECT l.ticker FROM listing l WHERE l.company_id = dividend.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(dividend.company_id))::text AS ticker;

-- name: NextDividendIDs :many
SELECT nextval('dividend_id_seq') FROM generate_series(1, @n::integer);

-- name: MoveDividend :exec
-- Gives all versions of one another id.
UPDATE dividend SET id = (SELECT nextval('dividend_id_seq')) WHERE id = @id;

-- name: DeleteDividend :exec
DELETE FROM dividend WHERE id = @id;

-- name: EndFiledDividends :exec
-- One entered by hand stands in the place of the filed one of its period end from a day on.
WITH later AS (
    DELETE FROM dividend f
    WHERE f.company_id = @company_id AND f.source = 'sec' AND f.period_end = @period_end AND f.known_from >= @day::date
)
UPDATE dividend d SET known_to = @day::date
WHERE d.company_id = @company_id AND d.source = 'sec' AND d.period_end = @period_end AND d.known_from < @day::date
  AND (d.known_to IS NULL OR d.known_to > @day::date);

-- name: ListDividendVersionsForUpdate :many
SELECT * FROM dividend WHERE company_id = @company_id ORDER BY period_end, known_from FOR UPDATE;

-- name: DeleteDividendVersions :exec
DELETE FROM dividend d USING (SELECT unnest(@ids::bigint[]) AS id, unnest(@known_from::date[]) AS known_from) AS w
WHERE d.id = w.id AND d.known_from = w.known_from;

-- name: EndDividends :exec
-- Sets the end of versions, an empty text for none; no value of a version changes.
UPDATE dividend d SET known_to = nullif(w.known_to, '')::date
FROM (SELECT unnest(@ids::bigint[]) AS id, unnest(@known_from::date[]) AS known_from,
             unnest(@known_to::text[]) AS known_to) AS w
WHERE d.id = w.id AND d.known_from = w.known_from;

-- name: InsertDividends :exec
-- Quarter 0 and an empty known_to stand for none.
INSERT INTO dividend (id, known_from, known_to, company_id, source, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
    publish_date, derived, share_basis_date)
SELECT unnest(@ids::bigint[]), unnest(@known_from::date[]), nullif(unnest(@known_to::text[]), '')::date, @company_id, 'sec',
    unnest(@fiscal_year::integer[]), nullif(unnest(@fiscal_quarter::integer[]), 0), unnest(@period_end::date[]),
    unnest(@amount_per_share::numeric[]), unnest(@currency::text[]), unnest(@publish_date::date[]), unnest(@derived::boolean[]),
    unnest(@share_basis_date::date[]);
