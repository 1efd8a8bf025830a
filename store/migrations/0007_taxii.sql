-- What agencies share: collections of objects as TAXII 2.1 has them. An object's text is kept as it was written, last in its row, so
-- that what goes before is read without it.

CREATE TABLE taxii_roots (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (agency, name)
);

CREATE TABLE taxii_collections (
    agency TEXT NOT NULL,
    number BIGINT NOT NULL,
    root TEXT NOT NULL,
    id TEXT NOT NULL,
    alias TEXT,
    title TEXT NOT NULL,
    description TEXT,
    spec_versions TEXT NOT NULL,
    can_read BIGINT NOT NULL,
    can_write BIGINT NOT NULL,
    last_added_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (agency, number)
);

CREATE UNIQUE INDEX taxii_collections_by_id ON taxii_collections (agency, root, id);

CREATE UNIQUE INDEX taxii_collections_by_alias ON taxii_collections (agency, root, alias);

CREATE TABLE taxii_rights (
    agency TEXT NOT NULL,
    collection BIGINT NOT NULL,
    holder TEXT NOT NULL,
    can_read BIGINT NOT NULL,
    can_write BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, collection, holder)
);

CREATE TABLE taxii_objects (
    agency TEXT NOT NULL,
    collection BIGINT NOT NULL,
    added_us BIGINT NOT NULL,
    object_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    spec_version TEXT NOT NULL,
    version_us BIGINT NOT NULL,
    version TEXT NOT NULL,
    size BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, collection, added_us)
);

CREATE UNIQUE INDEX taxii_objects_by_version ON taxii_objects (agency, collection, object_id, spec_version, version_us);

CREATE INDEX taxii_objects_by_type ON taxii_objects (agency, collection, object_type, added_us);

CREATE TABLE taxii_statuses (
    agency TEXT NOT NULL,
    id TEXT NOT NULL,
    root TEXT NOT NULL,
    holder TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, id)
);

CREATE INDEX taxii_statuses_by_time ON taxii_statuses (agency, created_us);
