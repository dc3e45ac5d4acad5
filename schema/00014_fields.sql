-- +goose Up

SET LOCAL lock_timeout = '5s';

-- A ..._basis_date is the day on which a figure was filed: later splits are not in it.
ALTER TABLE financial_statement
    ADD COLUMN selling_general_administrative             bigint,
    ADD COLUMN research_and_development                   bigint,
    ADD COLUMN interest_income                            bigint,
    ADD COLUMN investing_cash_flow                        bigint,
    ADD COLUMN financing_cash_flow                        bigint,
    ADD COLUMN exchange_rate_effect                       bigint,
    ADD COLUMN net_change_in_cash                         bigint,
    ADD COLUMN share_repurchases                          bigint,
    ADD COLUMN stock_based_compensation                   bigint,
    ADD COLUMN acquisitions                               bigint,
    ADD COLUMN income_taxes_paid                          bigint,
    ADD COLUMN interest_paid                              bigint,
    ADD COLUMN earnings_per_share_basis_date              date,
    ADD COLUMN earnings_per_share_diluted_basis_date      date,
    ADD COLUMN weighted_average_shares                    bigint CHECK (weighted_average_shares > 0),
    ADD COLUMN weighted_average_shares_basis_date         date,
    ADD COLUMN weighted_average_shares_diluted            bigint CHECK (weighted_average_shares_diluted > 0),
    ADD COLUMN weighted_average_shares_diluted_basis_date date,
    ADD COLUMN dividends_per_share                        numeric CHECK (dividends_per_share NOT IN ('NaN', 'Infinity', '-Infinity')),
    ADD COLUMN dividends_per_share_basis_date             date,
    ADD COLUMN short_term_investments                     bigint,
    ADD COLUMN receivables                                bigint,
    ADD COLUMN inventory                                  bigint,
    ADD COLUMN long_term_investments                      bigint,
    ADD COLUMN property_plant_equipment                   bigint,
    ADD COLUMN accounts_payable                           bigint,
    ADD COLUMN deferred_revenue_current                   bigint,
    ADD COLUMN operating_lease_liability                  bigint,
    ADD COLUMN retained_earnings                          bigint,
    ADD COLUMN shares_outstanding_basis_date              date;
UPDATE financial_statement SET
    earnings_per_share_basis_date = CASE WHEN earnings_per_share IS NOT NULL THEN per_share_basis_date END,
    earnings_per_share_diluted_basis_date = CASE WHEN earnings_per_share_diluted IS NOT NULL THEN per_share_basis_date END,
    shares_outstanding_basis_date = CASE WHEN shares_outstanding IS NOT NULL THEN publish_date END
WHERE source = 'manual';

-- +goose Down

ALTER TABLE financial_statement
    DROP COLUMN selling_general_administrative, DROP COLUMN research_and_development, DROP COLUMN interest_income,
    DROP COLUMN investing_cash_flow, DROP COLUMN financing_cash_flow, DROP COLUMN exchange_rate_effect,
    DROP COLUMN net_change_in_cash, DROP COLUMN share_repurchases, DROP COLUMN stock_based_compensation,
    DROP COLUMN acquisitions, DROP COLUMN income_taxes_paid, DROP COLUMN interest_paid,
    DROP COLUMN earnings_per_share_basis_date, DROP COLUMN earnings_per_share_diluted_basis_date,
    DROP COLUMN weighted_average_shares, DROP COLUMN weighted_average_shares_basis_date,
    DROP COLUMN weighted_average_shares_diluted, DROP COLUMN weighted_average_shares_diluted_basis_date,
    DROP COLUMN dividends_per_share, DROP COLUMN dividends_per_share_basis_date, DROP COLUMN short_term_investments,
    DROP COLUMN receivables, DROP COLUMN inventory, DROP COLUMN long_term_investments,
    DROP COLUMN property_plant_equipment, DROP COLUMN accounts_payable, DROP COLUMN deferred_revenue_current,
    DROP COLUMN operating_lease_liability, DROP COLUMN retained_earnings, DROP COLUMN shares_outstanding_basis_date;
-- Documents are read again, by the rules of the program that is then in place.
UPDATE company_facts SET rules_version = 0;
