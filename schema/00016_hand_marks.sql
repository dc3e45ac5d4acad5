-- +goose Up

SET LOCAL lock_timeout = '5s';

-- Statements that were entered by hand before version 2 of the rules get the total debt and the marks that an entry by hand
-- has since then: the short side alone is no total. Versions that a later entry replaced count, too.
UPDATE financial_statement s SET total_debt = d.total_debt, marks = m.marks
FROM financial_statement o
CROSS JOIN LATERAL (SELECT coalesce(o.short_term_debt, 0)::numeric + o.long_term_debt AS exact) AS e
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.exact BETWEEN -9223372036854775808 AND 9223372036854775807 THEN e.exact::bigint END AS total_debt
) AS d
CROSS JOIN LATERAL (SELECT d.total_debt IS NULL AND coalesce(o.short_term_debt > 0, false) AS short_alone) AS p
CROSS JOIN LATERAL (
    SELECT d.total_debt IS NULL AND o.total_assets IS NOT NULL AND (p.short_alone
        OR coalesce(o.interest_expense::numeric * CASE o.period WHEN 'quarterly' THEN 4 ELSE 1 END * 500 > o.total_assets, false)) AS unknown
) AS u
CROSS JOIN LATERAL (
    SELECT array_agg(mark ORDER BY mark COLLATE "C") FILTER (WHERE mark IS NOT NULL) AS marks
    FROM unnest(array_remove(array_remove(o.marks, 'debt_unknown'), 'partial_debt')
        || CASE WHEN u.unknown THEN 'debt_unknown' END || CASE WHEN p.short_alone THEN 'partial_debt' END) AS mark
) AS marked
CROSS JOIN LATERAL (SELECT coalesce(marked.marks, '{}') AS marks) AS m
WHERE o.id = s.id AND o.known_from = s.known_from AND o.source = 'manual' AND o.rules_version IS NULL
    AND (o.total_debt IS DISTINCT FROM d.total_debt OR o.marks <> m.marks);

-- +goose Down

-- What was wrong does not come back.
SELECT;
