-- +goose Up

SET LOCAL lock_timeout = '5s';

-- The CIKs that a company had before, the oldest first: a new holding company files under one of its own.
ALTER TABLE company
    ADD COLUMN former_ciks bigint[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT company_former_ciks_check
        CHECK (1 <= ALL (former_ciks) AND 9999999999 >= ALL (former_ciks) AND cik <> ALL (former_ciks));

-- Whose a CIK is or was. Follows the columns of company, so that no two companies have the same.
CREATE TABLE company_cik (
    cik        bigint PRIMARY KEY,
    company_id bigint NOT NULL REFERENCES company ON DELETE CASCADE
);
INSERT INTO company_cik SELECT cik, id FROM company WHERE cik IS NOT NULL;
CREATE INDEX company_cik_company_id_idx ON company_cik (company_id);
CREATE INDEX company_cik_prefix_idx ON company_cik ((cik::text) text_pattern_ops);
-- +goose StatementBegin
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
-- +goose StatementEnd
CREATE TRIGGER follow_company_ciks AFTER INSERT OR UPDATE OF cik, former_ciks ON company
    FOR EACH ROW EXECUTE FUNCTION follow_company_ciks();

-- What was read of a company's documents. document_id is that of the newest of its CIKs that has one; those of the CIKs
-- before are in former_facts.
ALTER TABLE company_facts
    ADD COLUMN cik               bigint, -- that document_id is about; null for the company's
    ADD COLUMN report            jsonb, -- of all documents, read as one
    -- What came from them was changed by hand: the next import reads them again, even when they are the same.
    ADD COLUMN edited            boolean NOT NULL DEFAULT false,
    -- By which version of the rules they were to be read again, how often and when that was tried, and what came in the way.
    ADD COLUMN attempted_version integer NOT NULL DEFAULT 0,
    ADD COLUMN attempts          integer NOT NULL DEFAULT 0,
    ADD COLUMN attempted_at      timestamptz,
    ADD COLUMN error             text;
CREATE INDEX company_facts_rules_version_idx ON company_facts (rules_version, company_id);

CREATE TABLE former_facts (
    company_id   bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    cik          bigint NOT NULL,
    document_id  bigint NOT NULL REFERENCES document ON DELETE RESTRICT,
    newest_filed date NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, cik)
);
CREATE INDEX former_facts_document_id_idx ON former_facts (document_id);

ALTER TABLE import
    ADD COLUMN other_cik text CHECK (other_cik IN ('new', 'former')),
    ADD COLUMN report    jsonb,
    ADD COLUMN warning   text;

-- +goose Down

ALTER TABLE import DROP COLUMN other_cik, DROP COLUMN report, DROP COLUMN warning;
DROP TABLE former_facts;
DROP INDEX company_facts_rules_version_idx;
ALTER TABLE company_facts
    DROP COLUMN cik, DROP COLUMN report, DROP COLUMN edited, DROP COLUMN attempted_version, DROP COLUMN attempts,
    DROP COLUMN attempted_at, DROP COLUMN error;
DROP TRIGGER follow_company_ciks ON company;
DROP FUNCTION follow_company_ciks;
DROP TABLE company_cik;
ALTER TABLE company DROP COLUMN former_ciks;
-- Documents are read again, also by the program that brings back what went: reports, and those of former CIKs.
UPDATE company_facts SET rules_version = 0;
