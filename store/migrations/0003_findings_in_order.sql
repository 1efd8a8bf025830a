-- Findings are numbered in the order in which they were kept, so that their copies reach the lake once, and carry the
-- finding as it was shown. Tailed files remember where they were left.

ALTER TABLE findings ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN ocsf TEXT NOT NULL DEFAULT '';

CREATE INDEX findings_by_seq ON findings (seq);

CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE file_positions (
    agency TEXT NOT NULL,
    source TEXT NOT NULL,
    fingerprint BIGINT NOT NULL,
    position BIGINT NOT NULL,
    check_hash BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, source, fingerprint)
);
