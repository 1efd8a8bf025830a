-- Agencies that share with each other: who they are, what left for whom and why, what came from whom, and who is in which group.

ALTER TABLE indicator_sightings ADD COLUMN tlp BIGINT NOT NULL DEFAULT 2;

ALTER TABLE indicator_sightings ADD COLUMN pap BIGINT NOT NULL DEFAULT 0;

CREATE TABLE peers (
    agency TEXT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    secret TEXT NOT NULL,
    token TEXT NOT NULL,
    outbox BIGINT NOT NULL,
    inbox BIGINT NOT NULL,
    source BIGINT NOT NULL,
    pulled TEXT NOT NULL,
    inbox_us BIGINT NOT NULL,
    shared TEXT NOT NULL,
    health TEXT NOT NULL,
    paused_us BIGINT,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    removed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, number)
);

CREATE UNIQUE INDEX peers_by_name ON peers (agency, name, removed_us);

CREATE TABLE departures (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    added_us BIGINT NOT NULL,
    what TEXT NOT NULL,
    object_id TEXT NOT NULL,
    about TEXT NOT NULL,
    tlp BIGINT NOT NULL,
    pap BIGINT NOT NULL,
    why TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (agency, peer, added_us)
);

CREATE INDEX departures_latest ON departures (agency, added_us, peer);

CREATE TABLE departures_refused (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    day BIGINT NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    times BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (agency, peer, day, what, reason)
);

CREATE TABLE tallies_released (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    organisations BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (agency, peer, kind, value)
);

CREATE TABLE peer_things (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    value ORDERED_TEXT NOT NULL,
    PRIMARY KEY (agency, peer, id, kind, value)
);

CREATE TABLE peer_sightings (
    agency TEXT NOT NULL,
    peer BIGINT NOT NULL,
    id TEXT NOT NULL,
    version_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL,
    PRIMARY KEY (agency, peer, id, version_us)
);

CREATE TABLE sharing_groups (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    problem TEXT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, name)
);

-- Sources that say what another one says are one voice with it.

CREATE TABLE source_voices (
    agency TEXT NOT NULL,
    source BIGINT NOT NULL,
    spokesman BIGINT NOT NULL,
    why TEXT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, source)
);
