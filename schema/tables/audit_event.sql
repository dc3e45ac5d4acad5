-- Who did what to whom, and from where. It outlives the users, keys and rows that it names.
CREATE TABLE audit_event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT now(),
    action      text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'), -- such as login.failed
    reason      text, -- of a failure
    actor_id    bigint, -- the user, unless nobody or the command line
    api_key_id  bigint,
    target_type text, -- such as user
    target      text, -- its id or the like
    detail      jsonb, -- what changed; never a secret
    client      text, -- the address
    request_id  text,
    -- Who the actor is, since not all of them are users.
    actor       text NOT NULL DEFAULT 'nobody' CHECK (actor IN ('user', 'api_key', 'command_line', 'nobody'))
);
CREATE INDEX audit_event_actor_idx ON audit_event (actor_id, id);
CREATE INDEX audit_event_target_idx ON audit_event (target_type, target, id);
CREATE INDEX audit_event_action_idx ON audit_event (action, id);
CREATE INDEX audit_event_created_at_idx ON audit_event (created_at);
