-- +goose Up

SET LOCAL lock_timeout = '5s';

-- The form in which tickers are compared: in capitals, with dots, dashes and slashes alike.
-- +goose StatementBegin
CREATE FUNCTION ticker_key(ticker text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(upper(ticker), '-/', '..')
$$;
-- +goose StatementEnd

-- Of a company's listings whose tickers are alike one stays, the primary or else the oldest, with the prices of all.
-- +goose StatementBegin
DO $$
DECLARE
    twin record;
    clash text;
BEGIN
    SELECT string_agg(l.ticker, ' and ' ORDER BY l.id) INTO clash FROM listing l
    GROUP BY ticker_key(l.ticker) HAVING count(DISTINCT l.company_id) > 1 LIMIT 1;
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION '% are one ticker from now on, and belong to two companies', clash USING HINT = 'Remove one of these listings, then migrate again.';
    END IF;
    FOR twin IN
        SELECT l.id, k.id AS keep, l.exchange, l.isin, l.share_class
        FROM listing l JOIN (
            SELECT DISTINCT ON (ticker_key(ticker)) * FROM listing ORDER BY ticker_key(ticker), is_primary DESC, id
        ) AS k ON ticker_key(k.ticker) = ticker_key(l.ticker)
        WHERE l.id <> k.id ORDER BY l.id
    LOOP
        UPDATE price p SET listing_id = twin.keep WHERE p.listing_id = twin.id
            AND NOT EXISTS (SELECT FROM price o WHERE o.listing_id = twin.keep AND o.date = p.date);
        DELETE FROM listing WHERE id = twin.id;
        UPDATE listing SET exchange = coalesce(exchange, twin.exchange), isin = coalesce(isin, twin.isin),
            share_class = coalesce(share_class, twin.share_class) WHERE id = twin.keep;
    END LOOP;
END
$$;
-- +goose StatementEnd

ALTER TABLE listing
    DROP CONSTRAINT listing_ticker_key,
    ADD COLUMN currency        text NOT NULL DEFAULT 'USD' CONSTRAINT listing_currency_fkey REFERENCES currency,
    -- How many ordinary shares one listed share stands for: a whole or decimal number, or a fraction such as 1/1500. Null
    -- when that was not declared.
    ADD COLUMN ordinary_shares text CONSTRAINT listing_ordinary_shares_check CHECK (length(ordinary_shares) <= 20
        AND ordinary_shares ~ '^(0\.[0-9]*[1-9][0-9]*|[1-9][0-9]{0,8}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?)$');
CREATE UNIQUE INDEX listing_ticker_key ON listing (ticker_key(ticker));
DROP INDEX listing_ticker_prefix_idx;
CREATE INDEX listing_ticker_prefix_idx ON listing (ticker_key(ticker) text_pattern_ops);

-- The name is that of the company facts, or the ticker: no list of companies and nobody by hand has given another.
ALTER TABLE company ADD COLUMN name_from_facts boolean NOT NULL DEFAULT false;

-- From which day on the newest annual report is of a foreign issuer (20-F), whose listed shares can stand for others.
CREATE TABLE annual_form (
    company_id     bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from     date NOT NULL,
    foreign_issuer boolean NOT NULL,
    PRIMARY KEY (company_id, known_from)
);

-- Withdrawn since 1999, when the reference rates of the European Central Bank begin.
INSERT INTO currency (code) SELECT regexp_split_to_table('CYP MTL ROL SIT TRL', ' ');

-- One unit of base is rate units of quote.
CREATE TABLE exchange_rate (
    date       date NOT NULL,
    base       text NOT NULL REFERENCES currency,
    quote      text NOT NULL REFERENCES currency,
    rate       numeric NOT NULL CHECK (rate > 0 AND rate < 'Infinity'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (base, quote, date),
    CHECK (base <> quote)
);
CREATE TRIGGER exchange_rate_updated_at BEFORE UPDATE ON exchange_rate FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE import
    ADD COLUMN adjusted_as_of date, -- the closes of the file hold the splits up to this day
    DROP CONSTRAINT import_kind_check,
    ADD CONSTRAINT import_kind_check CHECK (kind IN ('companies', 'sec_company_facts', 'prices', 'splits', 'exchange_rates'));

-- +goose Down

DELETE FROM import WHERE kind = 'exchange_rates';
ALTER TABLE import
    DROP COLUMN adjusted_as_of,
    DROP CONSTRAINT import_kind_check,
    ADD CONSTRAINT import_kind_check CHECK (kind IN ('companies', 'sec_company_facts', 'prices', 'splits'));
DROP TABLE exchange_rate, annual_form;
DELETE FROM currency WHERE code IN ('CYP', 'MTL', 'ROL', 'SIT', 'TRL');
ALTER TABLE company DROP COLUMN name_from_facts;
DROP INDEX listing_ticker_prefix_idx, listing_ticker_key;
ALTER TABLE listing DROP COLUMN currency, DROP COLUMN ordinary_shares, ADD CONSTRAINT listing_ticker_key UNIQUE (ticker);
CREATE INDEX listing_ticker_prefix_idx ON listing (ticker text_pattern_ops);
DROP FUNCTION ticker_key;
-- Documents are read again, also by the program that brings back annual_form.
UPDATE company_facts SET rules_version = 0;
