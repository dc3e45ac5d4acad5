-- name: GetCompanyWithListings :many
-- A company by any of its tickers, once for each of its listings, the primary first.
SELECT sqlc.embed(c), sqlc.embed(l) FROM listing named
JOIN company c ON c.id = named.company_id
JOIN listing l ON l.company_id = c.id
WHERE named.ticker = @ticker
ORDER BY l.is_primary DESC, l.ticker;

-- Whoever writes what belongs to companies locks them first, several by id.

-- name: GetCompanyByCIK :one
-- The company that has the CIK or had it before.
SELECT c.* FROM company_cik k JOIN company c ON c.id = k.company_id WHERE k.cik = @cik;

-- name: LockCompanyByCIK :one
SELECT c.* FROM company c JOIN company_cik k ON k.company_id = c.id WHERE k.cik = @cik FOR UPDATE OF c;

-- name: LockCompaniesByCIK :exec
SELECT FROM company WHERE id IN (SELECT company_id FROM company_cik WHERE cik = ANY(@ciks::bigint[])) ORDER BY id FOR UPDATE;

-- name: LockCompaniesByTicker :many
SELECT id FROM company WHERE id IN (SELECT company_id FROM listing WHERE ticker = ANY(@tickers::text[])) ORDER BY id FOR UPDATE;

-- name: LockCompanyByTicker :one
SELECT c.* FROM company c JOIN listing l ON l.company_id = c.id WHERE l.ticker = @ticker FOR UPDATE OF c;

-- name: GetCompany :one
SELECT * FROM company WHERE id = @id;

-- name: LockCompany :one
SELECT * FROM company WHERE id = @id FOR UPDATE;

-- name: ListCompanies :many
-- By name; after_name and after_id are those of the last company of the page before.
SELECT * FROM company c
WHERE (c.name, c.id) > (@after_name::text, @after_id::bigint)
  AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
      SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
ORDER BY c.name, c.id
LIMIT @page_size;

-- name: SearchCompanies :many
-- prefix, code_prefix (upper case), cik_prefix and part are LIKE patterns. Rank 0: the code is the same, 1: it begins
-- so, 2: the name begins so, 3: the name contains it.
WITH hit AS (
    SELECT l.company_id, CASE WHEN l.ticker = @code::text OR l.isin = @code THEN 0 ELSE 1 END AS rank
    FROM listing l WHERE l.ticker LIKE @code_prefix::text OR l.isin LIKE @code_prefix
    UNION ALL
    SELECT k.company_id, CASE WHEN k.cik::text = @cik::text THEN 0 ELSE 1 END
    FROM company_cik k WHERE k.cik::text LIKE @cik_prefix::text
    UNION ALL
    SELECT c.id, CASE WHEN c.name ILIKE @prefix::text THEN 2 ELSE 3 END
    FROM company c WHERE c.name ILIKE @part::text
), ranked AS (
    SELECT company_id, min(rank)::integer AS rank FROM hit GROUP BY company_id
)
SELECT sqlc.embed(c), r.rank FROM ranked r JOIN company c ON c.id = r.company_id
WHERE (r.rank, c.name, c.id) > (@after_rank::integer, @after_name::text, @after_id::bigint)
  AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
      SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
ORDER BY r.rank, c.name, c.id
LIMIT @page_size;

-- name: CreateCompany :one
INSERT INTO company (name, cik, former_ciks, country, url, ipo_date, number_of_shares)
VALUES (@name, @cik, @former_ciks, @country, @url, @ipo_date, @number_of_shares)
RETURNING *;

-- name: EnsureCompany :exec
-- Adds a company unless one has its CIK, also one that is being added at the same time.
INSERT INTO company (name, cik, former_ciks) VALUES (@name, @cik, @former_ciks) ON CONFLICT (cik) DO NOTHING;

