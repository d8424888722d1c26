-- Which parts of the program are at work, and which collector may write.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

-- Each part writes its row every few seconds while it works.
CREATE TABLE heartbeats (
    part  TEXT PRIMARY KEY NOT NULL,
    at_ms BIGINT NOT NULL
);

-- The fencing token: each claim of the collector's role adds one, and only the last claim's rounds are written.
CREATE TABLE collector_lease (
    id    BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    token BIGINT NOT NULL
);
INSERT INTO collector_lease (id, token) VALUES (1, 0);
