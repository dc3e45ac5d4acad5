-- name: ListExchangeRates :many
-- Those after the key of the last one of the page before; an empty base or quote is any.
SELECT * FROM exchange_rate r
WHERE (@base::text = '' OR r.base = @base) AND (@quote::text = '' OR r.quote = @quote)
  AND r.date >= @from_day AND r.date <= @to_day
  AND (r.base, r.quote, r.date) > (@after_base::text, @after_quote::text, @after_date::date)
ORDER BY r.base, r.quote, r.date
LIMIT @page_size;

-- name: ListExchangeRatesOfDays :many
-- Those between any two of the currencies.
SELECT date, base, quote, rate FROM exchange_rate
WHERE base = ANY(@currencies::text[]) AND quote = ANY(@currencies::text[]) AND date >= @from_day AND date <= @to_day
ORDER BY base, quote, date;

-- name: ListUnknownCurrencies :many
SELECT t.code::text AS code FROM unnest(@codes::text[]) AS t (code)
WHERE NOT EXISTS (SELECT FROM currency c WHERE c.code = t.code)
ORDER BY 1;

-- name: UpsertExchangeRates :execrows
INSERT INTO exchange_rate (date, base, quote, rate)
SELECT unnest(@date::date[]), unnest(@base::text[]), unnest(@quote::text[]), unnest(@rate::numeric[])
ON CONFLICT (base, quote, date) DO UPDATE SET rate = excluded.rate WHERE exchange_rate.rate <> excluded.rate;
