-- The sign of life of each process that works on jobs, and what one that dies was at. A job that kills its worker, such as
-- the import of a file, may be among several: each of them is then a suspect, which runs while its worker runs no other of
-- its kind and no other worker a suspect.
CREATE TABLE worker (
    id      text PRIMARY KEY, -- of its River client
    seen_at timestamptz NOT NULL,
    imports bigint[] NOT NULL DEFAULT '{}', -- the jobs of those that it runs
    suspect bigint -- the job of the one that runs, or is about to run, alone
);

-- A worker says when a job that failed is tried again, by its own clock, which is also that of the error. The wait counts
-- from now, by the clock that all share.
CREATE FUNCTION retry_by_this_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.scheduled_at := now() + (NEW.scheduled_at - (NEW.errors[cardinality(NEW.errors)] ->> 'at')::timestamptz);
    RETURN NEW;
END
$$;
CREATE TRIGGER retry_by_this_clock BEFORE UPDATE ON river_job FOR EACH ROW
    WHEN (OLD.state = 'running' AND NEW.state IN ('available', 'retryable') AND NEW.errors IS DISTINCT FROM OLD.errors)
    EXECUTE FUNCTION retry_by_this_clock();

-- A worker says when a job that it puts off is due by its own clock. None is put off for more than 30 seconds by the
-- clock that all share.
CREATE FUNCTION snooze_by_this_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.scheduled_at := least(greatest(NEW.scheduled_at, now() + interval '1 second'), now() + interval '30 seconds');
    RETURN NEW;
END
$$;
CREATE TRIGGER snooze_by_this_clock BEFORE UPDATE ON river_job FOR EACH ROW
    WHEN (OLD.state = 'running' AND NEW.state IN ('available', 'scheduled')
        AND NEW.metadata -> 'snoozes' IS DISTINCT FROM OLD.metadata -> 'snoozes')
    EXECUTE FUNCTION snooze_by_this_clock();
