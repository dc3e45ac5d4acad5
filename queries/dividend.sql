-- name: ListCompanyDividends :many
SELECT * FROM dividend d
WHERE d.company_id = @company_id
  AND (sqlc.narg(before_published)::date IS NULL
       OR (d.publish_date, d.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY d.publish_date DESC, d.id DESC
LIMIT sqlc.narg(page_size);

-- name: ListDividends :many
SELECT sqlc.embed(d), l.ticker FROM dividend d
JOIN listing l ON l.company_id = d.company_id AND l.is_primary
WHERE (sqlc.narg(fiscal_year)::integer IS NULL OR d.fiscal_year = sqlc.narg(fiscal_year))
  AND (sqlc.narg(published_since)::date IS NULL OR d.publish_date >= sqlc.narg(published_since))
  AND (sqlc.narg(before_published)::date IS NULL
       OR (d.publish_date, d.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY d.publish_date DESC, d.id DESC
LIMIT @page_size;

-- name: GetDividend :one
SELECT sqlc.embed(d), l.ticker FROM dividend d
JOIN listing l ON l.company_id = d.company_id AND l.is_primary
WHERE d.id = @id;

-- name: LockCompanyOfDividend :one
SELECT id FROM company WHERE id = (SELECT d.company_id FROM dividend d WHERE d.id = @dividend_id) FOR UPDATE;

-- name: CreateDividend :one
INSERT INTO dividend (company_id, source, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
    publish_date, derived, share_basis_date, declaration_date, ex_dividend_date, record_date, payment_date)
VALUES (@company_id, 'manual', @fiscal_year, @fiscal_quarter, @period_end, @amount_per_share, @currency,
    @publish_date, false, @share_basis_date, @declaration_date, @ex_dividend_date, @record_date, @payment_date)
RETURNING id;

-- name: ReplaceDividend :execrows
UPDATE dividend
SET source = 'manual', doubled = false, fiscal_year = @fiscal_year, fiscal_quarter = @fiscal_quarter, period_end = @period_end,
    amount_per_share = @amount_per_share, currency = @currency, publish_date = @publish_date, derived = false,
    share_basis_date = @share_basis_date, declaration_date = @declaration_date, ex_dividend_date = @ex_dividend_date,
    record_date = @record_date, payment_date = @payment_date
WHERE id = @id;

-- name: DeleteDividend :execrows
DELETE FROM dividend WHERE id = @id;

-- name: DeleteImportedDividend :exec
-- One entered by hand for the same period end stands in its place.
DELETE FROM dividend WHERE company_id = @company_id AND period_end = @period_end AND source = 'sec';

-- name: UpsertDividends :execrows
-- Leaves out the period ends that have a dividend entered by hand. Quarter 0 stands for none.
INSERT INTO dividend (company_id, source, fiscal_year, fiscal_quarter, period_end, amount_per_share, currency,
    publish_date, derived, share_basis_date)
SELECT @company_id, 'sec', t.fiscal_year, nullif(t.fiscal_quarter, 0), t.period_end, t.amount_per_share, t.currency,
    t.publish_date, t.derived, t.share_basis_date
FROM (SELECT unnest(@fiscal_year::integer[]) AS fiscal_year, unnest(@fiscal_quarter::integer[]) AS fiscal_quarter,
             unnest(@period_end::date[]) AS period_end, unnest(@amount_per_share::numeric[]) AS amount_per_share,
             unnest(@currency::text[]) AS currency, unnest(@publish_date::date[]) AS publish_date, unnest(@derived::boolean[]) AS derived,
             unnest(@share_basis_date::date[]) AS share_basis_date) AS t
WHERE NOT EXISTS (SELECT FROM dividend m
    WHERE m.company_id = @company_id AND m.period_end = t.period_end AND m.source = 'manual')
ON CONFLICT (company_id, period_end) WHERE source = 'sec' DO UPDATE
SET fiscal_year = excluded.fiscal_year, fiscal_quarter = excluded.fiscal_quarter,
    amount_per_share = excluded.amount_per_share, currency = excluded.currency, publish_date = excluded.publish_date,
    derived = excluded.derived, share_basis_date = excluded.share_basis_date
WHERE (dividend.fiscal_year, dividend.fiscal_quarter, dividend.amount_per_share, dividend.currency,
       dividend.publish_date, dividend.derived, dividend.share_basis_date)
    IS DISTINCT FROM (excluded.fiscal_year, excluded.fiscal_quarter, excluded.amount_per_share, excluded.currency,
       excluded.publish_date, excluded.derived, excluded.share_basis_date);

-- name: CountManualDividends :one
SELECT count(DISTINCT period_end) FROM dividend
WHERE company_id = @company_id AND source = 'manual' AND period_end = ANY(@period_ends::date[]);

-- name: DeleteOtherImportedDividends :execrows
-- Those of other period ends, and of those that have a dividend entered by hand.
DELETE FROM dividend d
WHERE d.company_id = @company_id AND d.source = 'sec' AND (d.period_end <> ALL(@keep::date[]) OR EXISTS (
    SELECT FROM dividend m WHERE m.company_id = @company_id AND m.period_end = d.period_end AND m.source = 'manual'));
