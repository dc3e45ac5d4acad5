-- +goose Up

SET LOCAL lock_timeout = '5s';

-- A document that was received twice is stored once.
UPDATE import i SET document_id = k.id
FROM document d JOIN (SELECT sha256, min(id) AS id FROM document GROUP BY sha256) k USING (sha256)
WHERE d.id = i.document_id AND d.id <> k.id;
UPDATE company_facts f SET document_id = k.id
FROM document d JOIN (SELECT sha256, min(id) AS id FROM document GROUP BY sha256) k USING (sha256)
WHERE d.id = f.document_id AND d.id <> k.id;
DELETE FROM document d USING document k WHERE k.sha256 = d.sha256 AND k.id < d.id;
ALTER TABLE document ADD CONSTRAINT document_sha256_key UNIQUE (sha256);

-- The version of the rules by which the document was read; 0 when it must be read again, as something that came from
-- it was changed by hand.
ALTER TABLE company_facts ADD COLUMN rules_version integer NOT NULL DEFAULT 0;

ALTER TABLE import
    ADD COLUMN file_name text CHECK (length(file_name) BETWEEN 1 AND 255),
    DROP CONSTRAINT import_state_check,
    ADD CONSTRAINT import_state_check
        CHECK (state IN ('queued', 'running', 'succeeded', 'unchanged', 'failed', 'cancelled'));
UPDATE import i SET state = 'failed', error = 'its job was ended', finished_at = now()
WHERE finished_at IS NULL AND NOT EXISTS (SELECT FROM river_job j WHERE j.id = i.job_id AND j.finalized_at IS NULL);
CREATE UNIQUE INDEX import_job_id_key ON import (job_id);
CREATE INDEX import_unfinished_idx ON import (id) WHERE finished_at IS NULL;
CREATE INDEX import_finished_at_idx ON import (finished_at);

-- Makes the imports available that wait for companies, once no earlier import that is still to end can bring one.
-- An import that begins to wait holds the same lock, so that it is not overlooked.
-- +goose StatementBegin
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
-- +goose StatementEnd

-- An import's state is that of its River job, written in the same transaction, whoever changes it: a worker, the job
-- monitor, the rescue of a dead worker's jobs. River forgets its jobs; the import stays. One that was cancelled while
-- it ran has ended before its job; one whose job is retried begins anew.
-- +goose StatementBegin
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
-- +goose StatementEnd
CREATE TRIGGER follow_import_job AFTER UPDATE ON river_job FOR EACH ROW
    WHEN (NEW.kind = 'import' AND NEW.state <> OLD.state) EXECUTE FUNCTION follow_import_job();
CREATE TRIGGER follow_deleted_import_job AFTER DELETE ON river_job FOR EACH ROW
    WHEN (OLD.kind = 'import') EXECUTE FUNCTION follow_import_job();

-- The sign of life of each process that works on jobs.
CREATE TABLE worker (
    id      text PRIMARY KEY, -- of its River client
    seen_at timestamptz NOT NULL
);

-- +goose Down

DROP TABLE worker;
DROP TRIGGER follow_deleted_import_job ON river_job;
DROP TRIGGER follow_import_job ON river_job;
DROP FUNCTION follow_import_job, wake_imports;
DROP INDEX import_job_id_key, import_unfinished_idx, import_finished_at_idx;
UPDATE import SET state = 'succeeded' WHERE state = 'unchanged';
ALTER TABLE import
    DROP COLUMN file_name,
    DROP CONSTRAINT import_state_check,
    ADD CONSTRAINT import_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled'));
ALTER TABLE company_facts DROP COLUMN rules_version;
ALTER TABLE document DROP CONSTRAINT document_sha256_key;
