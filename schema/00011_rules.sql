-- +goose Up

ALTER TABLE financial_statement
    ADD COLUMN start_date          date,
    ADD COLUMN preferred_dividends bigint,
    ADD COLUMN preferred_stock     bigint,
    ADD COLUMN taxonomy            text CHECK (taxonomy IN ('us-gaap', 'ifrs-full')),
    ADD COLUMN shares_source       text CHECK (shares_source IN ('cover', 'balance_sheet', 'weighted_average')),
    ADD COLUMN marks               text[] NOT NULL DEFAULT '{}',
    -- The version of the rules by which it was made of the facts; null for one entered by hand.
    ADD COLUMN rules_version       integer,
    DROP CONSTRAINT financial_statement_period_check,
    ADD CONSTRAINT financial_statement_period_check CHECK (period IN ('annual', 'quarterly', 'partial')),
    DROP CONSTRAINT financial_statement_check,
    -- A quarter of a transition period has no number.
    ADD CONSTRAINT financial_statement_fiscal_quarter_check1 CHECK (period = 'quarterly' OR fiscal_quarter IS NULL);
UPDATE financial_statement SET rules_version = 1 WHERE source = 'sec';

-- The newest counts known from a day on: one on the covers of reports and one on balance sheets.
ALTER TABLE share_count
    ADD COLUMN source text NOT NULL DEFAULT 'cover' CHECK (source IN ('cover', 'balance_sheet')),
    DROP CONSTRAINT share_count_pkey,
    ADD PRIMARY KEY (company_id, source, known_from);
ALTER TABLE share_count ALTER COLUMN source DROP DEFAULT;

-- That of a year, or of a quarter without a number, has no quarter.
ALTER TABLE dividend
    DROP CONSTRAINT dividend_check,
    ADD CONSTRAINT dividend_check CHECK (source = 'manual' OR (period_end IS NOT NULL AND fiscal_year IS NOT NULL));

-- +goose Down

DELETE FROM financial_statement WHERE period = 'partial' OR period = 'quarterly' AND fiscal_quarter IS NULL;
DELETE FROM dividend WHERE source = 'sec' AND fiscal_quarter IS NULL;
ALTER TABLE dividend
    DROP CONSTRAINT dividend_check,
    ADD CONSTRAINT dividend_check
        CHECK (source = 'manual' OR (period_end IS NOT NULL AND fiscal_year IS NOT NULL AND fiscal_quarter IS NOT NULL));
DELETE FROM share_count s WHERE source = 'balance_sheet'
    AND EXISTS (SELECT FROM share_count c WHERE c.company_id = s.company_id AND c.known_from = s.known_from AND c.source = 'cover');
ALTER TABLE share_count DROP CONSTRAINT share_count_pkey, DROP COLUMN source, ADD PRIMARY KEY (company_id, known_from);
ALTER TABLE financial_statement
    DROP CONSTRAINT financial_statement_period_check,
    ADD CONSTRAINT financial_statement_period_check CHECK (period IN ('annual', 'quarterly')),
    DROP CONSTRAINT financial_statement_fiscal_quarter_check1,
    ADD CONSTRAINT financial_statement_check CHECK ((period = 'annual') = (fiscal_quarter IS NULL)),
    DROP COLUMN start_date, DROP COLUMN preferred_dividends, DROP COLUMN preferred_stock, DROP COLUMN taxonomy,
    DROP COLUMN shares_source, DROP COLUMN marks, DROP COLUMN rules_version;
-- Documents are read again, by the rules of the program that is then in place.
UPDATE company_facts SET rules_version = 0;
