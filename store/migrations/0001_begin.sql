-- The first tables. BYTES stands for BLOB or BYTEA; everything else is read the same by SQLite and PostgreSQL.
-- The agency comes first in every key: row-level security on PostgreSQL needs no other shape.

CREATE TABLE findings (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    analytic_uid TEXT NOT NULL,
    title TEXT NOT NULL,
    level BIGINT NOT NULL,
    time_us BIGINT NOT NULL,
    subject TEXT,
    suppressed_by TEXT,
    event_ids TEXT NOT NULL,
    detection TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (agency, id)
);

CREATE INDEX findings_by_rank ON findings (agency, level, time_us);

CREATE TABLE consumers (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    upto BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, name)
);

CREATE TABLE note_counts (
    agency TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (agency, source, reason)
);

CREATE TABLE notes (
    agency TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    number BIGINT NOT NULL,
    note TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (agency, source, reason, number)
);

CREATE TABLE saved_hunts (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, name)
);

CREATE TABLE service_tokens (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BYTES NOT NULL,
    scopes TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    revoked_us BIGINT,
    PRIMARY KEY (agency, name)
);

CREATE UNIQUE INDEX service_tokens_by_hash ON service_tokens (hash);
