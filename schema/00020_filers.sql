-- +goose Up

SET LOCAL lock_timeout = '5s';

-- Companies in time. What the SEC says of a filer is as it was read last; null and empty before it was.
ALTER TABLE company
    ADD COLUMN registrant_name text CHECK (length(registrant_name) BETWEEN 1 AND 300), -- the filer's own
    ADD COLUMN sic             text CHECK (sic ~ '^[0-9]{4}$'),
    ADD COLUMN sic_description text CHECK (length(sic_description) <= 300),
    ADD COLUMN fiscal_year_end text CHECK (fiscal_year_end ~ '^[0-9]{4}$'), -- MMDD
    ADD COLUMN state           text CHECK (length(state) <= 100), -- of incorporation
    ADD COLUMN former_names    jsonb NOT NULL DEFAULT '[]',
    -- The day on which it ended its registration, or of the last report of one that files no more. Null while it files.
    ADD COLUMN last_day        date,
    -- Of the statements of today: the newest, and the total assets of the newest year in US dollars. See follow_statements.
    ADD COLUMN newest_period   text,
    ADD COLUMN newest_end_date date,
    ADD COLUMN size            numeric;
CREATE INDEX company_with_statements_idx ON company (name, id) WHERE newest_end_date IS NOT NULL;
CREATE INDEX company_size_idx ON company ((-coalesce(size, -1)), id);
CREATE INDEX company_size_with_statements_idx ON company ((-coalesce(size, -1)), id) WHERE newest_end_date IS NOT NULL;

-- The days of the first and the newest filing of a CIK among the facts that were imported.
ALTER TABLE company_cik ADD COLUMN first_day date, ADD COLUMN last_day date;

-- A listing is known from its first day until its last. A ticker names the listing that holds it: the one that has not
-- ended or, when all have, the newest.
ALTER TABLE listing
    ADD COLUMN first_day    date,
    ADD COLUMN last_day     date,
    ADD COLUMN holds_ticker boolean NOT NULL DEFAULT true,
    ADD COLUMN by_edgar     boolean NOT NULL DEFAULT false, -- EDGAR's list has had it
    ADD CONSTRAINT listing_days_check CHECK (last_day >= first_day),
    ADD CONSTRAINT listing_holds_ticker_check CHECK (holds_ticker OR last_day IS NOT NULL);
DROP INDEX listing_ticker_key;
CREATE UNIQUE INDEX listing_ticker_key ON listing (ticker_key(ticker)) WHERE holds_ticker;

-- What names a company in addresses and lists: the ticker of its primary listing, or its CIK.
-- +goose StatementBegin
CREATE FUNCTION company_symbol(company_id bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT l.ticker FROM listing l WHERE l.company_id = $1 AND l.is_primary AND l.holds_ticker),
        (SELECT 'CIK' || lpad(c.cik::text, 10, '0') FROM company c WHERE c.id = $1), '')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION in_dollars(amount numeric, currency text, day date) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE currency WHEN 'USD' THEN amount WHEN 'EUR' THEN amount * usd.rate ELSE amount * usd.rate / own.rate END
    FROM (SELECT (SELECT r.rate FROM exchange_rate r WHERE r.base = 'EUR' AND r.quote = 'USD' AND r.date <= $3 ORDER BY r.date DESC LIMIT 1)) AS usd (rate),
         (SELECT (SELECT r.rate FROM exchange_rate r WHERE r.base = 'EUR' AND r.quote = $2 AND r.date <= $3 ORDER BY r.date DESC LIMIT 1)) AS own (rate)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION newest_statement(company_id bigint, OUT period text, OUT end_date date, OUT size numeric)
LANGUAGE sql STABLE AS $$
    SELECT n.period, n.end_date, y.size
    FROM (SELECT 1) AS one
    LEFT JOIN (
        SELECT s.period, s.end_date FROM financial_statement s
        WHERE s.company_id = $1 AND s.known_to IS NULL ORDER BY s.end_date DESC, s.period LIMIT 1
    ) AS n ON true
    LEFT JOIN (
        SELECT in_dollars(s.total_assets, s.currency, s.end_date) AS size FROM financial_statement s
        WHERE s.company_id = $1 AND s.known_to IS NULL AND s.period = 'annual' AND s.total_assets IS NOT NULL
        ORDER BY s.end_date DESC LIMIT 1
    ) AS y ON true
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION follow_statements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE company c SET newest_period = n.period, newest_end_date = n.end_date, size = n.size
    FROM (SELECT DISTINCT company_id FROM changed) AS w, newest_statement(w.company_id) AS n
    WHERE c.id = w.company_id
      AND (c.newest_period, c.newest_end_date, c.size) IS DISTINCT FROM (n.period, n.end_date, n.size);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER follow_new_statements AFTER INSERT ON financial_statement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
