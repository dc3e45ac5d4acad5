-- What several tables use.

CREATE EXTENSION IF NOT EXISTS pg_trgm; -- newproject:companies

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
