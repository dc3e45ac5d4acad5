-- name: CreateUpload :one
INSERT INTO upload DEFAULT VALUES RETURNING id;

-- name: AddUploadPiece :exec
INSERT INTO upload_piece (upload_id, number, content) VALUES (@upload_id, @number, @content);

-- name: DeleteUpload :exec
-- Leaves one alone that a document has.
DELETE FROM upload u WHERE u.id = @id AND NOT EXISTS (SELECT FROM document d WHERE d.upload_id = u.id);

-- name: PruneUploads :execrows
-- Deletes those of documents that were deleted, and those that were given up: none takes an hour.
DELETE FROM upload u
WHERE u.created_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM document d WHERE d.upload_id = u.id);

-- name: GetDocumentPiece :one
-- A part of a document's compressed bytes; empty after the last. Only documents of versions before need start and size.
SELECT coalesce(p.content, substr(d.content, @start, @size), '')::bytea AS content
FROM document d LEFT JOIN upload_piece p ON p.upload_id = d.upload_id AND p.number = @number
WHERE d.id = @id;
