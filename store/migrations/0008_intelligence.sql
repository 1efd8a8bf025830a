-- Who claims what about the things that attacks are made of; what was seen of it; and what is known of those behind it.

CREATE TABLE intel_sources (
    agency TEXT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    config TEXT NOT NULL,
    memory TEXT NOT NULL,
    health TEXT NOT NULL,
    paused_us BIGINT,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    removed_us BIGINT,
    PRIMARY KEY (agency, number)
);

CREATE UNIQUE INDEX intel_sources_by_name ON intel_sources (agency, name);

CREATE TABLE claims (
    agency TEXT NOT NULL,
    source BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    digest BIGINT NOT NULL,
    label TEXT NOT NULL,
    confidence BIGINT NOT NULL,
    credibility BIGINT NOT NULL,
    level BIGINT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    reference TEXT,
    seen_us BIGINT,
    until_us BIGINT,
    first_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    gone_us BIGINT,
    PRIMARY KEY (agency, source, kind, value)
);

CREATE TABLE indicator_sightings (
    agency TEXT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    origin TEXT NOT NULL,
    day BIGINT NOT NULL,
    is_false BIGINT NOT NULL,
    times BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (agency, kind, value, origin, day, is_false)
);

CREATE INDEX indicator_sightings_latest ON indicator_sightings (agency, last_us);

CREATE TABLE intel_objects (
    agency TEXT NOT NULL,
    source BIGINT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    modified_us BIGINT NOT NULL,
    body TEXT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, source, id)
);

CREATE INDEX intel_objects_by_type ON intel_objects (agency, type, name);
