-- A run that brings the facts of filers here. Its job is that of its current step; the jobs of its companies follow.
CREATE TABLE sync (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text NOT NULL CHECK (scope IN ('all', 'companies', 'bulk_file')),
    tickers     text[] NOT NULL DEFAULT '{}', -- of the scope companies
    file_name   text CHECK (length(file_name) BETWEEN 1 AND 255), -- of the scope bulk_file, with the next
    file_size   bigint,
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    source      text CHECK (source IN ('bulk', 'daily_indexes', 'companies')), -- what says which companies there are
    stage       text NOT NULL DEFAULT 'listings',
    position    bigint NOT NULL DEFAULT 0, -- within the stage
    through_day date, -- the newest day of which all that was filed is among the companies
    job_id      bigint,
    listed      boolean NOT NULL DEFAULT false, -- all companies of the run are in sync_company
    received    bigint NOT NULL DEFAULT 0, -- bytes of a bulk file that is downloaded, or entries of one that is read
    size        bigint, -- all of them
    -- Companies; see sync_counts for those of a run that has not ended.
    total       integer NOT NULL DEFAULT 0,
    updated     integer NOT NULL DEFAULT 0,
    unchanged   integer NOT NULL DEFAULT 0,
    failed      integer NOT NULL DEFAULT 0,
    warnings    text[] NOT NULL DEFAULT '{}',
    error       text,
    created_by  bigint REFERENCES user_account ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
);
CREATE UNIQUE INDEX sync_job_id_key ON sync (job_id);
CREATE UNIQUE INDEX sync_of_all_key ON sync (scope) WHERE scope = 'all' AND finished_at IS NULL;
CREATE INDEX sync_created_by_idx ON sync (created_by);
CREATE TRIGGER sync_updated_at BEFORE UPDATE ON sync FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What becomes of a filer in a run. One that is wanted is still to be asked for; one that is queued has a job.
CREATE TABLE sync_company (
    sync_id       bigint NOT NULL REFERENCES sync ON DELETE CASCADE,
    name          text NOT NULL CHECK (length(name) <= 300), -- CIK##########, or what has no CIK
    cik           bigint,
    state         text NOT NULL CHECK (state IN ('wanted', 'queued', 'updated', 'unchanged', 'failed')),
    message       text,
    document_id   bigint REFERENCES document ON DELETE SET NULL,
    job_id        bigint,
    -- The version of the file of the document, which counts as read when the document is.
    etag          text,
    last_modified text,
    -- What failed may do better in the next run of all companies, which asks for it, too.
    again         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (sync_id, name)
);
CREATE INDEX sync_company_open_idx ON sync_company (sync_id, name) WHERE state IN ('wanted', 'queued');
CREATE INDEX sync_company_failed_idx ON sync_company (sync_id, name) WHERE state = 'failed';
CREATE UNIQUE INDEX sync_company_job_id_key ON sync_company (job_id);
CREATE INDEX sync_company_document_id_idx ON sync_company (document_id);

CREATE FUNCTION sync_counts(sync_id bigint, OUT total integer, OUT updated integer, OUT unchanged integer, OUT failed integer)
LANGUAGE sql STABLE AS $$
    SELECT count(*), count(*) FILTER (WHERE c.state = 'updated'), count(*) FILTER (WHERE c.state = 'unchanged'),
        count(*) FILTER (WHERE c.state = 'failed')
    FROM sync_company c WHERE c.sync_id = $1
$$;

-- Ends a run whose companies are all done. Of two that end the last companies at the same time one waits for the other.
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

-- A run fails or is cancelled with the job of its step, a company with its own.
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

-- When the next request to EDGAR may be made, for all processes together: one row, which a migration wrote.
CREATE TABLE edgar_pace (
    next_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX edgar_pace_key ON edgar_pace ((true));
