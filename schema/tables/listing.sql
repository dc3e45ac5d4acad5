-- The form in which tickers are compared: in capitals, with dots, dashes and slashes alike.
CREATE FUNCTION ticker_key(ticker text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(upper(ticker), '-/', '..')
$$;

-- The check digit of an ISIN: letters become 10 to 35, then Luhn from the right.
CREATE FUNCTION is_isin(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT code ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$' AND (
        SELECT sum(CASE WHEN ord % 2 = 0 THEN d * 2 / 10 + d * 2 % 10 ELSE d END) % 10 = 0
        FROM (
            SELECT digit::int AS d, row_number() OVER (ORDER BY i DESC, j DESC) AS ord
            FROM string_to_table(code, NULL) WITH ORDINALITY AS c (ch, i),
                 string_to_table(CASE WHEN ch BETWEEN '0' AND '9' THEN ch ELSE (ascii(ch) - 55)::text END, NULL)
                     WITH ORDINALITY AS x (digit, j)
        ) AS digits)
$$;

-- A listing is known from its first day until its last. A ticker names the listing that holds it: the one that has not
-- ended or, when all have, the newest.
CREATE TABLE listing (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id      bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    ticker          text NOT NULL CHECK (ticker ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    exchange        text CHECK (length(exchange) BETWEEN 1 AND 50),
    isin            text CONSTRAINT listing_isin_key UNIQUE CONSTRAINT listing_isin_check CHECK (is_isin(isin)),
    share_class     text CHECK (length(share_class) BETWEEN 1 AND 100),
    is_primary      boolean NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    currency        text NOT NULL DEFAULT 'USD' CONSTRAINT listing_currency_fkey REFERENCES currency,
    -- How many ordinary shares one listed share stands for: a whole or decimal number, or a fraction such as 1/1500. Null
    -- when that was not declared.
    ordinary_shares text CONSTRAINT listing_ordinary_shares_check CHECK (length(ordinary_shares) <= 20
        AND ordinary_shares ~ '^(0\.[0-9]*[1-9][0-9]*|[1-9][0-9]{0,8}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?)$'),
    first_day       date,
    last_day        date,
    holds_ticker    boolean NOT NULL DEFAULT true,
    by_edgar        boolean NOT NULL DEFAULT false, -- EDGAR's list has had it
    CONSTRAINT listing_days_check CHECK (last_day >= first_day),
    CONSTRAINT listing_holds_ticker_check CHECK (holds_ticker OR last_day IS NOT NULL)
);
CREATE UNIQUE INDEX listing_primary_key ON listing (company_id) WHERE is_primary;
CREATE UNIQUE INDEX listing_ticker_key ON listing (ticker_key(ticker)) WHERE holds_ticker;
CREATE INDEX listing_company_id_idx ON listing (company_id);
CREATE INDEX listing_ticker_prefix_idx ON listing (ticker_key(ticker) text_pattern_ops);
CREATE INDEX listing_isin_prefix_idx ON listing (isin text_pattern_ops);
CREATE INDEX listing_exchange_idx ON listing (lower(exchange));
CREATE TRIGGER listing_updated_at BEFORE UPDATE ON listing FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER listing_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON listing
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

-- What names a company in addresses and lists: the ticker of its primary listing, or its CIK.
CREATE FUNCTION company_symbol(company_id bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = $1 AND l.is_primary AND l.holds_ticker),
        (SELECT 'CIK' || lpad(c.cik::text, 10, '0') FROM company c WHERE c.id = $1), '')
$$;

-- Locks the company that a ticker names or, if none does, the one that has a CIK or had it before, and returns its id. The
-- ticker can go to another company while this waits.
CREATE FUNCTION lock_company(named text, filer bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    locked bigint;
BEGIN
    LOOP
        SELECT c.id INTO locked FROM company c JOIN listing l ON l.company_id = c.id
        WHERE ticker_key(l.ticker) = ticker_key(named) AND l.holds_ticker FOR UPDATE OF c;
        IF NOT FOUND THEN
            SELECT c.id INTO locked FROM company c JOIN company_cik k ON k.company_id = c.id
            WHERE k.cik = filer FOR UPDATE OF c;
            RETURN locked;
        END IF;
        PERFORM FROM listing l
        WHERE l.company_id = locked AND ticker_key(l.ticker) = ticker_key(named) AND l.holds_ticker;
        IF FOUND THEN
            RETURN locked;
        END IF;
    END LOOP;
END
$$;
