-- name: GetCompanyWithListings :many
-- A company by any of its tickers, once for each of its listings, the primary first, and each of its CIKs.
SELECT sqlc.embed(c), sqlc.embed(l), f.read_at, k.cik AS filer_cik, k.first_day AS filer_first_day, k.last_day AS filer_last_day
FROM listing named
JOIN company c ON c.id = named.company_id
JOIN listing l ON l.company_id = c.id
LEFT JOIN company_cik k ON k.company_id = c.id
LEFT JOIN company_facts f ON f.company_id = c.id
WHERE ticker_key(named.ticker) = ticker_key(@ticker) AND named.holds_ticker
ORDER BY l.is_primary DESC, l.ticker, l.id;

-- name: FindCompany :one
-- The company that holds a ticker or, if none does, has a CIK or had it before.
SELECT c.id, coalesce(p.ticker, company_symbol(c.id))::text AS symbol
FROM company c LEFT JOIN listing p ON p.company_id = c.id AND p.is_primary AND p.holds_ticker
WHERE c.id = coalesce(
    (SELECT l.company_id FROM listing l WHERE ticker_key(l.ticker) = ticker_key(@ticker) AND l.holds_ticker),
    (SELECT k.company_id FROM company_cik k WHERE k.cik = sqlc.narg(cik)::bigint));

-- name: ListCompanies :many
-- A page of all companies by name, each once for each of its listings and CIKs. after_name and after_id are those of the last
-- company of the page before. One plan fits all pages, since none is told how
-- long a page is. A CIK of 0, a listing of 0 and the year 1 are none.
SELECT c.id, c.name, c.cik, c.former_ciks, c.former_names, c.sic, c.sic_description, c.fiscal_year_end, c.state, c.country, c.url,
    c.ipo_date, c.last_day, c.number_of_shares, c.newest_period, c.newest_end_date, c.created_at, c.updated_at,
    coalesce(f.read_at, '0001-01-01Z')::timestamptz AS read_at,
    coalesce(k.cik, 0)::bigint AS filer_cik, k.first_day AS filer_first_day, k.last_day AS filer_last_day,
    coalesce(l.id, 0)::bigint AS listing_id, coalesce(l.ticker, '')::text AS ticker, l.exchange, l.isin, l.share_class,
    coalesce(l.currency, '')::text AS currency, l.ordinary_shares, coalesce(l.is_primary, false)::boolean AS is_primary,
    l.first_day AS listing_first_day, l.last_day AS listing_last_day, coalesce(l.holds_ticker, false)::boolean AS holds_ticker
FROM (
    SELECT * FROM company n WHERE (n.name, n.id) > (@after_name::text, @after_id::bigint)
    ORDER BY n.name, n.id LIMIT (SELECT @page_size::integer)
) AS c
LEFT JOIN LATERAL (SELECT * FROM listing o WHERE o.company_id = c.id OFFSET 0) AS l ON true
LEFT JOIN LATERAL (SELECT * FROM company_cik o WHERE o.company_id = c.id OFFSET 0) AS k ON true
LEFT JOIN LATERAL (SELECT * FROM company_facts o WHERE o.company_id = c.id OFFSET 0) AS f ON true
ORDER BY c.name, c.id, l.is_primary DESC, l.ticker, l.id;

-- name: ListCompaniesByTicker :many
-- The companies that hold tickers, by their keys, in the columns of ListCompanies. One plan fits all, since none is told how
-- many keys there are.
SELECT c.id, c.name, c.cik, c.former_ciks, c.former_names, c.sic, c.sic_description, c.fiscal_year_end, c.state, c.country, c.url,
    c.ipo_date, c.last_day, c.number_of_shares, c.newest_period, c.newest_end_date, c.created_at, c.updated_at,
    coalesce(f.read_at, '0001-01-01Z')::timestamptz AS read_at,
    coalesce(k.cik, 0)::bigint AS filer_cik, k.first_day AS filer_first_day, k.last_day AS filer_last_day,
    coalesce(l.id, 0)::bigint AS listing_id, coalesce(l.ticker, '')::text AS ticker, l.exchange, l.isin, l.share_class,
    coalesce(l.currency, '')::text AS currency, l.ordinary_shares, coalesce(l.is_primary, false)::boolean AS is_primary,
    l.first_day AS listing_first_day, l.last_day AS listing_last_day, coalesce(l.holds_ticker, false)::boolean AS holds_ticker
