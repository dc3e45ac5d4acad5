-- +goose Up

-- A login. Its access tokens work as long as its row is there and has not expired: a logout deletes it.
CREATE TABLE session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL, -- the login or the last refresh
    expires_at   timestamptz NOT NULL, -- if it is not refreshed before
    client       text, -- the address of the login or the last refresh
    user_agent   text CHECK (length(user_agent) <= 300)
);
CREATE INDEX session_user_id_idx ON session (user_id, id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

-- Each works once. The used ones are kept: one that comes again was stolen.
CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES session ON DELETE CASCADE,
    used_at    timestamptz
);
CREATE INDEX refresh_token_session_id_idx ON refresh_token (session_id);

ALTER TABLE user_account
    -- An address that is to replace email, once the link that was mailed to it is opened.
    ADD COLUMN pending_email text CHECK (length(pending_email) BETWEEN 3 AND 254),
    ADD COLUMN pending_email_hash bytea, -- of the link's token; null until it is mailed
    ADD COLUMN pending_email_expires_at timestamptz,
    -- The second factor: encrypted; asked for from totp_confirmed_at on.
    ADD COLUMN totp_secret bytea,
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint NOT NULL DEFAULT 0, -- of the last code that was taken: none works twice
    ADD CONSTRAINT user_account_pending_check CHECK ((pending_email IS NULL) = (pending_email_expires_at IS NULL)),
    ADD CONSTRAINT user_account_factor_check CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL);
CREATE UNIQUE INDEX user_account_pending_email_hash_key ON user_account (pending_email_hash) WHERE pending_email_hash IS NOT NULL;

CREATE TABLE recovery_code (
    user_id   bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- +goose Down

DROP TABLE recovery_code;
ALTER TABLE user_account
    DROP COLUMN pending_email,
    DROP COLUMN pending_email_hash,
    DROP COLUMN pending_email_expires_at,
    DROP COLUMN totp_secret,
    DROP COLUMN totp_confirmed_at,
    DROP COLUMN totp_last_step;
DROP TABLE refresh_token;
DROP TABLE session;
