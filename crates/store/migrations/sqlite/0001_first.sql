-- Times are Unix milliseconds UTC, rates bits per second, round trips microseconds, JSON is text.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    timezone      TEXT NOT NULL,
    currency      TEXT NOT NULL,
    support_email TEXT,
    support_phone TEXT,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE clients (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    name          TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    UNIQUE (company_id, name)
) STRICT;

CREATE TABLE client_portal_users (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    client_id     INTEGER NOT NULL REFERENCES clients (id),
    username      TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX client_portal_users_client ON client_portal_users (client_id);

CREATE TABLE staff_users (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    username      TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
    password_hash TEXT NOT NULL,
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE mikrotik_routers (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    company_id      INTEGER NOT NULL REFERENCES companies (id),
    name            TEXT NOT NULL UNIQUE,
    address         TEXT NOT NULL,
    port            INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    username        TEXT NOT NULL,
    password_sealed TEXT NOT NULL,
    tls_mode        TEXT NOT NULL CHECK (tls_mode IN ('off', 'system', 'ca', 'pin')),
    tls_ca_pem      TEXT,
    tls_fingerprint TEXT,
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at_ms   INTEGER NOT NULL,
    CHECK ((tls_mode = 'ca') = (tls_ca_pem IS NOT NULL)),
    CHECK ((tls_mode = 'pin') = (tls_fingerprint IS NOT NULL))
) STRICT;

-- One row per router: what its last round found.
CREATE TABLE router_status (
    router_id       INTEGER NOT NULL PRIMARY KEY REFERENCES mikrotik_routers (id),
    at_ms           INTEGER NOT NULL,
    reachable       INTEGER NOT NULL CHECK (reachable IN (0, 1)),
    since_ms        INTEGER NOT NULL,
    last_ok_at_ms   INTEGER,
    last_error      TEXT,
    version         TEXT,
    uptime_ms       INTEGER,
    clock_offset_ms INTEGER,
    skipped_rounds  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE client_links (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    client_id        INTEGER NOT NULL REFERENCES clients (id),
    router_id        INTEGER NOT NULL REFERENCES mikrotik_routers (id),
    interface        TEXT NOT NULL,
    circuit          TEXT NOT NULL UNIQUE,
    service_ref      TEXT,
    kind             TEXT NOT NULL,
    committed_bps    INTEGER NOT NULL CHECK (committed_bps > 0),
    probe_target     TEXT,
    facing           TEXT NOT NULL CHECK (facing IN ('customer', 'upstream')),
    site             TEXT,
    activated_at_ms  INTEGER NOT NULL,
    terminated_at_ms INTEGER CHECK (terminated_at_ms >= activated_at_ms)
) STRICT;
CREATE INDEX client_links_client ON client_links (client_id);
-- An interface carries one live link: the same traffic must not be credited twice.
CREATE UNIQUE INDEX client_links_interface ON client_links (router_id, interface) WHERE terminated_at_ms IS NULL;

-- A change of terms is a new row, never an edit of the past.
CREATE TABLE link_terms (
    link_id       INTEGER NOT NULL REFERENCES client_links (id),
    valid_from_ms INTEGER NOT NULL,
    uptime_pct    TEXT,
    latency_ms    TEXT,
    loss_pct      TEXT,
    down_when     TEXT NOT NULL CHECK (down_when IN ('interface', 'interface_or_no_answer')),
    PRIMARY KEY (link_id, valid_from_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE link_latest (
    link_id      INTEGER NOT NULL PRIMARY KEY REFERENCES client_links (id),
    at_ms        INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('up', 'down', 'unknown')),
    since_ms     INTEGER NOT NULL,
    cause        TEXT,
    sample_at_ms INTEGER,
    rx_bps       INTEGER,
    tx_bps       INTEGER,
    sent         INTEGER,
    received     INTEGER,
    rtt_min_us   INTEGER,
    rtt_avg_us   INTEGER,
    rtt_max_us   INTEGER,
    memory       TEXT NOT NULL
) STRICT;

-- The hour stands first: a round of all links then touches the pages of one hour, not one page per link.
CREATE TABLE link_monitoring_data (
    hour       INTEGER NOT NULL,
    link_id    INTEGER NOT NULL REFERENCES client_links (id),
    at_ms      INTEGER NOT NULL,
    state      TEXT NOT NULL,
    rx_bytes   INTEGER,
    tx_bytes   INTEGER,
    rx_packets INTEGER,
    tx_packets INTEGER,
    rx_errors  INTEGER,
    tx_errors  INTEGER,
    rx_drops   INTEGER,
    tx_drops   INTEGER,
    rx_bps     INTEGER,
    tx_bps     INTEGER,
    sent       INTEGER,
    received   INTEGER,
    rtt_min_us INTEGER,
    rtt_avg_us INTEGER,
    rtt_max_us INTEGER,
    PRIMARY KEY (hour, link_id, at_ms)
) STRICT, WITHOUT ROWID;

-- The time line of a link. That spans do not overlap is kept by the writing function and its property test.
CREATE TABLE link_spans (
    link_id  INTEGER NOT NULL REFERENCES client_links (id),
    from_ms  INTEGER NOT NULL,
    to_ms    INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('up', 'down', 'unknown')),
    cause    TEXT,
    evidence TEXT NOT NULL,
    PRIMARY KEY (link_id, from_ms),
    CHECK (to_ms > from_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE outages (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    link_id  INTEGER NOT NULL REFERENCES client_links (id),
    from_ms  INTEGER NOT NULL,
    to_ms    INTEGER CHECK (to_ms > from_ms),
    cause    TEXT,
    evidence TEXT NOT NULL,
    UNIQUE (link_id, from_ms)
) STRICT;
-- Two open outages of one link are impossible.
CREATE UNIQUE INDEX outages_open ON outages (link_id) WHERE to_ms IS NULL;

CREATE TABLE link_monitoring_hourly (
    link_id           INTEGER NOT NULL REFERENCES client_links (id),
    from_ms           INTEGER NOT NULL,
    n                 INTEGER NOT NULL,
    rx_n              INTEGER NOT NULL,
    rx_bps_min        INTEGER,
    rx_bps_max        INTEGER,
    rx_bps_sum        INTEGER NOT NULL,
    tx_n              INTEGER NOT NULL,
    tx_bps_min        INTEGER,
    tx_bps_max        INTEGER,
    tx_bps_sum        INTEGER NOT NULL,
    sent              INTEGER NOT NULL,
    received          INTEGER NOT NULL,
    rtt_min_us        INTEGER,
    rtt_max_us        INTEGER,
    rtt_n             INTEGER NOT NULL,
    rtt_sum_us        INTEGER NOT NULL,
    latency_histogram TEXT NOT NULL,
    PRIMARY KEY (link_id, from_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE link_monitoring_daily (
    link_id           INTEGER NOT NULL REFERENCES client_links (id),
    from_ms           INTEGER NOT NULL,
    n                 INTEGER NOT NULL,
    rx_n              INTEGER NOT NULL,
    rx_bps_min        INTEGER,
    rx_bps_max        INTEGER,
    rx_bps_sum        INTEGER NOT NULL,
    tx_n              INTEGER NOT NULL,
    tx_bps_min        INTEGER,
    tx_bps_max        INTEGER,
    tx_bps_sum        INTEGER NOT NULL,
    sent              INTEGER NOT NULL,
    received          INTEGER NOT NULL,
    rtt_min_us        INTEGER,
    rtt_max_us        INTEGER,
    rtt_n             INTEGER NOT NULL,
    rtt_sum_us        INTEGER NOT NULL,
    latency_histogram TEXT NOT NULL,
    PRIMARY KEY (link_id, from_ms)
) STRICT, WITHOUT ROWID;

-- Hours and days whose roll-up is missing or older than their samples.
CREATE TABLE rollup_pending (
    resolution TEXT NOT NULL CHECK (resolution IN ('hour', 'day')),
    from_ms    INTEGER NOT NULL,
    PRIMARY KEY (resolution, from_ms)
) STRICT, WITHOUT ROWID;

-- Only the SHA-256 of a token is kept: a copy of the database opens no session.
CREATE TABLE sessions (
    token_hash     TEXT NOT NULL PRIMARY KEY,
    portal_user_id INTEGER REFERENCES client_portal_users (id),
    staff_user_id  INTEGER REFERENCES staff_users (id),
    created_at_ms  INTEGER NOT NULL,
    seen_at_ms     INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    address        TEXT,
    user_agent     TEXT,
    CHECK ((portal_user_id IS NULL) <> (staff_user_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_portal_user ON sessions (portal_user_id);
CREATE INDEX sessions_staff_user ON sessions (staff_user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at_ms);

CREATE TABLE login_attempts (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    account_key TEXT NOT NULL,
    address     TEXT NOT NULL,
    ok          INTEGER NOT NULL CHECK (ok IN (0, 1))
) STRICT;
CREATE INDEX login_attempts_account ON login_attempts (account_key, at_ms);
CREATE INDEX login_attempts_address ON login_attempts (address, at_ms);
CREATE INDEX login_attempts_at ON login_attempts (at_ms);

CREATE TABLE audit_events (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    address TEXT
) STRICT;
CREATE INDEX audit_events_at ON audit_events (at_ms);
