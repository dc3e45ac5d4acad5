-- What the SEC says of a filer is as it was read last; null and empty before it was.
CREATE TABLE company (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
    cik              bigint CONSTRAINT company_cik_key UNIQUE CHECK (cik BETWEEN 1 AND 9999999999),
    country          text CHECK (country ~ '^[A-Z]{2}$'),
    url              text CHECK (length(url) <= 2000),
    ipo_date         date,
    number_of_shares bigint CHECK (number_of_shares >= 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    -- The name is that of the company facts, or the ticker: no list of companies and nobody by hand has given another.
    name_from_facts  boolean NOT NULL DEFAULT false,
    -- The CIKs that a company had before, the oldest first: a new holding company files under one of its own.
    former_ciks      bigint[] NOT NULL DEFAULT '{}',
    registrant_name  text CHECK (length(registrant_name) BETWEEN 1 AND 300), -- the filer's own
    sic              text CHECK (sic ~ '^[0-9]{4}$'),
    sic_description  text CHECK (length(sic_description) <= 300),
    fiscal_year_end  text CHECK (fiscal_year_end ~ '^[0-9]{4}$'), -- MMDD
    state            text CHECK (length(state) <= 100), -- of incorporation
    former_names     jsonb NOT NULL DEFAULT '[]',
    -- The day on which it ended its registration, or of the last report of one that files no more. Null while it files.
    last_day         date,
    -- Of the statements of today: the newest, and the total assets of the newest year in US dollars. See follow_statements.
    newest_period    text,
    newest_end_date  date,
    size             numeric,
    CONSTRAINT company_former_ciks_check
        CHECK (1 <= ALL (former_ciks) AND 9999999999 >= ALL (former_ciks) AND cik <> ALL (former_ciks))
);
CREATE INDEX company_name_id_idx ON company (name, id);
CREATE INDEX company_name_trgm_idx ON company USING gin (name gin_trgm_ops);
CREATE INDEX company_cik_text_idx ON company ((cik::text) text_pattern_ops);
CREATE INDEX company_with_statements_idx ON company (name, id) WHERE newest_end_date IS NOT NULL;
CREATE INDEX company_size_idx ON company ((-coalesce(size, -1)), id);
CREATE INDEX company_size_with_statements_idx ON company ((-coalesce(size, -1)), id) WHERE newest_end_date IS NOT NULL;
CREATE TRIGGER company_updated_at BEFORE UPDATE ON company FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER company_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON company
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

-- Whose a CIK is or was. Follows the columns of company, so that no two companies have the same.
CREATE TABLE company_cik (
    cik        bigint PRIMARY KEY,
    company_id bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    -- The days of the first and the newest filing of a CIK among the facts that were imported.
    first_day  date,
    last_day   date
);
CREATE INDEX company_cik_company_id_idx ON company_cik (company_id);
CREATE INDEX company_cik_prefix_idx ON company_cik ((cik::text) text_pattern_ops);
CREATE TRIGGER company_cik_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON company_cik
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

CREATE FUNCTION follow_company_ciks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ciks bigint[] := array_remove(NEW.former_ciks || NEW.cik, NULL);
BEGIN
    DELETE FROM company_cik WHERE company_id = NEW.id AND cik <> ALL (ciks);
    INSERT INTO company_cik SELECT n.cik, NEW.id FROM unnest(ciks) AS n (cik)
    WHERE NOT EXISTS (SELECT FROM company_cik k WHERE k.cik = n.cik AND k.company_id = NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_company_ciks AFTER INSERT OR UPDATE OF cik, former_ciks ON company
    FOR EACH ROW EXECUTE FUNCTION follow_company_ciks();
