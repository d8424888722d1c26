-- The live view: which links somebody watches just now, and the newest seconds of their traffic.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- One row for each link that is watched, however many watch it.
CREATE TABLE live_wishes (
    link_id         INTEGER NOT NULL PRIMARY KEY REFERENCES client_links (id),
    wanted_until_ms INTEGER NOT NULL
) STRICT;

-- A short ring: what is older than two minutes is removed. `trouble` says why there are no rates.
CREATE TABLE live_readings (
    link_id INTEGER NOT NULL REFERENCES client_links (id),
    at_ms   INTEGER NOT NULL,
    rx_bps  INTEGER,
    tx_bps  INTEGER,
    trouble TEXT CHECK (trouble IN ('silent', 'refused', 'no_interface')),
    PRIMARY KEY (link_id, at_ms),
    CHECK (trouble IS NULL OR (rx_bps IS NULL AND tx_bps IS NULL))
) STRICT, WITHOUT ROWID;
