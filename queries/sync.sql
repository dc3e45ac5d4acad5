-- name: CreateSync :one
INSERT INTO sync (scope, tickers, file_name, file_size, stage, created_by)
VALUES (@scope, @tickers, @file_name, @file_size, @stage, @created_by) RETURNING *;

-- name: SetSyncJob :one
UPDATE sync SET job_id = @job_id WHERE id = @id RETURNING *;

-- name: GetSync :one
SELECT * FROM sync WHERE id = @id;

-- name: LockSync :one
SELECT * FROM sync WHERE id = @id FOR UPDATE;

-- name: ListSyncs :many
SELECT * FROM sync WHERE id < @before_id ORDER BY id DESC LIMIT @page_size;

-- name: CountSyncCompanies :one
-- Of a run that has not ended.
SELECT n.total::integer AS total, n.updated::integer AS updated, n.unchanged::integer AS unchanged, n.failed::integer AS failed
FROM sync_counts(@sync_id) AS n;

-- name: ListSyncFailures :many
SELECT name, cik, coalesce(message, '')::text AS message FROM sync_company
WHERE sync_id = @sync_id AND state = 'failed' ORDER BY name LIMIT @page_size;

-- name: GetUnfinishedSync :one
-- One of all companies, if there is any.
SELECT * FROM sync WHERE scope = 'all' AND finished_at IS NULL;

-- name: GetUnfinishedBulkFile :one
-- The newest run over the same file, which goes on where it was.
SELECT * FROM sync WHERE scope = 'bulk_file' AND file_name = @file_name AND file_size = @file_size AND finished_at IS NULL
ORDER BY id DESC LIMIT 1;

-- name: GetLastSync :one
-- The newest run of all companies that has succeeded.
SELECT * FROM sync WHERE scope = 'all' AND state = 'succeeded' ORDER BY id DESC LIMIT 1;

-- name: NoteSync :exec
-- Notes how far a run is.
UPDATE sync SET position = @position, received = @received, size = @size WHERE id = @id AND finished_at IS NULL;

-- name: TurnSync :exec
-- Begins the next step of a run.
UPDATE sync SET stage = @stage, position = @position, source = @source, through_day = @through_day, listed = @listed,
    warnings = @warnings, received = 0, size = NULL, job_id = coalesce(sqlc.narg(job_id), job_id)
WHERE id = @id;

-- name: StartBulkFile :exec
UPDATE sync SET state = 'running', started_at = coalesce(started_at, now()), source = 'bulk' WHERE id = @id AND state = 'queued';

-- name: EndSync :exec
-- Ends a run that is complete.
SELECT end_sync(@id::bigint);

-- name: FailSync :exec
UPDATE sync SET error = @error WHERE id = @id AND finished_at IS NULL;

-- name: CancelSync :execrows
UPDATE sync s SET state = 'cancelled', finished_at = now(), total = n.total, updated = n.updated, unchanged = n.unchanged, failed = n.failed
FROM sync_counts(@id::bigint) AS n WHERE s.id = @id AND s.finished_at IS NULL;

-- name: WantCompanies :execrows
-- Adds companies to be asked for.
INSERT INTO sync_company (sync_id, name, cik, state)
SELECT @sync_id, unnest(@names::text[]), unnest(@ciks::bigint[]), 'wanted' ON CONFLICT DO NOTHING;

-- name: AddSyncCompanies :copyfrom
INSERT INTO sync_company (sync_id, name, cik, state, message, document_id, job_id)
VALUES (@sync_id, @name, @cik, @state, @message, @document_id, @job_id);

-- name: ListWantedCompanies :many
SELECT name, cik FROM sync_company WHERE sync_id = @sync_id AND state = 'wanted' ORDER BY name LIMIT @page_size;

-- name: SetSyncCompany :exec
UPDATE sync_company SET state = @state, message = @message, document_id = @document_id, job_id = @job_id
WHERE sync_id = @sync_id AND name = @name;

-- name: GetSyncCompanyOfJob :one
SELECT sqlc.embed(c), s.state AS sync_state FROM sync_company c JOIN sync s ON s.id = c.sync_id WHERE c.job_id = @job_id::bigint;

-- name: EndSyncCompany :exec
UPDATE sync_company SET state = @state, message = @message WHERE job_id = @job_id::bigint;

-- name: SetSyncCompanyError :exec
-- Says why its job is about to be discarded.
UPDATE sync_company SET message = @message WHERE job_id = @job_id::bigint AND state = 'queued';