FROM company c
JOIN listing l ON l.company_id = c.id
LEFT JOIN company_cik k ON k.company_id = c.id
LEFT JOIN company_facts f ON f.company_id = c.id
WHERE c.id IN (
    SELECT named.company_id FROM listing named
    WHERE ticker_key(named.ticker) = ANY((SELECT @keys::text[])::text[]) AND named.holds_ticker
)
ORDER BY c.id, l.is_primary DESC, l.ticker, l.id;

-- Whoever writes what belongs to companies locks them first, several by id.

-- name: GetCompanyByCIK :one
-- The company that has the CIK or had it before.
SELECT c.* FROM company_cik k JOIN company c ON c.id = k.company_id WHERE k.cik = @cik;

-- name: LockCompanyByCIK :one
SELECT c.* FROM company c JOIN company_cik k ON k.company_id = c.id WHERE k.cik = @cik FOR UPDATE OF c;

-- name: LockCompaniesByCIK :many
SELECT id FROM company WHERE id IN (SELECT company_id FROM company_cik WHERE cik = ANY(@ciks::bigint[])) ORDER BY id FOR UPDATE;

-- name: LockCompaniesByTicker :many
SELECT id FROM company WHERE id IN (
    SELECT l.company_id FROM unnest(@tickers::text[]) AS t (ticker) JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
) ORDER BY id FOR UPDATE;

-- name: LockCompanyByTicker :one
SELECT c.* FROM company c JOIN listing l ON l.company_id = c.id WHERE ticker_key(l.ticker) = ticker_key(@ticker) AND l.holds_ticker FOR UPDATE OF c;

-- name: LockNamedCompany :one
-- The one that has a ticker, or a CIK; 0 if there is none.
SELECT coalesce(lock_company(@ticker, sqlc.narg(cik)), 0)::bigint AS id;

-- name: LockCompanies :many
SELECT id FROM company WHERE id = ANY(@ids::bigint[]) ORDER BY id FOR UPDATE;

-- name: GetCompany :one
SELECT * FROM company WHERE id = @id;

-- name: LockCompany :one
SELECT * FROM company WHERE id = @id FOR UPDATE;

-- name: ListCompaniesByName :many
-- after_name and after_id are those of the last company of the page before.
SELECT * FROM company c
WHERE (c.name, c.id) > (@after_name::text, @after_id::bigint)
  AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
      SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
  AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
ORDER BY c.name, c.id
LIMIT @page_size;

-- name: ListCompaniesBySize :many
-- The largest first. after_size is the negative of the last company's of the page before.
SELECT * FROM company c
WHERE (-coalesce(c.size, -1), c.id) > (@after_size::numeric, @after_id::bigint)
  AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
      SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
  AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
ORDER BY -coalesce(c.size, -1), c.id
LIMIT @page_size;

-- A search finds the companies that a code belongs to or begins, and those whose names contain a text. The first are few; of
-- the others no more are read than the page needs, in the order of an index or, if names with the text are rare, all of them.
-- code is a ticker's key; prefix, code_prefix, cik_prefix and part are LIKE patterns.