CREATE TRIGGER follow_changed_statements AFTER UPDATE ON financial_statement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
CREATE TRIGGER follow_deleted_statements AFTER DELETE ON financial_statement
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
UPDATE company c SET newest_period = n.period, newest_end_date = n.end_date, size = n.size
FROM company w, newest_statement(w.id) AS n WHERE c.id = w.id AND n.end_date IS NOT NULL;

-- When the SEC accepted a periodic filing.
CREATE TABLE filing (
    company_id  bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    accession   text NOT NULL CHECK (length(accession) <= 25),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, accession)
);
ALTER TABLE financial_statement ADD COLUMN accepted_at timestamptz; -- the filing that made this version

ALTER TABLE company_facts ADD COLUMN read_at timestamptz; -- when the documents were read last, also if nothing had changed
UPDATE company_facts SET read_at = updated_at;
ALTER TABLE company_facts ALTER COLUMN read_at SET DEFAULT now(), ALTER COLUMN read_at SET NOT NULL;

-- A run that brings the facts of filers here. Its job is that of its current step; the jobs of its companies follow.
CREATE TABLE sync (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope         text NOT NULL CHECK (scope IN ('all', 'companies', 'bulk_file')),
    tickers       text[] NOT NULL DEFAULT '{}', -- of the scope companies
    file_name     text CHECK (length(file_name) BETWEEN 1 AND 255), -- of the scope bulk_file, with the next
    file_size     bigint,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    source        text CHECK (source IN ('bulk', 'daily_indexes', 'companies')), -- what says which companies there are
    stage         text NOT NULL DEFAULT 'listings',
    position      bigint NOT NULL DEFAULT 0, -- within the stage
    through_day   date, -- the newest day of which all that was filed is among the companies
    job_id        bigint,
    listed        boolean NOT NULL DEFAULT false, -- all companies of the run are in sync_company
    received      bigint NOT NULL DEFAULT 0, -- bytes of a bulk file that is downloaded, or entries of one that is read
    size          bigint, -- all of them
    -- Companies; see sync_counts for those of a run that has not ended.
    total         integer NOT NULL DEFAULT 0,
    updated       integer NOT NULL DEFAULT 0,
    unchanged     integer NOT NULL DEFAULT 0,
    failed        integer NOT NULL DEFAULT 0,
    warnings      text[] NOT NULL DEFAULT '{}',
    error         text,
    created_by    bigint REFERENCES user_account ON DELETE SET NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE UNIQUE INDEX sync_job_id_key ON sync (job_id);
CREATE UNIQUE INDEX sync_of_all_key ON sync (scope) WHERE scope = 'all' AND finished_at IS NULL;
CREATE INDEX sync_created_by_idx ON sync (created_by);
CREATE TRIGGER sync_updated_at BEFORE UPDATE ON sync FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What becomes of a filer in a run. One that is wanted is still to be asked for; one that is queued has a job.
CREATE TABLE sync_company (
    sync_id     bigint NOT NULL REFERENCES sync ON DELETE CASCADE,
    name        text NOT NULL CHECK (length(name) <= 300), -- CIK##########, or what has no CIK
    cik         bigint,
    state       text NOT NULL CHECK (state IN ('wanted', 'queued', 'updated', 'unchanged', 'failed')),
    message     text,
    document_id bigint REFERENCES document ON DELETE SET NULL,
    job_id      bigint,
    -- The version of the file of the document, which counts as read when the document is.
    etag          text,
    last_modified text,
    -- What failed may do better in the next run of all companies, which asks for it, too.
    again       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (sync_id, name)
);
CREATE INDEX sync_company_open_idx ON sync_company (sync_id, name) WHERE state IN ('wanted', 'queued');
CREATE INDEX sync_company_failed_idx ON sync_company (sync_id, name) WHERE state = 'failed';
CREATE UNIQUE INDEX sync_company_job_id_key ON sync_company (job_id);
CREATE INDEX sync_company_document_id_idx ON sync_company (document_id);

-- +goose StatementBegin
CREATE FUNCTION sync_counts(sync_id bigint, OUT total integer, OUT updated integer, OUT unchanged integer, OUT failed integer)
LANGUAGE sql STABLE AS $$
    SELECT count(*), count(*) FILTER (WHERE c.state = 'updated'), count(*) FILTER (WHERE c.state = 'unchanged'),
        count(*) FILTER (WHERE c.state = 'failed')
    FROM sync_company c WHERE c.sync_id = $1
$$;
-- +goose StatementEnd

-- Ends a run whose companies are all done. Of two that end the last companies at the same time one waits for the other.
-- +goose StatementBegin
CREATE FUNCTION end_sync(run bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT coalesce((SELECT listed FROM sync WHERE id = run), false) THEN
        IF NOT coalesce((SELECT listed FROM sync WHERE id = run FOR SHARE), false) THEN -- who lists all waits, and sees this
            RETURN;
        END IF;
    END IF;
    PERFORM FROM sync WHERE id = run FOR UPDATE;
    UPDATE sync s SET state = 'succeeded', stage = 'done', finished_at = now(),
        total = n.total, updated = n.updated, unchanged = n.unchanged, failed = n.failed
    FROM sync_counts(run) AS n
    WHERE s.id = run AND s.listed AND s.finished_at IS NULL
      AND NOT EXISTS (SELECT FROM sync_company c WHERE c.sync_id = run AND c.state IN ('wanted', 'queued'));
END
$$;
-- +goose StatementEnd

-- A run fails or is cancelled with the job of its step, a company with its own.
-- +goose StatementBegin
CREATE FUNCTION follow_sync_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    run bigint;
    reason text := 'its job was deleted';
    ended boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        ended := NEW.state IN ('discarded', 'cancelled');
        reason := CASE WHEN NEW.state = 'cancelled' THEN 'it was cancelled'
            WHEN NEW.metadata ->> 'river:rescue_count' >= '3' THEN 'its worker died three times'
            ELSE 'an internal error, see the log' END;
    END IF;
    IF OLD.kind = 'sync' THEN
        IF ended THEN
            SELECT s.id INTO run FROM sync s WHERE s.job_id = OLD.id AND s.finished_at IS NULL;
            UPDATE sync s SET state = CASE WHEN TG_OP = 'UPDATE' AND NEW.state = 'cancelled' THEN 'cancelled' ELSE 'failed' END,
                error = CASE WHEN TG_OP = 'UPDATE' AND NEW.state = 'cancelled' THEN s.error ELSE coalesce(s.error, reason) END, finished_at = now(),
                total = n.total, updated = n.updated, unchanged = n.unchanged, failed = n.failed
            FROM sync_counts(run) AS n WHERE s.id = run;
        ELSE
            UPDATE sync SET state = 'running', started_at = coalesce(started_at, NEW.attempted_at)
            WHERE job_id = OLD.id AND state = 'queued';
        END IF;
        RETURN NULL;
    END IF;
    IF ended THEN
        UPDATE sync_company SET state = 'failed', again = again OR message IS NULL, message = coalesce(message, reason)
        WHERE job_id = OLD.id AND state = 'queued';
    ELSIF NEW.finalized_at IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT c.sync_id INTO run FROM sync_company c WHERE c.job_id = OLD.id;
    PERFORM end_sync(run);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER follow_sync_job AFTER UPDATE ON river_job FOR EACH ROW
    WHEN (NEW.kind IN ('sync', 'sync_company') AND NEW.state <> OLD.state) EXECUTE FUNCTION follow_sync_job();
CREATE TRIGGER follow_deleted_sync_job AFTER DELETE ON river_job FOR EACH ROW
    WHEN (OLD.kind IN ('sync', 'sync_company') AND OLD.finalized_at IS NULL) EXECUTE FUNCTION follow_sync_job();

-- What EDGAR said of the version of a file when it was read last.
CREATE TABLE edgar_file (
    path          text PRIMARY KEY,
    etag          text NOT NULL,
    last_modified text NOT NULL,
    read_at       timestamptz NOT NULL DEFAULT now()
);

-- When the next request to EDGAR may be made, for all processes together.
CREATE TABLE edgar_pace (
    next_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX edgar_pace_key ON edgar_pace ((true));
INSERT INTO edgar_pace (next_at) VALUES (now());

-- +goose Down

DROP TABLE edgar_pace, edgar_file;
DROP TRIGGER follow_deleted_sync_job ON river_job;
DROP TRIGGER follow_sync_job ON river_job;
DROP FUNCTION follow_sync_job, end_sync, sync_counts;
DROP TABLE sync_company, sync;
DELETE FROM river_job WHERE kind IN ('sync', 'sync_company', 'schedule_sync');
ALTER TABLE company_facts DROP COLUMN read_at;
ALTER TABLE financial_statement DROP COLUMN accepted_at;
DROP TABLE filing;
DROP TRIGGER follow_new_statements ON financial_statement;
DROP TRIGGER follow_changed_statements ON financial_statement;
DROP TRIGGER follow_deleted_statements ON financial_statement;
DROP FUNCTION follow_statements, newest_statement, in_dollars, company_symbol;
DELETE FROM listing WHERE NOT holds_ticker;
DROP INDEX listing_ticker_key;
ALTER TABLE listing
    DROP CONSTRAINT listing_holds_ticker_check, DROP CONSTRAINT listing_days_check,
    DROP COLUMN by_edgar, DROP COLUMN holds_ticker, DROP COLUMN last_day, DROP COLUMN first_day;
CREATE UNIQUE INDEX listing_ticker_key ON listing (ticker_key(ticker));
ALTER TABLE company_cik DROP COLUMN first_day, DROP COLUMN last_day;
DROP INDEX company_size_with_statements_idx, company_size_idx, company_with_statements_idx;
ALTER TABLE company
    DROP COLUMN size, DROP COLUMN newest_end_date, DROP COLUMN newest_period, DROP COLUMN last_day, DROP COLUMN former_names,
    DROP COLUMN state, DROP COLUMN fiscal_year_end, DROP COLUMN sic_description, DROP COLUMN sic, DROP COLUMN registrant_name;