-- name: ListUnchangedFacts :many
-- Those of the documents, by the hashes of their bytes, that were read for their CIKs by these rules, with nothing changed by
-- hand since.
SELECT t.cik::bigint AS cik, d.sha256
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@sha256s::bytea[]) AS sha256) AS t
JOIN document d ON d.sha256 = t.sha256
JOIN company_cik k ON k.cik = t.cik
JOIN company_facts f ON f.company_id = k.company_id AND f.rules_version = @rules_version AND NOT f.edited
WHERE f.document_id = d.id AND f.cik = t.cik
   OR EXISTS (SELECT FROM former_facts o WHERE o.company_id = k.company_id AND o.cik = t.cik AND o.document_id = d.id);

-- name: HasFacts :one
SELECT EXISTS (SELECT FROM company_facts);

-- name: TakePace :one
-- Books the next moment for a request to EDGAR, and returns how many seconds there are until then. A clock that was set
-- back has none wait longer than ten seconds.
UPDATE edgar_pace SET next_at = greatest(least(next_at, clock_timestamp() + interval '10 seconds'), clock_timestamp())
    + make_interval(secs => @pause::float8)
RETURNING greatest(extract(epoch FROM next_at - clock_timestamp()) - @pause, 0)::float8 AS seconds;

-- name: ListEdgarFiles :many
SELECT * FROM edgar_file WHERE path = ANY(@paths::text[]);

-- name: SetEdgarFile :exec
INSERT INTO edgar_file (path, etag, last_modified) VALUES (@path, @etag, @last_modified)
ON CONFLICT (path) DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, read_at = now();

-- name: EnsureFilers :exec
-- Adds companies that no other has the CIKs of. Their names are those of their facts.
INSERT INTO company (name, name_from_facts, cik)
SELECT t.name, true, t.cik FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@names::text[]) AS name) AS t
WHERE NOT EXISTS (SELECT FROM company_cik k WHERE k.cik = t.cik)
ORDER BY t.cik
ON CONFLICT DO NOTHING;

-- name: DescribeFiler :execrows
-- Sets what EDGAR says of a company. Country and address by hand stay, and the name of a list.
UPDATE company SET registrant_name = @registrant_name, name = CASE WHEN name_from_facts THEN @registrant_name ELSE name END,
    sic = @sic, sic_description = @sic_description, fiscal_year_end = @fiscal_year_end, state = @state,
    country = coalesce(country, @country), url = coalesce(url, @url), former_names = @former_names
WHERE id = @id AND (registrant_name, name, sic, sic_description, fiscal_year_end, state, country, url, former_names) IS DISTINCT FROM
    (@registrant_name, CASE WHEN name_from_facts THEN @registrant_name ELSE name END, @sic, @sic_description, @fiscal_year_end, @state,
     coalesce(country, @country), coalesce(url, @url), @former_names);

-- name: SetLastDay :exec
-- A report that was filed later takes away the last day of a company.
UPDATE company SET last_day = CASE WHEN sqlc.narg(ended)::date IS NOT NULL THEN sqlc.narg(ended)
    WHEN last_day < @reported::date THEN NULL ELSE last_day END
WHERE id = @id AND last_day IS DISTINCT FROM CASE WHEN sqlc.narg(ended)::date IS NOT NULL THEN sqlc.narg(ended)
    WHEN last_day < @reported THEN NULL ELSE last_day END;

-- name: AddFilings :exec
INSERT INTO filing (company_id, accession, accepted_at)
SELECT @company_id, unnest(@accessions::text[]), unnest(@accepted_at::timestamptz[])
ON CONFLICT (company_id, accession) DO UPDATE SET accepted_at = excluded.accepted_at WHERE filing.accepted_at <> excluded.accepted_at;

-- name: ListFilings :many
SELECT accession, accepted_at FROM filing WHERE company_id = @company_id;

-- name: SetAcceptance :exec
-- Takes over to statements when their filings were accepted.
UPDATE financial_statement s SET accepted_at = f.accepted_at FROM filing f
WHERE s.company_id = @company_id AND f.company_id = s.company_id AND f.accession = s.set_by ->> 'accession'
  AND s.accepted_at IS DISTINCT FROM f.accepted_at;

-- name: EndSilentCompanies :execrows
-- Companies that have reported nothing since a day ended with their last report.
UPDATE company c SET last_day = d.last_day
FROM (SELECT k.company_id, max(k.last_day) AS last_day FROM company_cik k GROUP BY k.company_id) AS d
WHERE d.company_id = c.id AND c.id IN (
    SELECT o.id FROM company o
    WHERE o.last_day IS NULL AND (SELECT max(k.last_day) FROM company_cik k WHERE k.company_id = o.id) < @since::date
    ORDER BY o.id FOR UPDATE SKIP LOCKED); -- one that is being written reports

