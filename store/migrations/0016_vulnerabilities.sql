-- Vulnerabilities on items of the register: what checkers found (each checker's own, replaced by its next check), what people decided about
-- them (acceptances and words, which stay), and which items were looked at. Numbers of changes are given one after another.

CREATE TABLE vulnerability_heads (
    agency TEXT NOT NULL,
    revision BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency)
);

CREATE TABLE vulnerability_instances (
    agency TEXT NOT NULL,
    item ORDERED_TEXT NOT NULL,
    id ORDERED_TEXT NOT NULL,
    origin ORDERED_TEXT NOT NULL,
    first_us BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, item, id, origin)
);

CREATE TABLE vulnerability_decisions (
    agency TEXT NOT NULL,
    number BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, number)
);

CREATE TABLE vulnerability_checks (
    agency TEXT NOT NULL,
    item ORDERED_TEXT NOT NULL,
    origin ORDERED_TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, item, origin)
);
