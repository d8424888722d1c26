-- The SLA ledger: what the contract leaves out, the frozen statements, and the mail about them.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

ALTER TABLE companies ADD COLUMN accent TEXT;
ALTER TABLE companies ADD COLUMN attach_pdf INTEGER NOT NULL DEFAULT 1 CHECK (attach_pdf IN (0, 1));
ALTER TABLE companies ADD COLUMN mail_from TEXT;
ALTER TABLE companies ADD COLUMN logo_type TEXT CHECK (logo_type IN ('image/png', 'image/svg+xml'));
ALTER TABLE companies ADD COLUMN logo BLOB CHECK ((logo IS NULL) = (logo_type IS NULL));

-- An event without a row is told.
CREATE TABLE notification_settings (
    company_id INTEGER NOT NULL REFERENCES companies (id),
    event      TEXT NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    PRIMARY KEY (company_id, event)
) STRICT, WITHOUT ROWID;

-- The operations list: the ISP's own people who hear of everything that clients are told.
CREATE TABLE notification_recipients (
    company_id INTEGER NOT NULL REFERENCES companies (id),
    email      TEXT NOT NULL,
    PRIMARY KEY (company_id, email)
) STRICT, WITHOUT ROWID;

-- A removed exclusion stays as a row: a report that counted it must remain explicable.
CREATE TABLE exclusions (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    link_id       INTEGER NOT NULL REFERENCES client_links (id),
    from_ms       INTEGER NOT NULL,
    to_ms         INTEGER CHECK (to_ms > from_ms),
    kind          TEXT NOT NULL CHECK (kind IN ('planned_maintenance', 'emergency_maintenance', 'force_majeure',
                      'customer_cause', 'suspension')),
    reason        TEXT NOT NULL,
    entered_by    TEXT NOT NULL,
    entered_at_ms INTEGER NOT NULL,
    removed_by    TEXT,
    removed_at_ms INTEGER,
    CHECK ((removed_by IS NULL) = (removed_at_ms IS NULL))
) STRICT;
CREATE INDEX exclusions_link ON exclusions (link_id, from_ms);

-- Never changed once written. The long columns stand last: a list of reports does not read through them.
CREATE TABLE sla_reports (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    link_id          INTEGER NOT NULL REFERENCES client_links (id),
    client_id        INTEGER NOT NULL REFERENCES clients (id),
    month            TEXT NOT NULL,
    revision         INTEGER NOT NULL CHECK (revision > 0),
    reason           TEXT NOT NULL,
    algorithm        INTEGER NOT NULL,
    from_ms          INTEGER NOT NULL,
    to_ms            INTEGER NOT NULL,
    so_far           INTEGER NOT NULL CHECK (so_far IN (0, 1)),
    overall          TEXT NOT NULL CHECK (overall IN ('none', 'met', 'undetermined', 'breached')),
    uptime           TEXT NOT NULL CHECK (uptime IN ('none', 'met', 'undetermined', 'breached')),
    latency          TEXT NOT NULL CHECK (latency IN ('none', 'met', 'undetermined', 'breached')),
    loss             TEXT NOT NULL CHECK (loss IN ('none', 'met', 'undetermined', 'breached')),
    availability_pct TEXT,
    digest           TEXT NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    created_by       TEXT NOT NULL,
    facts            TEXT NOT NULL,
    statement        TEXT NOT NULL,
    inputs           BLOB NOT NULL,
    UNIQUE (link_id, month, revision)
) STRICT;
CREATE INDEX sla_reports_client ON sla_reports (client_id, month);
CREATE INDEX sla_reports_month ON sla_reports (month);

-- Mail to send, written in the transaction of its cause. `lease_until_ms` also tells one claim from the next.
CREATE TABLE outbox (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL,
    dedup_key      TEXT NOT NULL UNIQUE,
    message_id     TEXT NOT NULL UNIQUE,
    company_id     INTEGER NOT NULL REFERENCES companies (id),
    client_id      INTEGER REFERENCES clients (id),
    report_id      INTEGER REFERENCES sla_reports (id),
    recipient      TEXT NOT NULL,
    payload        TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'dead')),
    attempts       INTEGER NOT NULL DEFAULT 0,
    created_at_ms  INTEGER NOT NULL,
    next_at_ms     INTEGER NOT NULL,
    lease_until_ms INTEGER,
    last_error     TEXT,
    answer         TEXT,
    sent_at_ms     INTEGER,
    CHECK ((state = 'sending') = (lease_until_ms IS NOT NULL)),
    CHECK ((state = 'sent') = (sent_at_ms IS NOT NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_at_ms);
CREATE INDEX outbox_report ON outbox (report_id);
