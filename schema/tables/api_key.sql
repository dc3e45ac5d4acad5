-- Keys of programs. The key itself is shown to its owner once; here is its hash.
CREATE TABLE api_key (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    prefix       text NOT NULL, -- the public beginning of the key
    key_hash     bytea NOT NULL UNIQUE,
    can_write    boolean NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX api_key_user_idx ON api_key (user_id, id);
CREATE TRIGGER api_key_changed AFTER INSERT OR UPDATE OF user_id, key_hash, can_write, expires_at OR DELETE OR TRUNCATE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');

-- A deactivation ends the keys of the account for good, whoever carries it out.
CREATE FUNCTION delete_api_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM api_key WHERE user_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER user_account_api_keys AFTER UPDATE OF is_active ON user_account FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION delete_api_keys();
