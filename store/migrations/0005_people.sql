-- People who work here, how they prove who they are, and what they decided about findings.
-- Names are sealed with a key of the person's own, which is not in this database.

CREATE TABLE people (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    name BYTES NOT NULL,
    roles TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    disabled_us BIGINT,
    PRIMARY KEY (agency, id)
);

CREATE TABLE passkeys (
    agency TEXT NOT NULL,
    credential BYTES NOT NULL,
    person TEXT NOT NULL,
    passkey TEXT NOT NULL,
    label TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    used_us BIGINT,
    PRIMARY KEY (agency, credential)
);

CREATE UNIQUE INDEX passkeys_by_credential ON passkeys (credential);

CREATE INDEX passkeys_by_person ON passkeys (agency, person);

CREATE TABLE setup_links (
    hash BYTES NOT NULL PRIMARY KEY,
    agency TEXT NOT NULL,
    person TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    used_us BIGINT
);

CREATE TABLE sessions (
    hash BYTES NOT NULL PRIMARY KEY,
    agency TEXT NOT NULL,
    person TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    stepped_up_us BIGINT
);

CREATE INDEX sessions_by_person ON sessions (agency, person);

CREATE TABLE triage (
    agency TEXT NOT NULL,
    finding TEXT NOT NULL,
    verdict TEXT NOT NULL,
    note TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_us BIGINT NOT NULL,
    PRIMARY KEY (agency, finding)
);

CREATE TABLE suppressions (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    analytic_uid TEXT NOT NULL,
    subject TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    lifted_us BIGINT,
    PRIMARY KEY (agency, id)
);

ALTER TABLE findings ADD COLUMN verdict TEXT NOT NULL DEFAULT 'open';

CREATE INDEX findings_by_verdict ON findings (agency, verdict, level, time_us, id);

CREATE INDEX findings_by_analytic ON findings (agency, analytic_uid, verdict);
