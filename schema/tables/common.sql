-- What several tables use.

CREATE EXTENSION IF NOT EXISTS pg_trgm; -- newproject:companies

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- Tells whoever listens, when the transaction is committed, that something of a topic changed: data, which public answers
-- are made of, or accounts, which say whom a token, a cookie or an API key stands for. A table of either has a trigger.
CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('changes', TG_ARGV[0]);
    RETURN NULL;
END
$$;
