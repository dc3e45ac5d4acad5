-- The newest counts known from a day on: one on the covers of reports and one on balance sheets.
CREATE TABLE share_count (
    company_id bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from date NOT NULL,
    basis_date date NOT NULL,
    end_date   date NOT NULL,
    shares     bigint NOT NULL CHECK (shares >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    source     text NOT NULL CHECK (source IN ('cover', 'balance_sheet')),
    PRIMARY KEY (company_id, source, known_from)
);
CREATE TRIGGER share_count_updated_at BEFORE UPDATE ON share_count FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER share_count_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON share_count
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
