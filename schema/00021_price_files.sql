-- +goose Up

SET LOCAL lock_timeout = '5s';

-- What the prices of a file are adjusted for, null for as traded. Without a day (adjusted_as_of) it is that of the newest
-- row, which is noted when the file was read.
ALTER TABLE import ADD COLUMN adjusted text CONSTRAINT import_adjusted_check CHECK (adjusted = 'splits');
UPDATE import SET adjusted = 'splits' WHERE adjusted_as_of IS NOT NULL;

-- +goose Down

ALTER TABLE import DROP COLUMN adjusted;
