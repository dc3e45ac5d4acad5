-- name: CreateDocument :one
-- Returns the document with the same bytes when there is one; the lock on it keeps it from being pruned.
INSERT INTO document (sha256, size, upload_id) VALUES (@sha256, @size, @upload_id)
ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256
RETURNING id;

-- name: LockUnneededDocuments :many
SELECT d.id FROM document d
WHERE NOT EXISTS (SELECT FROM company_facts f WHERE f.document_id = d.id)
  AND NOT EXISTS (SELECT FROM former_facts f WHERE f.document_id = d.id)
  AND NOT EXISTS (SELECT FROM sync_company c WHERE c.document_id = d.id AND c.state = 'queued')
  AND NOT EXISTS (SELECT FROM import i WHERE i.document_id = d.id AND (i.finished_at IS NULL
      OR i.state IN ('failed', 'cancelled') AND i.finished_at > now() - interval '7 days')) -- River may retry their jobs
FOR UPDATE SKIP LOCKED;

-- name: DeleteUnneededDocuments :execrows
-- Looks again, as something may have come to need a document before it was locked.
DELETE FROM document d
WHERE d.id = ANY(@ids::bigint[])
  AND NOT EXISTS (SELECT FROM company_facts f WHERE f.document_id = d.id)
  AND NOT EXISTS (SELECT FROM former_facts f WHERE f.document_id = d.id)
  AND NOT EXISTS (SELECT FROM sync_company c WHERE c.document_id = d.id AND c.state = 'queued')
  AND NOT EXISTS (SELECT FROM import i WHERE i.document_id = d.id AND i.finished_at IS NULL);

-- name: CreateImport :one
INSERT INTO import (kind, ticker, exchange, other_cik, adjusted, adjusted_as_of, file_name, document_id, total, created_by)
VALUES (@kind, @ticker, @exchange, @other_cik, @adjusted, @adjusted_as_of, @file_name, @document_id, @total, @created_by)
RETURNING *;

-- name: SetImportJob :one
UPDATE import SET job_id = @job_id WHERE id = @id RETURNING *;

-- name: GetImport :one
SELECT * FROM import WHERE id = @id;

-- name: ListImports :many
SELECT * FROM import WHERE id < @before_id ORDER BY id DESC LIMIT @page_size;

-- name: SetImportProgress :exec
UPDATE import SET done = @done WHERE id = @id AND finished_at IS NULL;

-- name: SetImportError :exec
-- Says why its job is about to be discarded.
UPDATE import SET error = @error WHERE id = @id AND finished_at IS NULL;

-- name: FinishImport :execrows
-- Says what came of an import whose job was completed in this transaction.
UPDATE import SET state = @state, done = total, written = @written, unchanged = @unchanged, skipped = @skipped,
    report = @report, warning = @warning, adjusted_as_of = coalesce(@adjusted_as_of, adjusted_as_of)
WHERE id = @id AND state = 'succeeded';

-- name: CancelRunningImport :exec
UPDATE import SET state = 'cancelled', finished_at = now() WHERE id = @id AND finished_at IS NULL;

-- name: LockImportOrder :exec
SELECT pg_advisory_xact_lock('import'::regclass::oid::bigint);

-- name: CompaniesAreComing :one
-- Whether an import that has not ended may bring companies.
SELECT EXISTS (SELECT FROM import
    WHERE finished_at IS NULL AND (kind = 'companies' OR kind = 'sec_company_facts' AND ticker IS NOT NULL));

-- name: WakeImports :exec
SELECT wake_imports();

-- name: PruneImports :execrows
DELETE FROM import WHERE finished_at < now() - interval '90 days';

-- name: HasData :one
SELECT (EXISTS (SELECT FROM company) OR EXISTS (SELECT FROM import))::boolean AS has_data;
