-- One row per version. The versions of one statement share its id; a version holds from known_from until the day
-- before known_to, or still when known_to is null. An import adds versions and ends them, and replaces
-- one only where its file says something else about the same day.
-- A ..._basis_date is the day on which a figure was filed: later splits are not in it.
CREATE TABLE financial_statement (
    id                                         bigint NOT NULL,
    company_id                                 bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from                                 date NOT NULL,
    known_to                                   date,
    end_date                                   date NOT NULL,
    publish_date                               date NOT NULL,
    fiscal_year                                integer NOT NULL CHECK (fiscal_year BETWEEN 1900 AND 2200),
    fiscal_quarter                             integer CHECK (fiscal_quarter BETWEEN 1 AND 4),
    audited                                    boolean NOT NULL,
    total_revenues                             bigint,
    cost_of_revenue                            bigint,
    gross_profit                               bigint,
    operating_income                           bigint,
    interest_expense                           bigint,
    profit_before_tax                          bigint,
    tax_expense                                bigint,
    net_income                                 bigint,
    depreciation                               bigint,
    amortization                               bigint,
    depreciation_and_amortization              bigint,
    ebit                                       bigint,
    ebitda                                     bigint,
    operating_cash_flow                        bigint,
    capital_expenditure                        bigint,
    free_cash_flow                             bigint,
    dividends_paid                             bigint,
    total_assets                               bigint,
    current_assets                             bigint,
    non_current_assets                         bigint,
    cash_and_equivalents                       bigint,
    goodwill                                   bigint,
    intangible_assets                          bigint,
    total_liabilities                          bigint,
    current_liabilities                        bigint,
    long_term_liabilities                      bigint,
    short_term_debt                            bigint,
    long_term_debt                             bigint,
    total_debt                                 bigint,
    total_equity                               bigint,
    noncontrolling_interest                    bigint,
    temporary_equity                           bigint,
    total_equities_and_liabilities             bigint,
    shares_outstanding                         bigint CHECK (shares_outstanding >= 0),
    per_share_basis_date                       date,
    created_at                                 timestamptz NOT NULL DEFAULT now(),
    updated_at                                 timestamptz NOT NULL DEFAULT now(),
    earnings_per_share                         numeric CHECK (earnings_per_share NOT IN ('NaN', 'Infinity', '-Infinity')),
    earnings_per_share_diluted                 numeric CHECK (earnings_per_share_diluted NOT IN ('NaN', 'Infinity', '-Infinity')),
    period                                     text NOT NULL CHECK (period IN ('annual', 'quarterly', 'partial')),
    source                                     text NOT NULL CHECK (source IN ('sec', 'manual')),
    currency                                   text NOT NULL CONSTRAINT financial_statement_currency_fkey REFERENCES currency,
    ebit_basis                                 text CHECK (ebit_basis IN ('pretax_plus_interest', 'operating_income')),
    accession                                  text CHECK (length(accession) <= 25),
    url                                        text CHECK (length(url) <= 2000),
    start_date                                 date,
    preferred_dividends                        bigint,
    preferred_stock                            bigint,
    taxonomy                                   text CHECK (taxonomy IN ('us-gaap', 'ifrs-full')),
    shares_source                              text CHECK (shares_source IN ('cover', 'balance_sheet', 'weighted_average')),
    marks                                      text[] NOT NULL DEFAULT '{}',
    -- The version of the rules by which it was made of the facts; null for one entered by hand.
    rules_version                              integer,
    selling_general_administrative             bigint,
    research_and_development                   bigint,
    interest_income                            bigint,
    investing_cash_flow                        bigint,
    financing_cash_flow                        bigint,
    exchange_rate_effect                       bigint,
    net_change_in_cash                         bigint,
    share_repurchases                          bigint,
    stock_based_compensation                   bigint,
    acquisitions                               bigint,
    income_taxes_paid                          bigint,
    interest_paid                              bigint,
    earnings_per_share_basis_date              date,
    earnings_per_share_diluted_basis_date      date,
    weighted_average_shares                    bigint CHECK (weighted_average_shares > 0),
    weighted_average_shares_basis_date         date,
    weighted_average_shares_diluted            bigint CHECK (weighted_average_shares_diluted > 0),
    weighted_average_shares_diluted_basis_date date,
    dividends_per_share                        numeric CHECK (dividends_per_share NOT IN ('NaN', 'Infinity', '-Infinity')),
    dividends_per_share_basis_date             date,
    short_term_investments                     bigint,
    receivables                                bigint,
    inventory                                  bigint,
    long_term_investments                      bigint,
    property_plant_equipment                   bigint,
    accounts_payable                           bigint,
    deferred_revenue_current                   bigint,
    operating_lease_liability                  bigint,
    retained_earnings                          bigint,
    shares_outstanding_basis_date              date,
    -- The filing that made this version: accession, form, filed, url. Null for one entered by hand.
    set_by                                     jsonb,
    -- Whether figures of the period had changed after its first report, splits apart.
    restated                                   boolean NOT NULL DEFAULT false,
    accepted_at                                timestamptz, -- the filing that made this version
    PRIMARY KEY (id, known_from),
    -- A quarter of a transition period has no number.
    CONSTRAINT financial_statement_fiscal_quarter_check1 CHECK (period = 'quarterly' OR fiscal_quarter IS NULL),
    CONSTRAINT financial_statement_check1 CHECK (known_to > known_from),
    CONSTRAINT financial_statement_version_key UNIQUE (company_id, period, end_date, known_from)
);
CREATE SEQUENCE financial_statement_id_seq OWNED BY financial_statement.id;
-- What is known today: one company's statements, newest first, and at most one version of each.
CREATE UNIQUE INDEX financial_statement_current_key ON financial_statement (company_id, period, end_date)
    WHERE known_to IS NULL;
