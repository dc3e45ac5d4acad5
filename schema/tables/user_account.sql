CREATE TABLE user_account (
    id                       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email                    text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    full_name                text CHECK (length(full_name) <= 200),
    password_hash            text NOT NULL,
    is_active                boolean NOT NULL DEFAULT true,
    is_superuser             boolean NOT NULL DEFAULT false,
    -- Counts password changes and deactivations; an access token carries the count it was issued under.
    token_version            integer NOT NULL DEFAULT 0,
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now(),
    -- An address that is to replace email, once the link that was mailed to it is opened.
    pending_email            text CHECK (length(pending_email) BETWEEN 3 AND 254),
    pending_email_hash       bytea, -- of the link's token; null until it is mailed
    pending_email_expires_at timestamptz,
    -- The second factor: encrypted; asked for from totp_confirmed_at on.
    totp_secret              bytea,
    totp_confirmed_at        timestamptz,
    totp_last_step           bigint NOT NULL DEFAULT 0, -- of the last code that was taken: none works twice
    CONSTRAINT user_account_pending_check CHECK ((pending_email IS NULL) = (pending_email_expires_at IS NULL)),
    CONSTRAINT user_account_factor_check CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
CREATE UNIQUE INDEX user_account_email_key ON user_account (lower(email));
CREATE UNIQUE INDEX user_account_pending_email_hash_key ON user_account (pending_email_hash) WHERE pending_email_hash IS NOT NULL;
CREATE TRIGGER user_account_updated_at BEFORE UPDATE ON user_account FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER user_account_changed AFTER UPDATE OF email, is_active, is_superuser, token_version, totp_confirmed_at OR DELETE OR TRUNCATE ON user_account
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');

CREATE TABLE recovery_code (
    user_id   bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE password_reset (
    token_hash bytea PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX password_reset_user_id_idx ON password_reset (user_id);
CREATE INDEX password_reset_expires_at_idx ON password_reset (expires_at);

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
