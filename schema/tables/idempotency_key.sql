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
