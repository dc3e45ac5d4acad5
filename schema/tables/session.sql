-- A login. Its access tokens, or its cookie, work as long as its row is there and has not expired: a logout deletes it.
CREATE TABLE session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL, -- the login or the last refresh or, to the hour, use of its cookie
    expires_at   timestamptz NOT NULL, -- if it is not refreshed or used before
    client       text, -- the address at last_used_at
    user_agent   text CHECK (length(user_agent) <= 300)
);
CREATE INDEX session_user_id_idx ON session (user_id, id);
CREATE INDEX session_expires_at_idx ON session (expires_at);
CREATE TRIGGER session_changed AFTER UPDATE OF user_id OR DELETE OR TRUNCATE ON session
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('accounts');

-- Each works once. The used ones are kept: one that comes again was stolen.
CREATE TABLE refresh_token (
    token_hash bytea PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES session ON DELETE CASCADE,
    used_at    timestamptz
);
CREATE INDEX refresh_token_session_id_idx ON refresh_token (session_id);
