-- +goose Up

SET LOCAL lock_timeout = '5s';

-- ISO 4217, without metals, funds, units of account and test codes.
CREATE TABLE currency (code text PRIMARY KEY);

INSERT INTO currency (code) SELECT regexp_split_to_table(
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY '
    'COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR '
    'ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK '
    'MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF '
    'SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU '
    'UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG', ' ');
-- Withdrawn since 2009, the first year of company facts.
INSERT INTO currency (code) SELECT regexp_split_to_table(
    'ANG BGN BYR CUC EEK HRK LTL LVL MRO SKK SLL STD TMM VEF ZMK ZWL ZWR', ' ');

-- The referencing columns have no index: that would serve the deletion of a currency alone, and none is deleted.
ALTER TABLE financial_statement
    DROP CONSTRAINT financial_statement_currency_check,
    ADD CONSTRAINT financial_statement_currency_fkey FOREIGN KEY (currency) REFERENCES currency;
ALTER TABLE dividend
    DROP CONSTRAINT dividend_currency_check,
    ADD CONSTRAINT dividend_currency_fkey FOREIGN KEY (currency) REFERENCES currency;
DROP FUNCTION is_currency;

-- +goose Down

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

ALTER TABLE financial_statement
    DROP CONSTRAINT financial_statement_currency_fkey,
    ADD CONSTRAINT financial_statement_currency_check CHECK (is_currency(currency)) NOT VALID;
ALTER TABLE dividend
    DROP CONSTRAINT dividend_currency_fkey,
    ADD CONSTRAINT dividend_currency_check CHECK (is_currency(currency)) NOT VALID;
DROP TABLE currency;
