-- What the queries read of River's table. For sqlc alone: River's own migrations make it.
CREATE TYPE river_job_state AS ENUM
    ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');
CREATE TABLE river_job (
    id           bigint PRIMARY KEY,
    state        river_job_state NOT NULL,
    attempt      integer NOT NULL,
    max_attempts integer NOT NULL,
    attempted_at timestamptz,
    attempted_by text[],
    errors       jsonb[],
    finalized_at timestamptz,
    scheduled_at timestamptz NOT NULL,
    metadata     jsonb NOT NULL,
    kind         text NOT NULL,
    queue        text NOT NULL
);
