-- Accounts at the staff's identity provider, by the hash of issuer and subject; and work that outlives a restart.

CREATE TABLE identities (
    hash BYTES NOT NULL PRIMARY KEY,
    agency TEXT NOT NULL,
    person TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    used_us BIGINT NOT NULL
);

CREATE INDEX identities_by_person ON identities (agency, person);

CREATE TABLE jobs (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    lease BYTES NULL,
    error TEXT,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, id)
);

CREATE INDEX jobs_due ON jobs (status, due_us);

CREATE UNIQUE INDEX jobs_by_subject ON jobs (agency, kind, subject);
