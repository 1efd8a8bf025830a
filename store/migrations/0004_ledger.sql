-- The ledger: entries that are only added to. What one is about in words (detail, with its salt) can be erased; the entry stays.

CREATE TABLE ledger_entries (
    number BIGINT NOT NULL PRIMARY KEY,
    agency TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    operation TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    commitment BYTES NULL,
    salt BYTES NULL,
    detail TEXT
);

CREATE INDEX ledger_entries_by_agency ON ledger_entries (agency, number);

CREATE TABLE ledger_head (
    name TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    peaks BYTES NOT NULL
);
