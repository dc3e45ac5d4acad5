-- Each figure that differs between two versions of a statement that follow each other, as far as filings changed it.
CREATE TABLE restatement (
    id           bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    company_id   bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    statement_id bigint NOT NULL, -- of all versions
    period       text NOT NULL,
    end_date     date NOT NULL,
    field        text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('added', 'removed', 'changed', 'split')),
    old          numeric,
    new          numeric,
    known_from   date NOT NULL,
    filing       jsonb NOT NULL,
    derived      boolean NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT restatement_key UNIQUE (statement_id, known_from, field)
);
CREATE INDEX restatement_company_idx ON restatement (company_id, known_from, id);
CREATE INDEX restatement_known_idx ON restatement (known_from, id);
CREATE INDEX restatement_kind_idx ON restatement (kind, known_from, id);
CREATE TRIGGER restatement_updated_at BEFORE UPDATE ON restatement FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER restatement_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON restatement
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
