-- +goose Up

SET LOCAL lock_timeout = '5s';

-- The bytes of a file, gzip-compressed, in pieces that are written while it comes in. One that no document has is on
-- its way, or was given up.
CREATE TABLE upload (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE upload_piece (
    upload_id bigint NOT NULL REFERENCES upload ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number >= 0),
    content   bytea NOT NULL,
    PRIMARY KEY (upload_id, number)
);
ALTER TABLE upload_piece ALTER COLUMN content SET STORAGE EXTERNAL;

-- A document has an upload or, from versions before, its content in one value.
ALTER TABLE document
    ADD COLUMN upload_id bigint UNIQUE REFERENCES upload,
    ALTER COLUMN content DROP NOT NULL,
    ADD CONSTRAINT document_has_content CHECK (upload_id IS NOT NULL OR content IS NOT NULL);

-- +goose Down

UPDATE document SET content =
    (SELECT string_agg(p.content, '' ORDER BY p.number) FROM upload_piece p WHERE p.upload_id = document.upload_id)
WHERE content IS NULL;
ALTER TABLE document
    DROP COLUMN upload_id,
    ALTER COLUMN content SET NOT NULL;
DROP TABLE upload_piece, upload;