-- name: UpdateCompany :one
UPDATE company
SET name = @name, cik = @cik, former_ciks = @former_ciks, country = @country, url = @url, ipo_date = @ipo_date,
    number_of_shares = @number_of_shares
WHERE id = @id
RETURNING *;

-- name: SetCompanyCIKs :exec
UPDATE company SET cik = @cik, former_ciks = @former_ciks WHERE id = @id;

-- name: DeleteCompany :exec
DELETE FROM company WHERE id = @id;

-- name: ListListings :many
-- The listings of several companies; within one, the primary first.
SELECT * FROM listing WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, is_primary DESC, ticker;

-- name: HasNoListing :one
SELECT NOT EXISTS (SELECT FROM listing WHERE company_id = @company_id);

-- name: GetListing :one
SELECT * FROM listing WHERE ticker = @ticker;

-- name: CreateListings :copyfrom
INSERT INTO listing (company_id, ticker, exchange, isin, share_class, is_primary)
VALUES (@company_id, @ticker, @exchange, @isin, @share_class, @is_primary);

-- name: UpdateListing :exec
UPDATE listing SET exchange = @exchange, isin = @isin, share_class = @share_class, is_primary = @is_primary WHERE id = @id;

-- name: ClearListings :exec
-- Makes room for listings that change places: which is primary, and which has which ISIN.
UPDATE listing SET is_primary = false, isin = NULL WHERE company_id = @company_id;

-- name: SetListingExchange :execrows
UPDATE listing SET exchange = @exchange WHERE id = @id AND exchange IS DISTINCT FROM @exchange;

-- name: DeleteListings :exec
DELETE FROM listing WHERE company_id = @company_id AND ticker <> ALL(@keep::text[]);

-- name: ImportCompanies :execrows
-- Adds the companies that are not there and renames those that are called otherwise. A CIK that one had before says
-- nothing of its name.
INSERT INTO company (cik, name)
SELECT t.cik, t.name FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@names::text[]) AS name) AS t
WHERE NOT EXISTS (SELECT FROM company_cik k JOIN company c ON c.id = k.company_id WHERE k.cik = t.cik AND c.cik IS DISTINCT FROM t.cik)
ORDER BY t.cik
ON CONFLICT (cik) DO UPDATE SET name = excluded.name WHERE company.name <> excluded.name;

-- name: ImportListings :execrows
-- Adds the tickers that are not there. The one marked as its company's first becomes the primary one of a company that
-- has none.
INSERT INTO listing (company_id, ticker, is_primary)
SELECT c.id, t.ticker, t.first AND NOT EXISTS (SELECT FROM listing p WHERE p.company_id = c.id AND p.is_primary)
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@tickers::text[]) AS ticker, unnest(@first::boolean[]) AS first) AS t
JOIN company_cik k ON k.cik = t.cik
JOIN company c ON c.id = k.company_id
WHERE NOT EXISTS (SELECT FROM listing l WHERE l.ticker = t.ticker)
ORDER BY t.ticker;

-- name: ListTickerConflicts :many
-- Tickers of the file that are listed for another company already.
SELECT t.ticker::text AS ticker
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@tickers::text[]) AS ticker) AS t
JOIN listing l ON l.ticker = t.ticker
LEFT JOIN company_cik k ON k.cik = t.cik
WHERE k.company_id IS DISTINCT FROM l.company_id
ORDER BY 1;

-- name: ListTaken :many
-- Which of these identifiers belong to another company. A new one has the id 0.
SELECT 'ticker' AS kind, l.ticker AS code FROM listing l WHERE l.ticker = ANY(@tickers::text[]) AND l.company_id <> @company_id
UNION ALL
SELECT 'isin', l.isin FROM listing l WHERE l.isin = ANY(@isins::text[]) AND l.company_id <> @company_id
UNION ALL
SELECT 'cik', k.cik::text FROM company_cik k WHERE k.cik = ANY(@ciks::bigint[]) AND k.company_id <> @company_id;
