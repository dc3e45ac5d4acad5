-- +goose Up

SET LOCAL lock_timeout = '5s';

-- The account at which a key counts, as a hash of its address, so that all that counts there can be forgotten.
ALTER TABLE rate_limit ADD COLUMN account text;
CREATE INDEX rate_limit_account_idx ON rate_limit (account);

-- An account that begins when the link that was mailed to its address is opened.
CREATE TABLE registration (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    full_name     text CHECK (length(full_name) <= 200),
    password_hash text NOT NULL,
    token_hash    bytea CONSTRAINT registration_token_hash_key UNIQUE, -- null until the link is mailed
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX registration_email_idx ON registration (lower(email));
CREATE INDEX registration_expires_at_idx ON registration (expires_at);

-- When an address was last sent a mail that anybody can ask for, oldest first.
CREATE TABLE unasked_mail (
    address_hash bytea PRIMARY KEY,
    sent_at      timestamptz[] NOT NULL
);

-- +goose Down

DROP TABLE unasked_mail, registration;
DROP INDEX rate_limit_account_idx;
ALTER TABLE rate_limit DROP COLUMN account;
