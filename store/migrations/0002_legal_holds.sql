-- Days of data that must not be deleted, whatever retention says. A hold is lifted, never removed.

CREATE TABLE legal_holds (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    upto_us BIGINT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_us BIGINT NOT NULL,
    lifted_by TEXT,
    lifted_us BIGINT,
    PRIMARY KEY (agency, name)
);
