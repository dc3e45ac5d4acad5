-- +goose Up

SET LOCAL lock_timeout = '5s';

-- Tells whoever listens, when the transaction is committed, that something of a topic changed: data, which public answers
-- are made of, or accounts, which say whom a token, a cookie or an API key stands for. A table of either has a trigger.
-- +goose StatementBegin
CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('changes', TG_ARGV[0]);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER annual_form_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON annual_form FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER api_key_changed AFTER INSERT OR DELETE OR UPDATE OF user_id, key_hash, can_write, expires_at OR TRUNCATE ON api_key FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');
CREATE TRIGGER company_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON company FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER company_cik_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON company_cik FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER company_facts_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON company_facts FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER dividend_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON dividend FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER exchange_rate_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON exchange_rate FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER filing_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON filing FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER financial_statement_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON financial_statement FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER former_facts_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON former_facts FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER found_split_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON found_split FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER listing_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON listing FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER price_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON price FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER restatement_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON restatement FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER session_changed AFTER DELETE OR UPDATE OF user_id OR TRUNCATE ON session FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');
CREATE TRIGGER share_count_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON share_count FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER split_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON split FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
CREATE TRIGGER user_account_changed AFTER DELETE OR UPDATE OF email, is_active, is_superuser, token_version, totp_confirmed_at OR TRUNCATE ON user_account FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');

-- +goose Down

DROP TRIGGER annual_form_changed ON annual_form;
DROP TRIGGER api_key_changed ON api_key;
DROP TRIGGER company_changed ON company;
DROP TRIGGER company_cik_changed ON company_cik;
DROP TRIGGER company_facts_changed ON company_facts;
DROP TRIGGER dividend_changed ON dividend;
DROP TRIGGER exchange_rate_changed ON exchange_rate;
DROP TRIGGER filing_changed ON filing;
DROP TRIGGER financial_statement_changed ON financial_statement;
DROP TRIGGER former_facts_changed ON former_facts;
DROP TRIGGER found_split_changed ON found_split;
DROP TRIGGER listing_changed ON listing;
DROP TRIGGER price_changed ON price;
DROP TRIGGER restatement_changed ON restatement;
DROP TRIGGER session_changed ON session;
DROP TRIGGER share_count_changed ON share_count;
DROP TRIGGER split_changed ON split;
DROP TRIGGER user_account_changed ON user_account;

DROP FUNCTION tell_of_change();
