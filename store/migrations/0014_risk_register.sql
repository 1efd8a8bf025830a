-- The register: what the city runs, and what depends on what. Each version stands there with who said so and from when until when it held;
-- what holds now ends at the last of all times. Numbers of changes are given one after another, so that no two changes have one time.

CREATE TABLE register_heads (
    agency TEXT NOT NULL,
    revision BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency)
);

CREATE TABLE register_items (
    agency TEXT NOT NULL,
    id ORDERED_TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    exposure TEXT NOT NULL,
    words TEXT NOT NULL,
    body TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (agency, id, from_us)
);

CREATE UNIQUE INDEX register_items_now ON register_items (agency, id) WHERE until_us = 9223372036854775807;

CREATE TABLE register_links (
    agency TEXT NOT NULL,
    from_item ORDERED_TEXT NOT NULL,
    kind ORDERED_TEXT NOT NULL,
    to_item ORDERED_TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    body TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    ended_by TEXT,
    PRIMARY KEY (agency, from_item, kind, to_item, from_us)
);

CREATE UNIQUE INDEX register_links_now ON register_links (agency, from_item, kind, to_item) WHERE until_us = 9223372036854775807;

CREATE INDEX register_links_to ON register_links (agency, to_item, until_us);

-- Addresses and names of items as they are now, as keys whose order is that of the addresses.
CREATE TABLE register_addresses (
    agency TEXT NOT NULL,
    first_key ORDERED_TEXT NOT NULL,
    last_key ORDERED_TEXT NOT NULL,
    item ORDERED_TEXT NOT NULL,
    PRIMARY KEY (agency, first_key, last_key, item)
);

CREATE INDEX register_addresses_by_item ON register_addresses (agency, item);