-- name: SearchCompanies :many
-- Rank 0: the code is the same, 1: it begins so, 2: the name begins so, 3: the name contains it. The largest come first after
-- those of rank 0. place_from is the place from which on the index is read.
WITH code AS MATERIALIZED (
    SELECT h.company_id, min(h.rank) AS rank FROM (
        SELECT l.company_id, CASE WHEN l.holds_ticker AND ticker_key(l.ticker) = @code::text OR l.isin = @code THEN 0 ELSE 1 END AS rank
        FROM listing l WHERE ticker_key(l.ticker) LIKE @code_prefix::text OR l.isin LIKE @code_prefix
        UNION ALL
        SELECT k.company_id, CASE WHEN k.cik::text = @cik::text THEN 0 ELSE 1 END
        FROM company_cik k WHERE k.cik::text LIKE @cik_prefix::text
    ) AS h GROUP BY h.company_id
), coded AS (
    SELECT c.id, o.rank, CASE o.rank WHEN 0 THEN 0 ELSE -coalesce(c.size, -1) END AS place
    FROM code o JOIN company c ON c.id = o.company_id
    WHERE (sqlc.narg(exchange)::text IS NULL OR EXISTS (
          SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
      AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
), named AS (
    SELECT c.id, CASE WHEN c.name ILIKE @prefix::text THEN 2 ELSE 3 END AS rank, -coalesce(c.size, -1) AS place
    FROM company c
    WHERE c.name ILIKE @part::text AND c.id NOT IN (SELECT o.company_id FROM code o)
      AND -coalesce(c.size, -1) >= @place_from::numeric
      AND (1, -coalesce(c.size, -1), CASE WHEN c.name ILIKE @prefix THEN 2 ELSE 3 END, c.name, c.id)
        > (@after_inexact::integer, @after_place::numeric, @after_rank::integer, @after_name::text, @after_id::bigint)
      AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
          SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
      AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
    ORDER BY -coalesce(c.size, -1), 2, c.name, c.id
    LIMIT @page_size
), found AS (
    SELECT id, rank, place FROM coded UNION ALL SELECT id, rank, place FROM named
)
SELECT sqlc.embed(c), f.rank::integer AS rank, f.place::numeric AS place
FROM found f JOIN company c ON c.id = f.id
WHERE ((f.rank > 0)::integer, f.place, f.rank, c.name, c.id)
    > (@after_inexact::integer, @after_place::numeric, @after_rank::integer, @after_name::text, @after_id::bigint)
ORDER BY (f.rank > 0)::integer, f.place, f.rank, c.name, c.id
LIMIT @page_size;

-- name: SearchCompaniesByName :many
WITH code AS MATERIALIZED (
    SELECT l.company_id FROM listing l WHERE ticker_key(l.ticker) LIKE @code_prefix::text OR l.isin LIKE @code_prefix
    UNION
    SELECT k.company_id FROM company_cik k WHERE k.cik::text LIKE @cik_prefix::text
), named AS (
    SELECT c.id FROM company c
    WHERE c.name ILIKE @part::text AND c.id NOT IN (SELECT o.company_id FROM code o) AND (c.name, c.id) > (@after_name::text, @after_id::bigint)
      AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
          SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
      AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
    ORDER BY c.name, c.id
    LIMIT @page_size
), found AS (
    SELECT o.company_id AS id FROM code o UNION ALL SELECT n.id FROM named n
)
SELECT c.* FROM found f JOIN company c ON c.id = f.id
WHERE (c.name, c.id) > (@after_name::text, @after_id::bigint)
  AND (sqlc.narg(exchange)::text IS NULL OR EXISTS (
      SELECT FROM listing l WHERE l.company_id = c.id AND lower(l.exchange) = lower(sqlc.narg(exchange))))
  AND (sqlc.narg(has_statements)::boolean IS NULL OR (c.newest_end_date IS NOT NULL) = sqlc.narg(has_statements))
ORDER BY c.name, c.id
LIMIT @page_size;

-- name: ListCIKs :many
-- The CIKs of companies with the days of their filings, and when the companies' facts were read.
SELECT sqlc.embed(k), f.read_at FROM company_cik k LEFT JOIN company_facts f ON f.company_id = k.company_id
WHERE k.company_id = ANY(@company_ids::bigint[]);

-- name: ReleaseTickers :exec
-- Has ended listings give up tickers.
UPDATE listing l SET holds_ticker = false
FROM unnest(@tickers::text[]) AS t (ticker)
WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker AND l.last_day IS NOT NULL;

-- name: YieldPrimaryListings :exec
-- A primary listing that has ended gives way to another of its company that goes on.
UPDATE listing l SET is_primary = false
WHERE l.is_primary AND l.last_day IS NOT NULL AND EXISTS (SELECT FROM listing o WHERE o.company_id = l.company_id AND o.last_day IS NULL);

-- name: EnsurePrimaryListings :exec
-- Companies without one get another of their listings, one that goes on first, then the newest.
UPDATE listing SET is_primary = true WHERE id IN (
    SELECT DISTINCT ON (l.company_id) l.id FROM listing l
    WHERE NOT EXISTS (SELECT FROM listing o WHERE o.company_id = l.company_id AND o.is_primary)
    ORDER BY l.company_id, l.last_day DESC, l.holds_ticker DESC, l.id);

-- name: CreateCompany :one
INSERT INTO company (name, cik, former_ciks, country, url, ipo_date, last_day, number_of_shares)
VALUES (@name, @cik, @former_ciks, @country, @url, @ipo_date, @last_day, @number_of_shares)
RETURNING *;

-- name: EnsureCompany :exec
-- Adds a company unless one has its CIK, also one that is being added at the same time.
INSERT INTO company (name, name_from_facts, cik, former_ciks) VALUES (@name, true, @cik, @former_ciks) ON CONFLICT (cik) DO NOTHING;

-- name: SetNameFromFacts :exec
-- The registrant's own name, as EDGAR has it, comes before.
UPDATE company SET name = @name WHERE id = @id AND name_from_facts AND registrant_name IS NULL AND name <> @name;

-- name: UpdateCompany :one
UPDATE company
SET name = @name, name_from_facts = name_from_facts AND name = @name, cik = @cik, former_ciks = @former_ciks, country = @country, url = @url, ipo_date = @ipo_date,
    last_day = @last_day, number_of_shares = @number_of_shares
WHERE id = @id
RETURNING *;

-- name: SetCompanyCIKs :exec
UPDATE company SET cik = @cik, former_ciks = @former_ciks WHERE id = @id;

-- name: DeleteCompany :exec
DELETE FROM company WHERE id = @id;

-- name: ListListings :many
-- The listings of several companies; within one, the primary first.
SELECT * FROM listing WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, is_primary DESC, ticker, id;

-- name: HasNoListing :one
SELECT NOT EXISTS (SELECT FROM listing WHERE company_id = @company_id);

-- name: GetListing :one
SELECT * FROM listing WHERE ticker_key(ticker) = ticker_key(@ticker) AND holds_ticker;

-- name: GetPrimaryListing :one
SELECT * FROM listing WHERE company_id = @company_id AND is_primary;

-- name: CreateListing :exec
INSERT INTO listing (company_id, ticker, exchange, isin, share_class, currency, ordinary_shares, is_primary, first_day, last_day)
VALUES (@company_id, @ticker, @exchange, @isin, @share_class, @currency, @ordinary_shares, @is_primary, @first_day, @last_day);

-- name: UpdateListing :exec
UPDATE listing
SET ticker = @ticker, exchange = @exchange, isin = @isin, share_class = @share_class, currency = @currency,
    ordinary_shares = @ordinary_shares, is_primary = @is_primary, first_day = @first_day, last_day = @last_day
WHERE id = @id;

-- name: ClearListings :exec
-- Makes room for listings that change places: which is primary, and which has which ISIN.
UPDATE listing SET is_primary = false, isin = NULL WHERE company_id = @company_id;

-- name: SetListingExchange :execrows
UPDATE listing SET exchange = @exchange WHERE id = @id AND exchange IS DISTINCT FROM @exchange;

-- name: DeleteListings :exec
DELETE FROM listing WHERE company_id = @company_id AND id <> ALL(@keep::bigint[]);

-- A list of companies. An empty text says nothing, and leaves what there is.

-- name: LockListedCompanies :exec
-- The companies that have one of the CIKs or tickers.
SELECT FROM company WHERE id IN (
    SELECT company_id FROM company_cik WHERE cik = ANY(@ciks::bigint[])
    UNION ALL
    SELECT l.company_id FROM unnest(@tickers::text[]) AS t (ticker) JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
) ORDER BY id FOR UPDATE;

-- name: ImportCompanies :execrows
-- Adds the companies that are not there and renames those that are called otherwise. A CIK that one had before says
-- nothing of its name.
INSERT INTO company (cik, name, country)
SELECT t.cik, t.name, nullif(t.country, '')
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@names::text[]) AS name, unnest(@countries::text[]) AS country) AS t
WHERE NOT EXISTS (SELECT FROM company_cik k JOIN company c ON c.id = k.company_id WHERE k.cik = t.cik AND c.cik IS DISTINCT FROM t.cik)
ORDER BY t.cik
ON CONFLICT (cik) DO UPDATE
SET name = excluded.name, name_from_facts = false, country = coalesce(excluded.country, company.country)
WHERE (company.name, company.name_from_facts, company.country)
    IS DISTINCT FROM (excluded.name, false, coalesce(excluded.country, company.country));

