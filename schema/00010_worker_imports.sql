-- +goose Up

SET LOCAL lock_timeout = '5s';

-- What a worker that dies was at. A file that kills its worker may be among several: each of them is then a suspect,
-- which runs while its worker runs no other import and no other worker a suspect.
ALTER TABLE worker
    ADD COLUMN imports bigint[] NOT NULL DEFAULT '{}', -- the jobs of those that it runs
    ADD COLUMN suspect bigint; -- the job of the one that runs, or is about to run, alone

-- +goose Down

ALTER TABLE worker DROP COLUMN imports, DROP COLUMN suspect;
