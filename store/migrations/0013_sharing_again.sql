-- Claims in the order in which they changed; what people say was seen, in the order in which they said it, so that a peer hears later what it
-- could not hear then; what each peer was told of, so that it can be taken back; and which techniques other agencies have seen.

CREATE INDEX claims_by_change ON claims (agency, source, changed_us, kind, value) WHERE first_us >= 0;

CREATE TABLE learned (
    agency TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    is_false BIGINT NOT NULL,
    times BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    only_groups TEXT NOT NULL,
    finding TEXT,
    learned_us BIGINT NOT NULL,
    PRIMARY KEY (agency, number)
);

CREATE INDEX learned_by_thing ON learned (agency, kind, value, number);

CREATE TABLE told (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    is_taken_back BIGINT NOT NULL,
    is_doubtful BIGINT NOT NULL,
    told_us BIGINT NOT NULL,
    PRIMARY KEY (agency, peer, kind, value)
);

CREATE INDEX told_by_thing ON told (agency, kind, value);

CREATE INDEX told_doubtful ON told (agency, peer, kind, value) WHERE is_doubtful = 1;

CREATE TABLE technique_reports (
    agency TEXT NOT NULL,
    month TEXT NOT NULL,
    technique TEXT NOT NULL,
    peer BIGINT NOT NULL,
    is_count BIGINT NOT NULL,
    organisations BIGINT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    told_us BIGINT NOT NULL,
    PRIMARY KEY (agency, month, technique, peer, is_count)
);

CREATE TABLE techniques_released (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    month TEXT NOT NULL,
    technique TEXT NOT NULL,
    organisations BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (agency, peer, month, technique)
);

-- What left before is gone through once more, so that it is known what can be taken back. What is in a collection does not come there twice.

UPDATE peers SET shared = '';
