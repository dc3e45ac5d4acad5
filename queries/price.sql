-- name: ListSplits :many
SELECT * FROM split WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, effective_date;

-- name: ListSplitsOfCompany :many
SELECT * FROM split WHERE company_id = @company_id ORDER BY effective_date;

-- name: CreateSplit :one
INSERT INTO split (company_id, effective_date, ratio) VALUES (@company_id, @effective_date, @ratio) RETURNING *;

-- name: ImportSplits :execrows
INSERT INTO split (company_id, effective_date, ratio)
SELECT DISTINCT l.company_id, t.effective_date, t.ratio
FROM (SELECT unnest(@tickers::text[]) AS ticker, unnest(@effective_date::date[]) AS effective_date,
             unnest(@ratio::numeric[]) AS ratio) AS t
JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
ORDER BY l.company_id, t.effective_date
ON CONFLICT (company_id, effective_date) DO UPDATE SET ratio = excluded.ratio, from_prices = false
WHERE split.ratio <> excluded.ratio OR split.from_prices;

-- name: ListFoundSplits :many
-- Those known on a day, or now.
SELECT * FROM found_split f
WHERE f.company_id = ANY(@company_ids::bigint[])
  AND CASE WHEN sqlc.narg(as_of)::date IS NULL THEN f.known_to IS NULL
      ELSE f.known_from <= sqlc.narg(as_of) AND (f.known_to IS NULL OR f.known_to > sqlc.narg(as_of)) END
ORDER BY f.company_id, f.number;

-- name: ListFoundSplitsOfCompany :many
-- Those known now.
SELECT * FROM found_split WHERE company_id = @company_id AND known_to IS NULL ORDER BY number;

-- name: ListFoundSplitVersions :many
SELECT * FROM found_split WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, number, known_from;

-- name: UpsertFoundSplits :exec
-- known_to and traded_on are texts, empty for null.
INSERT INTO found_split (company_id, number, known_from, known_to, new_shares, old_shares, effective_after, effective_by, shown_on,
    accession, support, contradict, noted, accepted, traded_on)
SELECT @company_id, unnest(@number::integer[]), unnest(@known_from::date[]), nullif(unnest(@known_to::text[]), '')::date,
    unnest(@new_shares::integer[]), unnest(@old_shares::integer[]), unnest(@effective_after::date[]), unnest(@effective_by::date[]),
    unnest(@shown_on::date[]), unnest(@accession::text[]), unnest(@support::integer[]), unnest(@contradict::integer[]),
    unnest(@noted::boolean[]), unnest(@accepted::boolean[]), nullif(unnest(@traded_on::text[]), '')::date
ON CONFLICT (company_id, number, known_from) DO UPDATE
SET known_to = excluded.known_to, new_shares = excluded.new_shares, old_shares = excluded.old_shares,
    effective_after = excluded.effective_after, effective_by = excluded.effective_by, shown_on = excluded.shown_on,
    accession = excluded.accession, support = excluded.support, contradict = excluded.contradict, noted = excluded.noted,
    accepted = excluded.accepted, traded_on = excluded.traded_on
WHERE (found_split.known_to, found_split.new_shares, found_split.old_shares, found_split.effective_after, found_split.effective_by,
        found_split.shown_on, found_split.accession, found_split.support, found_split.contradict, found_split.noted,
        found_split.accepted, found_split.traded_on)
    IS DISTINCT FROM (excluded.known_to, excluded.new_shares, excluded.old_shares, excluded.effective_after, excluded.effective_by,
        excluded.shown_on, excluded.accession, excluded.support, excluded.contradict, excluded.noted, excluded.accepted,
        excluded.traded_on);

-- name: DeleteOtherFoundSplits :exec
DELETE FROM found_split f WHERE f.company_id = @company_id
  AND NOT EXISTS (SELECT FROM (SELECT unnest(@number::integer[]) AS number, unnest(@known_from::date[]) AS known_from) AS k
                  WHERE k.number = f.number AND k.known_from = f.known_from);

-- name: DateFoundSplit :exec
UPDATE found_split SET traded_on = @traded_on
WHERE company_id = @company_id AND number = @number AND known_from = @known_from AND traded_on IS DISTINCT FROM @traded_on;

-- name: ListClosesWithin :many
-- Those of a company's listings within intervals, and of the week before each.
SELECT p.listing_id, p.date, p.close FROM listing l JOIN price p ON p.listing_id = l.id
WHERE l.company_id = @company_id
  AND EXISTS (SELECT FROM (SELECT unnest(@effective_after::date[]) AS since, unnest(@effective_by::date[]) AS until) AS i
              WHERE p.date BETWEEN i.since - 7 AND i.until)
ORDER BY p.listing_id, p.date;

-- name: ListUnknownTickers :many
SELECT t.ticker::text AS ticker FROM (SELECT unnest(@tickers::text[]) AS ticker) AS t
WHERE NOT EXISTS (SELECT FROM listing l WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker)
ORDER BY 1;

