-- name: ListCompanyFinancialStatements :many
-- A company's statements as known on as_of, or of today; the newest first. An empty period is both.
SELECT * FROM financial_statement s
WHERE s.company_id = @company_id
  AND (@period::text = '' OR s.period = @period)
  AND (sqlc.narg(as_of)::date IS NULL AND s.known_to IS NULL
       OR s.known_from <= sqlc.narg(as_of) AND (s.known_to IS NULL OR s.known_to > sqlc.narg(as_of)))
  AND (sqlc.narg(before_end)::date IS NULL OR (s.end_date, s.id) < (sqlc.narg(before_end)::date, @before_id::bigint))
ORDER BY s.end_date DESC, s.id DESC
LIMIT sqlc.narg(page_size);

-- name: ListAllFinancialStatements :many
-- All companies' statements of today that were published from a day until another, the newest published first. The days bound
-- what PostgreSQL expects to find, so that it takes one plan for all of them.
SELECT sqlc.embed(s), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = s.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(s.company_id))::text AS ticker
FROM financial_statement s
WHERE s.known_to IS NULL AND s.publish_date BETWEEN @published_since AND @before_published
  AND (s.publish_date, s.id) < (@before_published::date, @before_id::bigint)
ORDER BY s.publish_date DESC, s.id DESC
LIMIT @page_size;

-- name: ListFinancialStatements :many
-- All companies' statements of today, the newest published first.
SELECT sqlc.embed(s), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = s.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(s.company_id))::text AS ticker
FROM financial_statement s
WHERE s.known_to IS NULL
  AND (sqlc.narg(period)::text IS NULL OR s.period = sqlc.narg(period))
  AND (sqlc.narg(fiscal_year)::integer IS NULL OR s.fiscal_year = sqlc.narg(fiscal_year))
  AND (sqlc.narg(published_since)::date IS NULL OR s.publish_date >= sqlc.narg(published_since))
  AND (sqlc.narg(known_since)::date IS NULL OR s.known_from >= sqlc.narg(known_since))
  AND (sqlc.narg(before_published)::date IS NULL
       OR (s.publish_date, s.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY s.publish_date DESC, s.id DESC
LIMIT @page_size;

-- name: ListFinancialStatementsAsOf :many
-- The same as known on a day.
SELECT sqlc.embed(s), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = s.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(s.company_id))::text AS ticker
FROM financial_statement s
WHERE s.known_from <= @as_of AND (s.known_to IS NULL OR s.known_to > @as_of) AND s.publish_date <= @as_of
  AND (sqlc.narg(period)::text IS NULL OR s.period = sqlc.narg(period))
  AND (sqlc.narg(fiscal_year)::integer IS NULL OR s.fiscal_year = sqlc.narg(fiscal_year))
  AND (sqlc.narg(published_since)::date IS NULL OR s.publish_date >= sqlc.narg(published_since))
  AND (sqlc.narg(known_since)::date IS NULL OR s.known_from >= sqlc.narg(known_since))
  AND (sqlc.narg(before_published)::date IS NULL
       OR (s.publish_date, s.id) < (sqlc.narg(before_published)::date, @before_id::bigint))
ORDER BY s.publish_date DESC, s.id DESC
LIMIT @page_size;

-- name: ListFinancialStatementsWithin :many
-- Statements of companies as known on as_of, or of today: of each company those that end from a day until another, the
-- annual ones from an earlier day on.
SELECT s.* FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@since::date[]) AS since,
                        unnest(@years_since::date[]) AS years_since, unnest(@until::date[]) AS until) AS w
JOIN financial_statement s ON s.company_id = w.company_id AND s.end_date <= w.until
    AND s.end_date >= CASE s.period WHEN 'annual' THEN w.years_since ELSE w.since END
WHERE sqlc.narg(as_of)::date IS NULL AND s.known_to IS NULL
   OR s.known_from <= sqlc.narg(as_of) AND (s.known_to IS NULL OR s.known_to > sqlc.narg(as_of));

