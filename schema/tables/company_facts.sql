-- What was read of a company's company-facts documents, which its statements come from; enough to compute them again.
-- document_id is that of the newest of its CIKs that has one; those of the CIKs before are in former_facts.
CREATE TABLE company_facts (
    company_id        bigint PRIMARY KEY REFERENCES company ON DELETE CASCADE,
    document_id       bigint NOT NULL REFERENCES document ON DELETE RESTRICT,
    newest_filed      date NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    -- The version of the rules by which the document was read; 0 when it must be read again, as something that came from
    -- it was changed by hand.
    rules_version     integer NOT NULL DEFAULT 0,
    cik               bigint, -- that document_id is about; null for the company's
    report            jsonb, -- of all documents, read as one
    -- What came from them was changed by hand: the next import reads them again, even when they are the same.
    edited            boolean NOT NULL DEFAULT false,
    -- By which version of the rules they were to be read again, how often and when that was tried, and what came in the way.
    attempted_version integer NOT NULL DEFAULT 0,
    attempts          integer NOT NULL DEFAULT 0,
    attempted_at      timestamptz,
    error             text,
    read_at           timestamptz NOT NULL DEFAULT now() -- when the documents were read last, also if nothing had changed
);
CREATE INDEX company_facts_document_id_idx ON company_facts (document_id);
CREATE INDEX company_facts_rules_version_idx ON company_facts (rules_version, company_id);
CREATE TRIGGER company_facts_updated_at BEFORE UPDATE ON company_facts FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER company_facts_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON company_facts
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

CREATE TABLE former_facts (
    company_id   bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    cik          bigint NOT NULL,
    document_id  bigint NOT NULL REFERENCES document ON DELETE RESTRICT,
    newest_filed date NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, cik)
);
CREATE INDEX former_facts_document_id_idx ON former_facts (document_id);
CREATE TRIGGER former_facts_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON former_facts
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

-- From which day on the newest annual report is of a foreign issuer (20-F), whose listed shares can stand for others.
CREATE TABLE annual_form (
    company_id     bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from     date NOT NULL,
    foreign_issuer boolean NOT NULL,
    PRIMARY KEY (company_id, known_from)
);
CREATE TRIGGER annual_form_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON annual_form
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

-- When the SEC accepted a periodic filing.
CREATE TABLE filing (
    company_id  bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    accession   text NOT NULL CHECK (length(accession) <= 25),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, accession)
);
CREATE TRIGGER filing_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON filing
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