-- name: ListPrices :many
SELECT * FROM price p
WHERE p.listing_id = @listing_id AND p.date >= @from_day AND p.date <= @to_day
ORDER BY p.date
LIMIT sqlc.narg(page_size);

-- name: ListPricesOfDay :many
SELECT sqlc.embed(l), p.close FROM price p JOIN listing l ON l.id = p.listing_id
WHERE p.date = @date AND (l.ticker, l.id) > (@after_ticker::text, @after_id::bigint)
ORDER BY l.ticker, l.id
LIMIT @page_size;

-- name: ListClosesOfDays :many
-- The closes of listings, those of one after the other, each in the order of its days. As texts, which are read faster.
SELECT p.listing_id, p.date, p.close::text AS close FROM price p
WHERE p.listing_id = ANY(@listing_ids::bigint[]) AND p.date >= @from_day AND p.date <= @to_day
ORDER BY p.listing_id, p.date;

-- name: ListFirstPriceDays :many
-- The days of the oldest prices of listings.
SELECT w.listing_id, p.date FROM (SELECT unnest(@listing_ids::bigint[])::bigint AS listing_id) AS w
CROSS JOIN LATERAL (SELECT p.date FROM price p WHERE p.listing_id = w.listing_id ORDER BY p.date LIMIT 1) AS p;

-- name: GetNewestPrice :one
SELECT * FROM price WHERE listing_id = @listing_id AND date <= @until ORDER BY date DESC LIMIT 1;

-- name: ListCloses :many
SELECT date, close FROM price WHERE listing_id = @listing_id ORDER BY date;

-- An import of prices stages the rows of its file before it writes them.

-- name: CreateStaging :exec
-- It goes with the transaction.
CREATE TEMPORARY TABLE staged_price (
    listing_id  bigint NOT NULL,
    line        bigint NOT NULL,
    date        date NOT NULL,
    open        numeric,
    high        numeric,
    low         numeric,
    close       numeric NOT NULL,
    volume      numeric,
    ex_dividend numeric NOT NULL,
    split_ratio numeric NOT NULL
) ON COMMIT DROP;

-- name: IndexStaging :exec
CREATE INDEX staged_price_idx ON staged_price (listing_id, date);

-- name: AnalyzeStaging :exec
ANALYZE staged_price (listing_id, date);

-- name: ListRepeatedPrices :many
-- The first line that repeats a day of its listing.
SELECT listing_id, date, min(line)::bigint AS first, max(line)::bigint AS again FROM staged_price
GROUP BY listing_id, date HAVING count(*) > 1
ORDER BY again LIMIT 1;

-- name: ListTickerListings :many
-- The listings that tickers name, or one does, in their order in time: each until a day, and since the day after the one before.
SELECT l.id, l.company_id, l.ticker,
    CASE WHEN l.holds_ticker THEN '9999-12-31' ELSE least(l.last_day, h.first_day - 1) END::date AS until
FROM listing h JOIN listing l ON ticker_key(l.ticker) = ticker_key(h.ticker)
WHERE h.holds_ticker AND (sqlc.narg(ticker)::text IS NULL OR ticker_key(h.ticker) = ticker_key(sqlc.narg(ticker)))
ORDER BY l.holds_ticker, l.last_day, l.id;

-- name: ListContradictions :many
-- Of each listing with a day of which two lines say different things, the first such line, and the one that it contradicts.
SELECT DISTINCT ON (s.listing_id) s.listing_id, s.date, f.line AS first, s.line AS again
FROM (SELECT r.listing_id, r.date, min(r.line) AS line FROM staged_price r GROUP BY r.listing_id, r.date HAVING count(*) > 1) AS r
JOIN staged_price f ON f.listing_id = r.listing_id AND f.date = r.date AND f.line = r.line
JOIN staged_price s ON s.listing_id = r.listing_id AND s.date = r.date
WHERE (s.open, s.high, s.low, s.close, s.volume, s.ex_dividend, s.split_ratio)
    IS DISTINCT FROM (f.open, f.high, f.low, f.close, f.volume, f.ex_dividend, f.split_ratio)
ORDER BY s.listing_id, s.line;

-- name: DeleteRepeatedPrices :exec
-- Leaves the first line of each day of a listing.
DELETE FROM staged_price s
USING (SELECT r.listing_id, r.date, min(r.line) AS line FROM staged_price r GROUP BY r.listing_id, r.date HAVING count(*) > 1) AS r
WHERE s.listing_id = r.listing_id AND s.date = r.date AND s.line > r.line;

-- name: ListCompaniesWithSplits :many
-- Those of some companies that have splits, or are about to by what is staged.
SELECT c.id FROM company c
WHERE c.id = ANY(@ids::bigint[]) AND (EXISTS (SELECT FROM split s WHERE s.company_id = c.id)
    OR EXISTS (SELECT FROM found_split f WHERE f.company_id = c.id)
    OR @staged::boolean AND c.id IN (SELECT l.company_id FROM staged_price s JOIN listing l ON l.id = s.listing_id WHERE s.split_ratio <> 1))