-- name: ListFinancialStatementsOfDays :many
-- What the daily ratios of some days need: the versions of each company's statements that were known on one of the days and
-- end at most 500 days before the newest quarter or year that was known on all of them; and with years above 0 the annual
-- ones of so many years, back from the newest of each currency.
SELECT s.* FROM (SELECT unnest(@company_ids::bigint[]) AS company_id) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(max(n.end_date) - 500, '0001-01-01') AS since FROM (VALUES ('annual'), ('quarterly')) AS p (period)
    CROSS JOIN LATERAL (
        SELECT n.end_date FROM financial_statement n
        WHERE n.company_id = w.company_id AND n.period = p.period AND n.known_from <= @from_day
            AND (n.known_to IS NULL OR n.known_to > @to_day::date)
        ORDER BY n.end_date DESC LIMIT 1
    ) AS n
) AS newest
CROSS JOIN LATERAL (
    SELECT coalesce(min(n.end_date) - 373 * @years::integer, '0001-01-01') AS since FROM (
        SELECT max(n.end_date) AS end_date FROM financial_statement n
        WHERE @years > 0 AND n.company_id = w.company_id AND n.period = 'annual' AND n.known_from <= @from_day
            AND (n.known_to IS NULL OR n.known_to > @to_day::date)
        GROUP BY n.currency
    ) AS n
) AS annual
JOIN financial_statement s ON s.company_id = w.company_id AND s.known_from <= @to_day
    AND (s.known_to IS NULL OR s.known_to > @from_day::date)
    AND s.end_date >= CASE WHEN s.period = 'annual' AND @years > 0 THEN least(newest.since, annual.since) ELSE newest.since END;

-- name: ListEarningsOfDays :many
-- What price to earnings ratios read of the statements that ListFinancialStatementsOfDays returns without years: of each
-- company those of the days from its own first one on.
SELECT s.company_id, s.known_from, s.known_to, s.period, s.start_date, s.end_date, s.publish_date, s.currency,
    s.net_income, s.preferred_dividends, s.shares_outstanding, s.shares_source
FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@from_days::date[]) AS from_day) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(max(n.end_date) - 500, '0001-01-01') AS since FROM (VALUES ('annual'), ('quarterly')) AS p (period)
    CROSS JOIN LATERAL (
        SELECT n.end_date FROM financial_statement n
        WHERE n.company_id = w.company_id AND n.period = p.period AND n.known_from <= w.from_day
            AND (n.known_to IS NULL OR n.known_to > @to_day::date)
        ORDER BY n.end_date DESC LIMIT 1
    ) AS n
) AS newest
JOIN financial_statement s ON s.company_id = w.company_id AND s.known_from <= @to_day
    AND (s.known_to IS NULL OR s.known_to > w.from_day) AND s.end_date >= newest.since;

-- name: GetFinancialStatement :one
SELECT sqlc.embed(s), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = s.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(s.company_id))::text AS ticker
FROM financial_statement s
WHERE s.id = @id
  AND (sqlc.narg(as_of)::date IS NULL AND s.known_to IS NULL
       OR s.known_from <= sqlc.narg(as_of) AND (s.known_to IS NULL OR s.known_to > sqlc.narg(as_of)));

-- name: ListVersionsOfFinancialStatement :many
-- The versions of a statement known by a day, or all; the newest first.
SELECT sqlc.embed(s), coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = s.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(s.company_id))::text AS ticker
FROM financial_statement s
WHERE s.id = @id
  AND (sqlc.narg(as_of)::date IS NULL OR s.known_from <= sqlc.narg(as_of))
  AND (sqlc.narg(before_known)::date IS NULL OR s.known_from < sqlc.narg(before_known))
ORDER BY s.known_from DESC
LIMIT @page_size;

-- name: LockCompanyOfFinancialStatement :one
SELECT id FROM company
WHERE id = (SELECT s.company_id FROM financial_statement s WHERE s.id = @statement_id LIMIT 1) FOR UPDATE;

-- name: ListFinancialStatementVersionsForUpdate :many
SELECT * FROM financial_statement WHERE company_id = @company_id ORDER BY period, end_date, known_from FOR UPDATE;

-- name: NextFinancialStatementIDs :many
SELECT nextval('financial_statement_id_seq') FROM generate_series(1, @n::integer);

-- name: EndFinancialStatements :exec
-- Sets the end of versions, an empty text for none; no value of a version changes.
UPDATE financial_statement s SET known_to = nullif(w.known_to, '')::date
FROM (SELECT unnest(@ids::bigint[]) AS id, unnest(@known_from::date[]) AS known_from,
             unnest(@known_to::text[]) AS known_to) AS w
WHERE s.id = w.id AND s.known_from = w.known_from;

-- name: DeleteFinancialStatementVersions :exec
DELETE FROM financial_statement s USING (SELECT unnest(@ids::bigint[]) AS id, unnest(@known_from::date[]) AS known_from) AS w
WHERE s.id = w.id AND s.known_from = w.known_from;

-- name: SetRulesVersion :exec
-- Says that the rules of another version give the same.
UPDATE financial_statement SET rules_version = @rules_version::integer
WHERE company_id = @company_id AND rules_version <> @rules_version;

-- name: SetFinancialStatementSource :exec
UPDATE financial_statement SET source = @source WHERE id = @id AND source <> @source;

-- name: DeleteFinancialStatement :exec
DELETE FROM financial_statement WHERE id = @id;