-- name: RenameCompanies :execrows
-- Like ImportCompanies, for companies that are known by their id.
UPDATE company c SET name = t.name, name_from_facts = false, country = coalesce(nullif(t.country, ''), c.country)
FROM (SELECT unnest(@ids::bigint[]) AS id, unnest(@names::text[]) AS name, unnest(@countries::text[]) AS country) AS t
WHERE c.id = t.id AND (c.name, c.name_from_facts, c.country)
    IS DISTINCT FROM (t.name, false, coalesce(nullif(t.country, ''), c.country));

-- name: ListCompaniesOfCIKs :many
SELECT cik, company_id FROM company_cik WHERE cik = ANY(@ciks::bigint[]);

-- name: ListCompaniesOfTickers :many
SELECT t.ticker::text AS ticker, l.company_id
FROM unnest(@tickers::text[]) AS t (ticker) JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker;

-- name: ImportListings :execrows
-- Adds the tickers that are not there. The one marked as its company's first becomes the primary one of a company that
-- has none.
INSERT INTO listing (company_id, ticker, exchange, isin, share_class, currency, ordinary_shares, is_primary)
SELECT t.company_id, t.ticker, nullif(t.exchange, ''), nullif(t.isin, ''), nullif(t.share_class, ''),
    coalesce(nullif(t.currency, ''), 'USD'), nullif(t.ordinary_shares, ''),
    t.first AND NOT EXISTS (SELECT FROM listing p WHERE p.company_id = t.company_id AND p.is_primary)
FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@tickers::text[]) AS ticker,
             unnest(@exchanges::text[]) AS exchange, unnest(@isins::text[]) AS isin,
             unnest(@share_classes::text[]) AS share_class, unnest(@currencies::text[]) AS currency,
             unnest(@ordinary_shares::text[]) AS ordinary_shares, unnest(@first::boolean[]) AS first) AS t
WHERE NOT EXISTS (SELECT FROM listing l WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker)
ORDER BY t.ticker;

-- name: DeclareListings :execrows
-- Changes the listings that are there.
UPDATE listing l
SET exchange = coalesce(nullif(t.exchange, ''), l.exchange), isin = coalesce(nullif(t.isin, ''), l.isin),
    share_class = coalesce(nullif(t.share_class, ''), l.share_class), currency = coalesce(nullif(t.currency, ''), l.currency),
    ordinary_shares = coalesce(nullif(t.ordinary_shares, ''), l.ordinary_shares)
FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@tickers::text[]) AS ticker,
             unnest(@exchanges::text[]) AS exchange, unnest(@isins::text[]) AS isin,
             unnest(@share_classes::text[]) AS share_class, unnest(@currencies::text[]) AS currency,
             unnest(@ordinary_shares::text[]) AS ordinary_shares) AS t
WHERE l.company_id = t.company_id AND ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
  AND (l.exchange, l.isin, l.share_class, l.currency, l.ordinary_shares) IS DISTINCT FROM (
      coalesce(nullif(t.exchange, ''), l.exchange), coalesce(nullif(t.isin, ''), l.isin),
      coalesce(nullif(t.share_class, ''), l.share_class), coalesce(nullif(t.currency, ''), l.currency),
      coalesce(nullif(t.ordinary_shares, ''), l.ordinary_shares));

-- name: ListTickerConflicts :many
-- Tickers of the file that are listed for another company already.
SELECT t.ticker::text AS ticker
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@tickers::text[]) AS ticker) AS t
JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
LEFT JOIN company_cik k ON k.cik = t.cik
WHERE k.company_id IS DISTINCT FROM l.company_id
ORDER BY 1;

-- name: ListTaken :many
-- Which of these identifiers belong to another company, tickers but those of listings that have ended. A new one has the id 0.
SELECT 'ticker' AS kind, t.ticker::text AS code
FROM unnest(@tickers::text[]) AS t (ticker) JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
WHERE l.company_id <> @company_id AND l.last_day IS NULL
UNION ALL
SELECT 'isin', l.isin FROM listing l WHERE l.isin = ANY(@isins::text[]) AND l.company_id <> @company_id
UNION ALL
SELECT 'cik', k.cik::text FROM company_cik k WHERE k.cik = ANY(@ciks::bigint[]) AND k.company_id <> @company_id;