ORDER BY c.id;

-- name: ImportStagedSplits :exec
-- Writes the splits that the rows of listings tell of, unless they were imported otherwise.
INSERT INTO split (company_id, effective_date, ratio, from_prices)
SELECT DISTINCT ON (l.company_id, s.date) l.company_id, s.date, s.split_ratio, true
FROM staged_price s JOIN listing l ON l.id = s.listing_id
WHERE s.listing_id = ANY(@listing_ids::bigint[]) AND s.split_ratio <> 1
ORDER BY l.company_id, s.date, l.is_primary DESC, l.id
ON CONFLICT (company_id, effective_date) DO UPDATE SET ratio = excluded.ratio
WHERE split.from_prices AND split.ratio <> excluded.ratio;

-- name: ListStagedWithin :many
-- The first row of each listing that is within one of the numbered ranges of its company.
SELECT DISTINCT ON (s.listing_id) s.listing_id, s.date, r.number::integer AS number
FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@since::date[]) AS since, unnest(@until::date[]) AS until,
             unnest(@numbers::integer[]) AS number) AS r
JOIN listing l ON l.company_id = r.company_id
JOIN staged_price s ON s.listing_id = l.id AND s.date BETWEEN r.since AND r.until
ORDER BY s.listing_id, s.date, r.number;

-- name: UndoSplits :exec
-- Multiplies the amounts in ranges of companies, and divides the volumes. Amounts are rounded to 12 decimals where the
-- factor is a fraction.
UPDATE staged_price s
SET open = CASE r.denominator WHEN 1 THEN s.open * r.numerator
        ELSE round(s.open * r.numerator * 1.000000000000000000000000 / r.denominator, 12) END,
    high = CASE r.denominator WHEN 1 THEN s.high * r.numerator
        ELSE round(s.high * r.numerator * 1.000000000000000000000000 / r.denominator, 12) END,
    low = CASE r.denominator WHEN 1 THEN s.low * r.numerator
        ELSE round(s.low * r.numerator * 1.000000000000000000000000 / r.denominator, 12) END,
    close = CASE r.denominator WHEN 1 THEN s.close * r.numerator
        ELSE round(s.close * r.numerator * 1.000000000000000000000000 / r.denominator, 12) END,
    ex_dividend = CASE r.denominator WHEN 1 THEN s.ex_dividend * r.numerator
        ELSE round(s.ex_dividend * r.numerator * 1.000000000000000000000000 / r.denominator, 12) END,
    volume = s.volume * r.denominator * 1.000000000000000000000000 / r.numerator
FROM (SELECT unnest(@company_ids::bigint[]) AS company_id, unnest(@since::date[]) AS since, unnest(@until::date[]) AS until,
             unnest(@numerators::numeric[]) AS numerator, unnest(@denominators::numeric[]) AS denominator) AS r
JOIN listing l ON l.company_id = r.company_id
WHERE s.listing_id = l.id AND s.date BETWEEN r.since AND r.until;

-- name: DeleteStagedPrices :execrows
DELETE FROM staged_price WHERE listing_id = ANY(@listing_ids::bigint[]);

-- name: ListPricedListings :many
-- Those of some listings that have prices.
SELECT w.listing_id FROM (SELECT unnest(@listing_ids::bigint[])::bigint AS listing_id) AS w
CROSS JOIN LATERAL (SELECT FROM price p WHERE p.listing_id = w.listing_id LIMIT 1) AS p
ORDER BY 1;

-- name: WriteFirstPrices :execrows
-- Writes those of listings that have none.
INSERT INTO price (listing_id, date, open, high, low, close, volume, ex_dividend, split_ratio)
SELECT s.listing_id, s.date, s.open, s.high, s.low, s.close, round(s.volume)::bigint, s.ex_dividend, s.split_ratio
FROM staged_price s
WHERE s.listing_id = ANY(@listing_ids::bigint[])
ORDER BY s.listing_id, s.date;

-- name: WriteStagedPrices :execrows
-- Writes what differs from what there is.
INSERT INTO price (listing_id, date, open, high, low, close, volume, ex_dividend, split_ratio)
SELECT s.listing_id, s.date, s.open, s.high, s.low, s.close, round(s.volume)::bigint, s.ex_dividend, s.split_ratio
FROM staged_price s
LEFT JOIN price p ON p.listing_id = s.listing_id AND p.date = s.date AND p.listing_id = ANY(@listing_ids::bigint[])
WHERE s.listing_id = ANY(@listing_ids::bigint[])
  AND (p.listing_id IS NULL OR (p.open, p.high, p.low, p.close, p.volume, p.ex_dividend, p.split_ratio)
    IS DISTINCT FROM (s.open, s.high, s.low, s.close, round(s.volume)::bigint, s.ex_dividend, s.split_ratio))
ORDER BY s.listing_id, s.date
ON CONFLICT (listing_id, date) DO UPDATE
SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, ex_dividend = excluded.ex_dividend, split_ratio = excluded.split_ratio;