-- name: LockForListings :exec
-- The companies that a list of companies is about, and those that it may end the listings of.
SELECT FROM company WHERE id IN (
    SELECT company_id FROM company_cik WHERE cik = ANY(@ciks::bigint[])
    UNION ALL
    SELECT l.company_id FROM unnest(@tickers::text[]) AS t (ticker) JOIN listing l ON ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker
    UNION ALL
    SELECT l.company_id FROM listing l JOIN company c ON c.id = l.company_id WHERE c.cik IS NOT NULL AND l.last_day IS NULL
) ORDER BY id FOR UPDATE;

-- name: EndUnlistedListings :many
-- Ends the listings of filers that a complete list of the day has no more. Those of companies without a CIK, which
-- no such list has, go on, as do those on exchanges that it does not know.
UPDATE listing l SET last_day = greatest(@last_day::date, l.first_day)
FROM company c
WHERE c.id = l.company_id AND c.cik IS NOT NULL AND l.last_day IS NULL
  AND NOT EXISTS (SELECT FROM unnest(@tickers::text[]) AS t (ticker) WHERE ticker_key(t.ticker) = ticker_key(l.ticker))
RETURNING l.ticker;

-- name: EndMovedListings :many
-- Ends the listings whose tickers a complete list of the day has with the CIK of another company.
UPDATE listing l SET last_day = greatest(@last_day::date, l.first_day)
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@tickers::text[]) AS ticker) AS t
LEFT JOIN company_cik k ON k.cik = t.cik
WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker AND l.company_id IS DISTINCT FROM k.company_id AND l.last_day IS NULL
RETURNING l.ticker, t.cik::bigint AS cik, l.company_id;

-- name: ReopenListings :exec
-- Listings that a complete list has again go on.
UPDATE listing l SET last_day = NULL
FROM (SELECT unnest(@ciks::bigint[]) AS cik, unnest(@tickers::text[]) AS ticker) AS t JOIN company_cik k ON k.cik = t.cik
WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.company_id = k.company_id AND l.holds_ticker AND l.last_day IS NOT NULL;

-- name: PruneSyncs :execrows
-- Keeps the newest that succeeded, which says where the next one begins. A run over a file that nobody goes on with for a
-- day has ended.
WITH left_alone AS (
    UPDATE sync s SET state = 'failed', error = 'it was left alone', finished_at = now()
    WHERE s.scope = 'bulk_file' AND s.finished_at IS NULL AND NOT s.listed AND s.updated_at < now() - interval '1 day'
)
DELETE FROM sync WHERE finished_at < now() - interval '90 days'
    AND id NOT IN (SELECT id FROM sync WHERE scope = 'all' AND state = 'succeeded' ORDER BY id DESC LIMIT 1);

-- name: SyncStatus :one
-- Companies with facts, the day of the newest of their filings, and the newest day that was synced; year 1 for none.
SELECT (SELECT count(*) FROM company_facts) AS companies,
    coalesce((SELECT max(newest_filed) FROM company_facts), '0001-01-01')::date AS newest_filed,
    coalesce((SELECT max(through_day) FROM sync WHERE scope = 'all' AND state = 'succeeded'), '0001-01-01')::date AS through_day;

-- name: HasOpenCompanies :one
SELECT EXISTS (SELECT FROM sync_company WHERE sync_id = @sync_id AND state IN ('wanted', 'queued'));

-- name: CountUnlisted :one
-- How many listings of filers go on, and how many of these a list does not have.
SELECT count(*) AS listings, count(*) FILTER (WHERE t.key IS NULL) AS unlisted
FROM listing l JOIN company c ON c.id = l.company_id
LEFT JOIN (SELECT DISTINCT ticker_key(u.ticker) AS key FROM unnest(@tickers::text[]) AS u (ticker)) AS t ON t.key = ticker_key(l.ticker)
WHERE c.cik IS NOT NULL AND l.last_day IS NULL;

-- name: BeginListings :exec
UPDATE listing l SET first_day = @first_day::date FROM unnest(@tickers::text[]) AS t (ticker)
WHERE ticker_key(l.ticker) = ticker_key(t.ticker) AND l.holds_ticker AND l.first_day IS NULL AND l.last_day IS NULL;

-- name: ListDescribableCIKs :many
-- The CIKs of the companies that are here or about to be.
SELECT cik::bigint AS cik FROM company_cik
UNION SELECT c.cik FROM sync_company c WHERE c.sync_id = @sync_id AND c.state <> 'failed' AND c.cik IS NOT NULL;
