-- Where intelligence leaves for the blocklists and detectors of others: what each is given, who may fetch it, and what was fetched last.

CREATE TABLE outlets (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    hash BYTES NOT NULL,
    expires_us BIGINT NOT NULL,
    transfer_key TEXT NOT NULL,
    made TEXT NOT NULL,
    paused_us BIGINT,
    told TEXT NOT NULL,
    told_us BIGINT NOT NULL,
    asked_by TEXT,
    asked_us BIGINT,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, id)
);

CREATE UNIQUE INDEX outlets_by_name ON outlets (agency, name);

CREATE UNIQUE INDEX outlets_by_hash ON outlets (hash);
