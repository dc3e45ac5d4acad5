-- +goose Up

SET LOCAL lock_timeout = '5s';

-- What was answered to a request whose sender may send it again, written by the transaction that carried it out.
CREATE TABLE idempotency_key (
    user_id    bigint NOT NULL,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request    bytea NOT NULL, -- the hash of what was asked for
    answer     jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);

-- A dividend is entered by hand once. Those that were entered more often stay, as only people know whether a company
-- paid twice: all but the first are marked, and are not held to the rule until they are changed.
ALTER TABLE dividend ADD COLUMN doubled boolean NOT NULL DEFAULT false;
UPDATE dividend d SET doubled = true
WHERE source = 'manual' AND EXISTS (SELECT FROM dividend o
    WHERE o.source = 'manual' AND o.id < d.id
      AND (o.company_id, o.amount_per_share, o.currency, o.publish_date) = (d.company_id, d.amount_per_share, d.currency, d.publish_date)
      AND (o.period_end, o.ex_dividend_date) IS NOT DISTINCT FROM (d.period_end, d.ex_dividend_date));
CREATE UNIQUE INDEX dividend_manual_key
    ON dividend (company_id, publish_date, amount_per_share, currency, period_end, ex_dividend_date) NULLS NOT DISTINCT
    WHERE source = 'manual' AND NOT doubled;

-- A worker says when a job that failed is tried again, by its own clock, which is also that of the error. The wait counts
-- from now, by the clock that all share.
-- +goose StatementBegin
CREATE FUNCTION retry_by_this_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.scheduled_at := now() + (NEW.scheduled_at - (NEW.errors[cardinality(NEW.errors)] ->> 'at')::timestamptz);
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER retry_by_this_clock BEFORE UPDATE ON river_job FOR EACH ROW
    WHEN (OLD.state = 'running' AND NEW.state IN ('available', 'retryable') AND NEW.errors IS DISTINCT FROM OLD.errors)
    EXECUTE FUNCTION retry_by_this_clock();

-- +goose Down

DROP TRIGGER retry_by_this_clock ON river_job;
DROP FUNCTION retry_by_this_clock;
DROP INDEX dividend_manual_key;
ALTER TABLE dividend DROP COLUMN doubled;
DROP TABLE idempotency_key;
