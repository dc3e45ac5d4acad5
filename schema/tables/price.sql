-- As traded: not adjusted for later splits or dividends.
CREATE TABLE price (
    listing_id  bigint NOT NULL REFERENCES listing ON DELETE CASCADE,
    date        date NOT NULL,
    open        numeric CHECK (open >= 0 AND open < 'Infinity'),
    high        numeric CHECK (high >= 0 AND high < 'Infinity'),
    low         numeric CHECK (low >= 0 AND low < 'Infinity'),
    close       numeric NOT NULL CHECK (close >= 0 AND close < 'Infinity'),
    volume      bigint CHECK (volume >= 0),
    ex_dividend numeric NOT NULL DEFAULT 0 CHECK (ex_dividend >= 0 AND ex_dividend < 'Infinity'),
    split_ratio numeric NOT NULL DEFAULT 1 CHECK (split_ratio > 0 AND split_ratio < 'Infinity'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (listing_id, date)
);
CREATE INDEX price_date_idx ON price (date, listing_id);
CREATE TRIGGER price_updated_at BEFORE UPDATE ON price FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER price_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON price
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
