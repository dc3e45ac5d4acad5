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

-- A file as received, which is stored once however often it comes. sha256 and size are those of the uncompressed bytes. It
-- has an upload or, from versions before, its content in one gzip-compressed value.
CREATE TABLE document (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256     bytea NOT NULL CONSTRAINT document_sha256_key UNIQUE CHECK (length(sha256) = 32),
    size       bigint NOT NULL CHECK (size >= 0),
    content    bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    upload_id  bigint UNIQUE REFERENCES upload,
    CONSTRAINT document_has_content CHECK (upload_id IS NOT NULL OR content IS NOT NULL)
);
ALTER TABLE document ALTER COLUMN content SET STORAGE EXTERNAL;
