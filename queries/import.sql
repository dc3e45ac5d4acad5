-- name: CreateDocument :one
INSERT INTO document (sha256, size, content) VALUES (@sha256, @size, @content) RETURNING id;

-- name: GetDocument :one
SELECT * FROM document WHERE id = @id;

-- name: CreateImport :one
INSERT INTO import (kind, ticker, exchange, document_id, total, created_by)
VALUES (@kind, @ticker, @exchange, @document_id, @total, @created_by)
RETURNING *;

-- name: SetImportJob :one
UPDATE import SET job_id = @job_id WHERE id = @id RETURNING *;

-- name: GetImport :one
SELECT * FROM import WHERE id = @id;

-- name: LockImport :one
SELECT * FROM import WHERE id = @id FOR UPDATE;

-- name: ListImports :many
SELECT * FROM import WHERE id < @before_id ORDER BY id DESC LIMIT @page_size;

-- name: StartImport :one
UPDATE import SET state = 'running', started_at = coalesce(started_at, @now), done = 0
WHERE id = @id AND state IN ('queued', 'running')
RETURNING *;

-- name: SetImportProgress :exec
UPDATE import SET done = @done WHERE id = @id AND state = 'running';

-- name: FinishImport :execrows
UPDATE import
SET state = @state, error = @error, done = coalesce(sqlc.narg(done), done), written = @written, unchanged = @unchanged, skipped = @skipped,
    finished_at = @now
WHERE id = @id AND state IN ('queued', 'running');

-- name: GetCompanyFacts :one
SELECT * FROM company_facts WHERE company_id = @company_id;

-- name: GetCompanyFactsContent :one
SELECT d.content FROM company_facts f JOIN document d ON d.id = f.document_id WHERE f.company_id = @company_id;

-- name: SetCompanyFacts :exec
INSERT INTO company_facts (company_id, document_id, newest_filed) VALUES (@company_id, @document_id, @newest_filed)
ON CONFLICT (company_id) DO UPDATE SET document_id = excluded.document_id, newest_filed = excluded.newest_filed;

-- name: PruneDocuments :execrows
-- Deletes the documents that neither a company's statements nor an import that has not ended need.
DELETE FROM document d
WHERE NOT EXISTS (SELECT FROM company_facts f WHERE f.document_id = d.id)
  AND NOT EXISTS (SELECT FROM import i WHERE i.document_id = d.id AND i.state IN ('queued', 'running'));

-- name: TryImportLock :one
-- Held by the session that works on an import, so that a dead worker's import is free at once.
SELECT pg_try_advisory_lock(@space::integer, @import_id::integer);

-- name: ReleaseImportLock :exec
SELECT pg_advisory_unlock(@space::integer, @import_id::integer);

-- name: HasEarlierImports :one
-- Of those that bring companies, and do not take unusually long.
SELECT EXISTS (SELECT FROM import WHERE id < @id AND state IN ('queued', 'running')
    AND kind IN ('companies', 'sec_company_facts') AND created_at > now() - interval '5 minutes');
