-- +goose Up

SET LOCAL lock_timeout = '5s';

-- For lists of what was known on a day, and of what became known since one.
CREATE INDEX financial_statement_all_published_idx ON financial_statement (publish_date, id);
CREATE INDEX financial_statement_all_year_idx ON financial_statement (fiscal_year, publish_date, id);
CREATE INDEX financial_statement_known_from_idx ON financial_statement (known_from);

-- +goose Down

DROP INDEX financial_statement_known_from_idx;
DROP INDEX financial_statement_all_year_idx;
DROP INDEX financial_statement_all_published_idx;
