-- name: GetCompanyFacts :one
SELECT * FROM company_facts WHERE company_id = @company_id;

-- name: ListDocuments :many
-- The documents that a company's figures come from.
SELECT coalesce(f.cik, c.cik, 0)::bigint AS cik, f.document_id, f.newest_filed
FROM company_facts f JOIN company c ON c.id = f.company_id WHERE f.company_id = @company_id
UNION ALL
SELECT cik, document_id, newest_filed FROM former_facts WHERE company_id = @company_id;

-- name: GetFactsOfDocument :one
-- The company whose figures come from the document by these rules, with nothing changed by hand since.
SELECT f.* FROM company_facts f
WHERE f.rules_version = @rules_version AND NOT f.edited AND EXISTS (
    SELECT FROM company_cik k LEFT JOIN former_facts o USING (company_id, cik)
    WHERE k.company_id = f.company_id AND (k.cik = f.cik AND f.document_id = @document_id OR o.document_id = @document_id))
LIMIT 1;

-- name: SetCompanyFacts :exec
INSERT INTO company_facts (company_id, cik, document_id, newest_filed, rules_version, report)
VALUES (@company_id, @cik, @document_id, @newest_filed, @rules_version, @report)
ON CONFLICT (company_id) DO UPDATE SET cik = excluded.cik, document_id = excluded.document_id, newest_filed = excluded.newest_filed,
    rules_version = excluded.rules_version, report = excluded.report, edited = false, attempts = 0, error = NULL, read_at = now();

-- name: NoteFactsRead :exec
-- Says that the documents of companies are those that were read before.
UPDATE company_facts SET read_at = now() WHERE company_id = ANY(@company_ids::bigint[]);

-- name: SetCIKDays :exec
UPDATE company_cik SET first_day = @first_day, last_day = @last_day
WHERE cik = @cik AND (first_day, last_day) IS DISTINCT FROM (@first_day, @last_day);

-- name: DeleteFormerFacts :exec
DELETE FROM former_facts WHERE company_id = @company_id AND cik <> ALL(@keep::bigint[]);

-- name: SetFormerFacts :exec
INSERT INTO former_facts (company_id, cik, document_id, newest_filed)
VALUES (@company_id, @cik, @document_id, @newest_filed)
ON CONFLICT (company_id, cik) DO UPDATE SET document_id = excluded.document_id, newest_filed = excluded.newest_filed;

-- name: MarkFactsEdited :exec
-- Has the documents read again by the next import, because what came from them was changed by hand.
UPDATE company_facts SET edited = true WHERE company_id = @company_id;

-- name: ForgetRules :execrows
-- Has the documents read again by the next import or recomputation, because they are others now.
UPDATE company_facts SET rules_version = 0 WHERE company_id = @company_id;

-- name: ListOutdatedFacts :many
-- The next companies whose figures were made by an earlier version of the rules. One that was tried before is tried once
-- more at once, then after a pause, and not too often.
SELECT company_id FROM company_facts
WHERE rules_version < @version AND company_id <> ALL(@but::bigint[]) AND (attempted_version <> @version
    OR attempts < 2 OR attempts < @max_attempts AND attempted_at < now() - make_interval(secs => @pause::float8))
ORDER BY company_id
LIMIT 100;

-- name: AttemptFacts :exec
UPDATE company_facts SET attempted_version = @version, attempted_at = now(), error = NULL,
    attempts = CASE WHEN attempted_version = @version THEN attempts ELSE 0 END + 1
WHERE company_id = @company_id AND rules_version < @version;

-- name: ForgetAttempt :exec
-- Of an attempt that was cut off.
UPDATE company_facts SET attempts = attempts - 1
WHERE company_id = @company_id AND rules_version < @version AND attempts > 0;

-- name: SetFactsError :exec
UPDATE company_facts SET error = @error WHERE company_id = @company_id AND rules_version < @version;

-- name: CountFacts :one
SELECT count(*) AS companies,
    count(*) FILTER (WHERE rules_version >= @version) AS recomputed,
    count(*) FILTER (WHERE rules_version < @version AND attempted_version = @version AND attempts >= @max_attempts) AS failed
FROM company_facts;

-- name: ListUnreadFacts :many
-- What came in the way of recomputing companies by this version.
SELECT c.name, company_symbol(c.id)::text AS ticker, f.attempts, coalesce(f.error, 'its worker died')::text AS error
FROM company_facts f JOIN company c ON c.id = f.company_id
WHERE f.rules_version < @version AND f.attempted_version = @version AND (f.error IS NOT NULL OR f.attempts >= @max_attempts)
ORDER BY c.name, c.id
LIMIT 100;
