-- +goose Up

SET LOCAL lock_timeout = '5s';

-- Locks the company that a ticker names or, if none does, the one that has a CIK or had it before, and returns its id. The
-- ticker can go to another company while this waits.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION lock_company(named text, filer bigint) RETURNS bigint LANGUAGE plpgsql AS $$
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
-- +goose StatementEnd

-- +goose Down

DROP FUNCTION lock_company(named text, filer bigint);
