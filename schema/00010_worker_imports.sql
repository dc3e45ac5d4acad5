-- +goose Up

SET LOCAL lock_timeout = '5s';

-- What a worker that dies was at. A file that kills its worker may be among several: each of them is then a suspect,
-- which runs while its worker runs no other import and no other worker a suspect.
ALTER TABLE worker
    ADD COLUMN imports bigint[] NOT NULL DEFAULT '{}', -- the jobs of those that it runs
    ADD COLUMN suspect bigint; -- the job of the one that runs, or is about to run, alone

-- A worker says when a job that it puts off is due by its own clock. None is put off for more than 30 seconds by the
-- clock that all share.
-- +goose StatementBegin
CREATE FUNCTION snooze_by_this_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.scheduled_at := least(greatest(NEW.scheduled_at, now() + interval '1 second'), now() + interval '30 seconds');
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER snooze_by_this_clock BEFORE UPDATE ON river_job FOR EACH ROW
    WHEN (OLD.state = 'running' AND NEW.state IN ('available', 'scheduled')
        AND NEW.metadata -> 'snoozes' IS DISTINCT FROM OLD.metadata -> 'snoozes')
    EXECUTE FUNCTION snooze_by_this_clock();

-- +goose Down

DROP TRIGGER snooze_by_this_clock ON river_job;
DROP FUNCTION snooze_by_this_clock;
ALTER TABLE worker DROP COLUMN imports, DROP COLUMN suspect;
