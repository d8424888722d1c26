-- Which parts of the program are at work, and which collector may write.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- Each part writes its row every few seconds while it works.
CREATE TABLE heartbeats (
    part  TEXT PRIMARY KEY NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- The fencing token: each claim of the collector's role adds one, and only the last claim's rounds are written.
CREATE TABLE collector_lease (
    id    INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    token INTEGER NOT NULL
) STRICT;
INSERT INTO collector_lease (id, token) VALUES (1, 0);
