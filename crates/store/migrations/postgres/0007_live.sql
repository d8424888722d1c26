-- The live view: which links somebody watches just now, and the newest seconds of their traffic.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.
-- Both tables are of use for minutes only: they need not survive a crash, nor be sent to a replica.

-- One row for each link that is watched, however many watch it.
CREATE UNLOGGED TABLE live_wishes (
    link_id         BIGINT NOT NULL PRIMARY KEY REFERENCES client_links (id),
    wanted_until_ms BIGINT NOT NULL
);

-- A short ring: what is older than two minutes is removed. `trouble` says why there are no rates.
CREATE UNLOGGED TABLE live_readings (
    link_id BIGINT NOT NULL REFERENCES client_links (id),
    at_ms   BIGINT NOT NULL,
    rx_bps  BIGINT,
    tx_bps  BIGINT,
    trouble TEXT CHECK (trouble IN ('silent', 'refused', 'no_interface')),
    PRIMARY KEY (link_id, at_ms),
    CHECK (trouble IS NULL OR (rx_bps IS NULL AND tx_bps IS NULL))
);
