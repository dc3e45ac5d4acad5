-- name: ListCompanySplits :many
SELECT * FROM split s
WHERE s.company_id = @company_id
  AND (sqlc.narg(before_date)::date IS NULL OR s.effective_date < sqlc.narg(before_date))
ORDER BY s.effective_date DESC
LIMIT sqlc.narg(page_size);

-- name: ListSplits :many
SELECT * FROM split WHERE company_id = ANY(@company_ids::bigint[]) ORDER BY company_id, effective_date;

-- name: CreateSplit :one
INSERT INTO split (company_id, effective_date, ratio) VALUES (@company_id, @effective_date, @ratio) RETURNING *;

-- name: ImportSplits :execrows
INSERT INTO split (company_id, effective_date, ratio)
SELECT DISTINCT l.company_id, t.effective_date, t.ratio
FROM (SELECT unnest(@tickers::text[]) AS ticker, unnest(@effective_date::date[]) AS effective_date,
             unnest(@ratio::numeric[]) AS ratio) AS t
JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker)
ORDER BY l.company_id, t.effective_date
ON CONFLICT (company_id, effective_date) DO UPDATE SET ratio = excluded.ratio WHERE split.ratio <> excluded.ratio;

-- name: ListUnknownTickers :many
SELECT t.ticker::text AS ticker FROM (SELECT unnest(@tickers::text[]) AS ticker) AS t
WHERE NOT EXISTS (SELECT FROM listing l WHERE ticker_key(l.ticker) = ticker_key(t.ticker))
ORDER BY 1;

-- name: ListPrices :many
SELECT * FROM price p
WHERE p.listing_id = @listing_id AND p.date >= @from_day AND p.date <= @to_day
ORDER BY p.date
LIMIT sqlc.narg(page_size);

-- name: ListPricesOfDay :many
SELECT sqlc.embed(l), p.close FROM price p JOIN listing l ON l.id = p.listing_id
WHERE p.date = @date AND l.ticker > @after_ticker
ORDER BY l.ticker
LIMIT @page_size;

-- name: ListCloses :many
SELECT date, close FROM price WHERE listing_id = @listing_id ORDER BY date;

-- name: UpsertPrices :execrows
-- Open, high, low and volume are texts, empty for null.
INSERT INTO price (listing_id, date, open, high, low, close, volume, ex_dividend, split_ratio)
SELECT @listing_id, unnest(@date::date[]), nullif(unnest(@open::text[]), '')::numeric,
    nullif(unnest(@high::text[]), '')::numeric, nullif(unnest(@low::text[]), '')::numeric, unnest(@close::numeric[]),
    nullif(unnest(@volume::text[]), '')::bigint, unnest(@ex_dividend::numeric[]), unnest(@split_ratio::numeric[])
ON CONFLICT (listing_id, date) DO UPDATE
SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, ex_dividend = excluded.ex_dividend, split_ratio = excluded.split_ratio
WHERE (price.open, price.high, price.low, price.close, price.volume, price.ex_dividend, price.split_ratio)
    IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
        excluded.ex_dividend, excluded.split_ratio);
