-- What concerns the city itself stands first among the findings of its level; and what people report: the text, what was found in it, and
-- what is attached. Title, text, names and attachments are sealed.

ALTER TABLE findings ADD COLUMN targeted BIGINT NOT NULL DEFAULT 0;

CREATE INDEX findings_targeted ON findings (agency, verdict, level, time_us, id) WHERE targeted = 1;

CREATE TABLE intel_reports (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    grade TEXT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    taken BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    decided_by TEXT,
    decided_us BIGINT,
    PRIMARY KEY (agency, id)
);

CREATE INDEX intel_reports_by_time ON intel_reports (agency, created_us);

CREATE TABLE intel_attachments (
    agency TEXT NOT NULL,
    report TEXT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, report, number)
);
