-- What the queries read of River's table. For sqlc alone: River's own migrations make it.
CREATE TABLE river_job (
    id           bigint PRIMARY KEY,
    state        text NOT NULL,
    attempt      integer NOT NULL,
    max_attempts integer NOT NULL,
    attempted_by text[],
    metadata     jsonb NOT NULL,
    kind         text NOT NULL,
    queue        text NOT NULL
);
