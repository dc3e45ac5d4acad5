-- +goose Up

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- +goose StatementBegin
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- The check digit of an ISIN: letters become 10 to 35, then Luhn from the right.
-- +goose StatementBegin
CREATE FUNCTION is_isin(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT code ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$' AND (
        SELECT sum(CASE WHEN ord % 2 = 0 THEN d * 2 / 10 + d * 2 % 10 ELSE d END) % 10 = 0
        FROM (
            SELECT digit::int AS d, row_number() OVER (ORDER BY i DESC, j DESC) AS ord
            FROM string_to_table(code, NULL) WITH ORDINALITY AS c (ch, i),
                 string_to_table(CASE WHEN ch BETWEEN '0' AND '9' THEN ch ELSE (ascii(ch) - 55)::text END, NULL)
                     WITH ORDINALITY AS x (digit, j)
        ) AS digits)
$$;
-- +goose StatementEnd

-- ISO 4217: the currencies in use, without metals, funds and test codes.
-- +goose StatementBegin
CREATE FUNCTION is_currency(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT code IN (
        'AED', 'AFN', 'ALL', 'AMD', 'ANG', 'AOA', 'ARS', 'AUD', 'AWG', 'AZN', 'BAM', 'BBD', 'BDT', 'BGN', 'BHD', 'BIF',
        'BMD', 'BND', 'BOB', 'BRL', 'BSD', 'BTN', 'BWP', 'BYN', 'BZD', 'CAD', 'CDF', 'CHF', 'CLP', 'CNY', 'COP', 'CRC',
        'CUP', 'CVE', 'CZK', 'DJF', 'DKK', 'DOP', 'DZD', 'EGP', 'ERN', 'ETB', 'EUR', 'FJD', 'FKP', 'GBP', 'GEL', 'GHS',
        'GIP', 'GMD', 'GNF', 'GTQ', 'GYD', 'HKD', 'HNL', 'HRK', 'HTG', 'HUF', 'IDR', 'ILS', 'INR', 'IQD', 'IRR', 'ISK',
        'JMD', 'JOD', 'JPY', 'KES', 'KGS', 'KHR', 'KMF', 'KPW', 'KRW', 'KWD', 'KYD', 'KZT', 'LAK', 'LBP', 'LKR', 'LRD',
        'LSL', 'LYD', 'MAD', 'MDL', 'MGA', 'MKD', 'MMK', 'MNT', 'MOP', 'MRU', 'MUR', 'MVR', 'MWK', 'MXN', 'MYR', 'MZN',
        'NAD', 'NGN', 'NIO', 'NOK', 'NPR', 'NZD', 'OMR', 'PAB', 'PEN', 'PGK', 'PHP', 'PKR', 'PLN', 'PYG', 'QAR', 'RON',
        'RSD', 'RUB', 'RWF', 'SAR', 'SBD', 'SCR', 'SDG', 'SEK', 'SGD', 'SHP', 'SLE', 'SOS', 'SRD', 'SSP', 'STN', 'SVC',
        'SYP', 'SZL', 'THB', 'TJS', 'TMT', 'TND', 'TOP', 'TRY', 'TTD', 'TWD', 'TZS', 'UAH', 'UGX', 'USD', 'UYU', 'UZS',
        'VED', 'VES', 'VND', 'VUV', 'WST', 'XAF', 'XCD', 'XCG', 'XOF', 'XPF', 'YER', 'ZAR', 'ZMW', 'ZWG')
$$;
-- +goose StatementEnd

CREATE TABLE user_account (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    full_name     text CHECK (length(full_name) <= 200),
    password_hash text NOT NULL,
    is_active     boolean NOT NULL DEFAULT true,
    is_superuser  boolean NOT NULL DEFAULT false,
    -- Counts password changes and deactivations; an access token carries the count it was issued under.
    token_version integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX user_account_email_key ON user_account (lower(email));
CREATE TRIGGER user_account_updated_at BEFORE UPDATE ON user_account FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE password_reset (
    token_hash bytea PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX password_reset_user_id_idx ON password_reset (user_id);
CREATE INDEX password_reset_expires_at_idx ON password_reset (expires_at);

-- Attempts within a fixed window for one key, such as an address or an account. Shared by all servers.
CREATE TABLE rate_limit (
    key          text PRIMARY KEY,
    attempts     integer NOT NULL CHECK (attempts >= 0),
    window_start timestamptz NOT NULL
);
CREATE INDEX rate_limit_window_start_idx ON rate_limit (window_start);

CREATE TABLE company (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
    cik              bigint CONSTRAINT company_cik_key UNIQUE CHECK (cik BETWEEN 1 AND 9999999999),
    country          text CHECK (country ~ '^[A-Z]{2}$'),
    url              text CHECK (length(url) <= 2000),
    ipo_date         date,
    number_of_shares bigint CHECK (number_of_shares >= 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX company_name_id_idx ON company (name, id);
CREATE INDEX company_name_trgm_idx ON company USING gin (name gin_trgm_ops);
CREATE INDEX company_cik_text_idx ON company ((cik::text) text_pattern_ops);
CREATE TRIGGER company_updated_at BEFORE UPDATE ON company FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE listing (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id  bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    ticker      text NOT NULL CONSTRAINT listing_ticker_key UNIQUE CHECK (ticker ~ '^[A-Z0-9][A-Z0-9.-]{0,19}$'),
    exchange    text CHECK (length(exchange) BETWEEN 1 AND 50),
    isin        text CONSTRAINT listing_isin_key UNIQUE CONSTRAINT listing_isin_check CHECK (is_isin(isin)),
    share_class text CHECK (length(share_class) BETWEEN 1 AND 100),
    is_primary  boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX listing_primary_key ON listing (company_id) WHERE is_primary;
CREATE INDEX listing_company_id_idx ON listing (company_id);
CREATE INDEX listing_ticker_prefix_idx ON listing (ticker text_pattern_ops);
CREATE INDEX listing_isin_prefix_idx ON listing (isin text_pattern_ops);
CREATE INDEX listing_exchange_idx ON listing (lower(exchange));
CREATE TRIGGER listing_updated_at BEFORE UPDATE ON listing FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- One row per version. The versions of one statement share its id; a version holds from known_from until the day
-- before known_to, or still when known_to is null. An import adds versions and ends them, and replaces
-- one only where its file says something else about the same day.
CREATE TABLE financial_statement (
    id                             bigint NOT NULL,
    company_id                     bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from                     date NOT NULL,
    known_to                       date,
    end_date                       date NOT NULL,
    publish_date                   date NOT NULL,
    fiscal_year                    integer NOT NULL CHECK (fiscal_year BETWEEN 1900 AND 2200),
    fiscal_quarter                 integer CHECK (fiscal_quarter BETWEEN 1 AND 4),
    audited                        boolean NOT NULL,
    total_revenues                 bigint,
    cost_of_revenue                bigint,
    gross_profit                   bigint,
    operating_income               bigint,
    interest_expense               bigint,
    profit_before_tax              bigint,
    tax_expense                    bigint,
    net_income                     bigint,
    depreciation                   bigint,
    amortization                   bigint,
    depreciation_and_amortization  bigint,
    ebit                           bigint,
    ebitda                         bigint,
    operating_cash_flow            bigint,
    capital_expenditure            bigint,
    free_cash_flow                 bigint,
    dividends_paid                 bigint,
    total_assets                   bigint,
    current_assets                 bigint,
    non_current_assets             bigint,
    cash_and_equivalents           bigint,
    goodwill                       bigint,
    intangible_assets              bigint,
    total_liabilities              bigint,
    current_liabilities            bigint,
    long_term_liabilities          bigint,
    short_term_debt                bigint,
    long_term_debt                 bigint,
    total_debt                     bigint,
    total_equity                   bigint,
    noncontrolling_interest        bigint,
    temporary_equity               bigint,
    total_equities_and_liabilities bigint,
    shares_outstanding             bigint CHECK (shares_outstanding >= 0),
    per_share_basis_date           date,
    created_at                     timestamptz NOT NULL DEFAULT now(),
    updated_at                     timestamptz NOT NULL DEFAULT now(),
    earnings_per_share             numeric CHECK (earnings_per_share NOT IN ('NaN', 'Infinity', '-Infinity')),
    earnings_per_share_diluted     numeric CHECK (earnings_per_share_diluted NOT IN ('NaN', 'Infinity', '-Infinity')),
    period                         text NOT NULL CHECK (period IN ('annual', 'quarterly')),
    source                         text NOT NULL CHECK (source IN ('sec', 'manual')),
    currency                       text NOT NULL CONSTRAINT financial_statement_currency_check CHECK (is_currency(currency)),
    ebit_basis                     text CHECK (ebit_basis IN ('pretax_plus_interest', 'operating_income')),
    accession                      text CHECK (length(accession) <= 25),
    url                            text CHECK (length(url) <= 2000),
    PRIMARY KEY (id, known_from),
    CHECK ((period = 'annual') = (fiscal_quarter IS NULL)),
    CHECK (known_to > known_from),
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
CREATE TRIGGER financial_statement_updated_at BEFORE UPDATE ON financial_statement
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- The number of shares that was the newest known from a day on.
CREATE TABLE share_count (
    company_id bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    known_from date NOT NULL,
    basis_date date NOT NULL,
    end_date   date NOT NULL,
    shares     bigint NOT NULL CHECK (shares >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company_id, known_from)
);
CREATE TRIGGER share_count_updated_at BEFORE UPDATE ON share_count FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE dividend (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id       bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    source           text NOT NULL CHECK (source IN ('sec', 'manual')),
    fiscal_year      integer CHECK (fiscal_year BETWEEN 1900 AND 2200),
    fiscal_quarter   integer CHECK (fiscal_quarter BETWEEN 1 AND 4),
    period_end       date,
    amount_per_share numeric NOT NULL CHECK (amount_per_share > 0 AND amount_per_share < 'Infinity'),
    currency         text NOT NULL CONSTRAINT dividend_currency_check CHECK (is_currency(currency)),
    publish_date     date NOT NULL,
    derived          boolean NOT NULL,
    share_basis_date date NOT NULL,
    declaration_date date,
    ex_dividend_date date,
    record_date      date,
    payment_date     date,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (source = 'manual' OR (period_end IS NOT NULL AND fiscal_year IS NOT NULL AND fiscal_quarter IS NOT NULL))
);
CREATE UNIQUE INDEX dividend_sec_key ON dividend (company_id, period_end) WHERE source = 'sec';
CREATE INDEX dividend_company_idx ON dividend (company_id, publish_date, id);
CREATE INDEX dividend_published_idx ON dividend (publish_date, id);
CREATE INDEX dividend_year_idx ON dividend (fiscal_year, publish_date, id);
CREATE TRIGGER dividend_updated_at BEFORE UPDATE ON dividend FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE split (
    company_id     bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    effective_date date NOT NULL,
    ratio          numeric NOT NULL CHECK (ratio > 0 AND ratio < 'Infinity'),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT split_pkey PRIMARY KEY (company_id, effective_date)
);
CREATE TRIGGER split_updated_at BEFORE UPDATE ON split FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- As traded: not adjusted for later splits or dividends.
CREATE TABLE price (
    listing_id  bigint NOT NULL REFERENCES listing ON DELETE CASCADE,
    date        date NOT NULL,
    open        numeric CHECK (open >= 0 AND open < 'Infinity'),
    high        numeric CHECK (high >= 0 AND high < 'Infinity'),
    low         numeric CHECK (low >= 0 AND low < 'Infinity'),
    close       numeric NOT NULL CHECK (close >= 0 AND close < 'Infinity'),
    volume      bigint CHECK (volume >= 0),
    ex_dividend numeric NOT NULL DEFAULT 0 CHECK (ex_dividend >= 0 AND ex_dividend < 'Infinity'),
    split_ratio numeric NOT NULL DEFAULT 1 CHECK (split_ratio > 0 AND split_ratio < 'Infinity'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (listing_id, date)
);
CREATE INDEX price_date_idx ON price (date, listing_id);
CREATE TRIGGER price_updated_at BEFORE UPDATE ON price FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- A file as received, gzip-compressed. sha256 is that of the uncompressed bytes.
CREATE TABLE document (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256     bytea NOT NULL CHECK (length(sha256) = 32),
    size       bigint NOT NULL CHECK (size >= 0),
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE document ALTER COLUMN content SET STORAGE EXTERNAL;

-- The company-facts document that a company's statements come from; enough to compute them again.
CREATE TABLE company_facts (
    company_id   bigint PRIMARY KEY REFERENCES company ON DELETE CASCADE,
    document_id  bigint NOT NULL REFERENCES document ON DELETE RESTRICT,
    newest_filed date NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX company_facts_document_id_idx ON company_facts (document_id);
CREATE TRIGGER company_facts_updated_at BEFORE UPDATE ON company_facts FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What River forgets after a day: who imported what, and what came of it.
CREATE TABLE import (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('companies', 'sec_company_facts', 'prices', 'splits')),
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    ticker      text,
    exchange    text,
    document_id bigint REFERENCES document ON DELETE SET NULL,
    job_id      bigint,
    done        bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    total       bigint CHECK (total >= 0),
    written     bigint NOT NULL DEFAULT 0 CHECK (written >= 0),
    unchanged   bigint NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    skipped     bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    error       text,
    created_by  bigint REFERENCES user_account ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
);
CREATE INDEX import_document_id_idx ON import (document_id);
CREATE INDEX import_created_by_idx ON import (created_by);
CREATE TRIGGER import_updated_at BEFORE UPDATE ON import FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- +goose Down

DROP TABLE import, company_facts, document, price, split, dividend, share_count, financial_statement, listing, company,
    rate_limit, password_reset, user_account;
DROP FUNCTION is_currency, is_isin, set_updated_at;
DROP EXTENSION pg_trgm;
