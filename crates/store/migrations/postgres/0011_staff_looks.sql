-- What people of the ISP look at: a router that the collector asks for them, and a client's pages as its people see them.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

-- What was wished to be told of a router, and what was answered last.
-- One row for each router that was ever asked about: the newest wish beside the newest answer. `asked_at` is where the
-- router was when it answered: an answer from another address is none.
CREATE TABLE router_checks (
    router_id      BIGINT NOT NULL PRIMARY KEY REFERENCES mikrotik_routers (id),
    wanted_at_ms   BIGINT NOT NULL,
    wanted_by      TEXT NOT NULL,
    waiting        BOOLEAN NOT NULL,
    answered_at_ms BIGINT,
    asked_at       TEXT,
    findings       TEXT,
    CHECK ((answered_at_ms IS NULL) = (findings IS NULL) AND (answered_at_ms IS NULL) = (asked_at IS NULL))
);

-- Whose pages a session of staff shows as the client's people see them, and the first moment it no longer does.
ALTER TABLE sessions ADD COLUMN viewing_client_id BIGINT REFERENCES clients (id);
ALTER TABLE sessions ADD COLUMN viewing_until_ms BIGINT;
