-- How the clock of the process that polls stands, for all other processes; one row. `shift_ms`: the machine's clock minus
-- the time that is kept. `accepted_ms`: when an operator said that the machine's clock is right, by that clock.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

CREATE TABLE clock_state (
    id              BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    verdict         TEXT NOT NULL CHECK (verdict IN ('sane', 'checking', 'machine_wrong', 'undecided')),
    at_ms           BIGINT NOT NULL,
    shift_ms        BIGINT NOT NULL,
    since_ms        BIGINT NOT NULL,
    routers_for     BIGINT NOT NULL,
    routers_against BIGINT NOT NULL,
    accepted_ms     BIGINT
);

-- From when on a link's time counts: its first poll that saw it, unless staff set something else. What is earlier was not
-- measured. NULL: not measured yet.
ALTER TABLE client_links ADD COLUMN measured_from_ms BIGINT;
UPDATE client_links SET measured_from_ms = (SELECT MIN(s.from_ms) FROM link_spans s WHERE s.link_id = client_links.id);
