-- What is written about risk: catalogs, plans, results, decisions, self-assessments, tolerances. Each version stays, with who brought it and
-- when; numbers of versions are given one after another. Bodies are packed (zstd); the hash is of what was packed.

CREATE TABLE risk_documents (
    agency TEXT NOT NULL,
    kind ORDERED_TEXT NOT NULL,
    name ORDERED_TEXT NOT NULL,
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    brought_by TEXT NOT NULL,
    hash BYTES NOT NULL,
    body_bytes BIGINT NOT NULL,
    body BYTES NOT NULL,
    PRIMARY KEY (agency, kind, name, number)
);
