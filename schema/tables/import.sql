-- What River forgets after a day: who imported what, and what came of it.
CREATE TABLE import (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('companies', 'sec_company_facts', 'prices', 'splits', 'exchange_rates')),
    state          text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'succeeded', 'unchanged', 'failed', 'cancelled')),
    ticker         text,
    exchange       text,
    document_id    bigint REFERENCES document ON DELETE SET NULL,
    job_id         bigint,
    done           bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    total          bigint CHECK (total >= 0),
    written        bigint NOT NULL DEFAULT 0 CHECK (written >= 0),
    unchanged      bigint NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    skipped        bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    error          text,
    created_by     bigint REFERENCES user_account ON DELETE SET NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    started_at     timestamptz,
    finished_at    timestamptz,
    file_name      text CHECK (length(file_name) BETWEEN 1 AND 255),
    adjusted_as_of date, -- the closes of the file hold the splits up to this day
    other_cik      text CHECK (other_cik IN ('new', 'former')),
    report         jsonb,
    warning        text,
    -- What the prices of a file are adjusted for, null for as traded. Without a day (adjusted_as_of) it is that of the newest
    -- row, which is noted when the file was read.
    adjusted       text CONSTRAINT import_adjusted_check CHECK (adjusted = 'splits')
);
CREATE INDEX import_document_id_idx ON import (document_id);
CREATE INDEX import_created_by_idx ON import (created_by);
CREATE UNIQUE INDEX import_job_id_key ON import (job_id);
CREATE INDEX import_unfinished_idx ON import (id) WHERE finished_at IS NULL;
CREATE INDEX import_finished_at_idx ON import (finished_at);
CREATE TRIGGER import_updated_at BEFORE UPDATE ON import FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Makes the imports available that wait for companies, once no earlier import that is still to end can bring one.
-- An import that begins to wait holds the same lock, so that it is not overlooked.
CREATE FUNCTION wake_imports() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock('import'::regclass::oid::bigint);
    UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id IN (
        SELECT j.id FROM river_job j JOIN import i ON i.job_id = j.id
        WHERE i.finished_at IS NULL AND j.state = 'pending' AND NOT EXISTS (
            SELECT FROM import e WHERE e.finished_at IS NULL AND e.id < i.id
                AND (e.kind = 'companies' OR e.kind = 'sec_company_facts' AND e.ticker IS NOT NULL))
        FOR UPDATE OF j SKIP LOCKED);
END
$$;

-- An import's state is that of its River job, written in the same transaction, whoever changes it: a worker, the job
-- monitor, the rescue of a dead worker's jobs. River forgets its jobs; the import stays. One that was cancelled while
-- it ran has ended before its job; one whose job is retried begins anew.
CREATE FUNCTION follow_import_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE import SET state = 'failed', error = 'its job was deleted', finished_at = now()
        WHERE job_id = OLD.id AND finished_at IS NULL;
    ELSE
        UPDATE import i SET
            state = CASE NEW.state
                WHEN 'running' THEN 'running' WHEN 'completed' THEN 'succeeded' WHEN 'discarded' THEN 'failed'
                WHEN 'cancelled' THEN 'cancelled' ELSE 'queued' END,
            done = CASE WHEN NEW.finalized_at IS NULL THEN 0 ELSE i.done END,
            error = CASE WHEN NEW.state = 'discarded' THEN coalesce(i.error,
                CASE WHEN NEW.metadata ->> 'river:rescue_count' >= '3' THEN 'its worker died three times' END,
                'an internal error, see the log') END,
            started_at = coalesce(i.started_at, NEW.attempted_at),
            finished_at = NEW.finalized_at
        WHERE i.job_id = NEW.id AND (i.finished_at IS NULL OR OLD.finalized_at IS NOT NULL);
    END IF;
    IF TG_OP = 'DELETE' OR NEW.finalized_at IS NOT NULL THEN
        PERFORM wake_imports() FROM import i
        WHERE i.job_id = OLD.id AND (i.kind = 'companies' OR i.kind = 'sec_company_facts' AND i.ticker IS NOT NULL);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_import_job AFTER UPDATE ON river_job FOR EACH ROW
    WHEN (NEW.kind = 'import' AND NEW.state <> OLD.state) EXECUTE FUNCTION follow_import_job();
CREATE TRIGGER follow_deleted_import_job AFTER DELETE ON river_job FOR EACH ROW
    WHEN (OLD.kind = 'import') EXECUTE FUNCTION follow_import_job();
