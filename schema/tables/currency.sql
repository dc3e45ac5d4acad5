-- ISO 4217, without metals, funds, units of account and test codes; those withdrawn since 1999 are among them. The columns
-- that refer to it have no index: that would serve the deletion of a currency alone, and none is deleted.
CREATE TABLE currency (code text PRIMARY KEY);

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
CREATE TRIGGER exchange_rate_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON exchange_rate
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

CREATE FUNCTION in_dollars(amount numeric, currency text, day date) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE currency WHEN 'USD' THEN amount WHEN 'EUR' THEN amount * usd.rate ELSE amount * usd.rate / own.rate END
    FROM (SELECT (SELECT r.rate FROM exchange_rate r WHERE r.base = 'EUR' AND r.quote = 'USD' AND r.date <= $3 ORDER BY r.date DESC LIMIT 1)) AS usd (rate),
         (SELECT (SELECT r.rate FROM exchange_rate r WHERE r.base = 'EUR' AND r.quote = $2 AND r.date <= $3 ORDER BY r.date DESC LIMIT 1)) AS own (rate)
$$;
