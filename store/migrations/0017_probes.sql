-- Services, looked at from outside: probes as people configured them, what the last looks saw, what was wrong from when to when, and what
-- was learnt of each, which goes on where it was after a restart.

CREATE TABLE probes (
    agency TEXT NOT NULL,
    name ORDERED_TEXT NOT NULL,
    service TEXT NOT NULL,
    config TEXT NOT NULL,
    paused_us BIGINT,
    wanted_us BIGINT,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (agency, name)
);

CREATE TABLE probe_results (
    agency TEXT NOT NULL,
    name ORDERED_TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    vantage ORDERED_TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, name, at_us, vantage)
);

CREATE TABLE probe_episodes (
    agency TEXT NOT NULL,
    name ORDERED_TEXT NOT NULL,
    problem ORDERED_TEXT NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    level BIGINT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (agency, name, problem, since_us)
);

CREATE TABLE probe_memories (
    agency TEXT NOT NULL,
    name ORDERED_TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency, name)
);