CREATE INDEX financial_statement_published_idx ON financial_statement (publish_date, id) WHERE known_to IS NULL;
CREATE INDEX financial_statement_year_idx ON financial_statement (fiscal_year, publish_date, id)
    WHERE known_to IS NULL;
CREATE INDEX financial_statement_period_idx ON financial_statement (period, publish_date, id) WHERE known_to IS NULL;
-- For lists of what was known on a day, and of what became known since one.
CREATE INDEX financial_statement_all_published_idx ON financial_statement (publish_date, id);
CREATE INDEX financial_statement_all_year_idx ON financial_statement (fiscal_year, publish_date, id);
CREATE INDEX financial_statement_known_from_idx ON financial_statement (known_from);
CREATE TRIGGER financial_statement_updated_at BEFORE UPDATE ON financial_statement
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER financial_statement_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON financial_statement
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');

CREATE FUNCTION newest_statement(company_id bigint, OUT period text, OUT end_date date, OUT size numeric)
LANGUAGE sql STABLE AS $$
    SELECT n.period, n.end_date, y.size
    FROM (SELECT 1) AS one
    LEFT JOIN (
        SELECT s.period, s.end_date FROM financial_statement s
        WHERE s.company_id = $1 AND s.known_to IS NULL ORDER BY s.end_date DESC, s.period LIMIT 1
    ) AS n ON true
    LEFT JOIN (
        SELECT in_dollars(s.total_assets, s.currency, s.end_date) AS size FROM financial_statement s
        WHERE s.company_id = $1 AND s.known_to IS NULL AND s.period = 'annual' AND s.total_assets IS NOT NULL
        ORDER BY s.end_date DESC LIMIT 1
    ) AS y ON true
$$;

CREATE FUNCTION follow_statements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE company c SET newest_period = n.period, newest_end_date = n.end_date, size = n.size
    FROM (SELECT DISTINCT company_id FROM changed) AS w, newest_statement(w.company_id) AS n
    WHERE c.id = w.company_id
      AND (c.newest_period, c.newest_end_date, c.size) IS DISTINCT FROM (n.period, n.end_date, n.size);
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_new_statements AFTER INSERT ON financial_statement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
CREATE TRIGGER follow_changed_statements AFTER UPDATE ON financial_statement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
CREATE TRIGGER follow_deleted_statements AFTER DELETE ON financial_statement
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_statements();
