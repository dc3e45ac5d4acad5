-- Attempts within a fixed window for one key, such as an address or an account. Shared by all servers.
CREATE TABLE rate_limit (
    key          text PRIMARY KEY,
    attempts     integer NOT NULL CHECK (attempts >= 0),
    window_start timestamptz NOT NULL,
    -- The account at which a key counts, as a hash of its address, so that all that counts there can be forgotten.
    account      text
);
CREATE INDEX rate_limit_window_start_idx ON rate_limit (window_start);
CREATE INDEX rate_limit_account_idx ON rate_limit (account);

-- When an address was last sent a mail that anybody can ask for, oldest first.
CREATE TABLE unasked_mail (
    address_hash bytea PRIMARY KEY,
    sent_at      timestamptz[] NOT NULL
);
