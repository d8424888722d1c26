-- Alerts: conditions that held, who was told, and what was not told and why.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- An option without a value is the program's default for its event.
ALTER TABLE notification_settings ADD COLUMN threshold TEXT;
ALTER TABLE notification_settings ADD COLUMN sustained_s INTEGER;
ALTER TABLE notification_settings ADD COLUMN clear_after_s INTEGER;
ALTER TABLE notification_settings ADD COLUMN window_s INTEGER;
ALTER TABLE notification_settings ADD COLUMN cooldown_s INTEGER;
ALTER TABLE notification_settings ADD COLUMN quiet_from_min INTEGER;
ALTER TABLE notification_settings ADD COLUMN quiet_to_min INTEGER;
ALTER TABLE notification_settings ADD COLUMN to_operations INTEGER CHECK (to_operations IN (0, 1));
ALTER TABLE notification_settings ADD COLUMN to_client INTEGER CHECK (to_client IN (0, 1));
ALTER TABLE notification_settings ADD COLUMN by_mail INTEGER CHECK (by_mail IN (0, 1));

-- Addresses that hear of one event beside the operations list and the client's people.
CREATE TABLE notification_extra_recipients (
    company_id INTEGER NOT NULL REFERENCES companies (id),
    event      TEXT NOT NULL,
    email      TEXT NOT NULL,
    PRIMARY KEY (company_id, event, email)
) STRICT, WITHOUT ROWID;

-- One row for each time that a condition held. `subject` is `link:7`, `router:3` or `company:1`. `waits` says why it was
-- not told, or why its end was not; `owes` is true while its end is still to be told.
CREATE TABLE alerts (
    id                 INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    company_id         INTEGER NOT NULL REFERENCES companies (id),
    event              TEXT NOT NULL,
    subject            TEXT NOT NULL,
    about              TEXT NOT NULL,
    client_id          INTEGER REFERENCES clients (id),
    opened_at_ms       INTEGER NOT NULL,
    raised_at_ms       INTEGER NOT NULL,
    closed_at_ms       INTEGER,
    told_at_ms         INTEGER,
    waits              TEXT,
    owes               INTEGER NOT NULL DEFAULT 0 CHECK (owes IN (0, 1)),
    over_told_at_ms    INTEGER,
    facts              TEXT NOT NULL,
    acknowledged_by    TEXT,
    acknowledged_at_ms INTEGER,
    acknowledged_note  TEXT,
    assigned_to        TEXT,
    UNIQUE (company_id, event, subject, opened_at_ms),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at_ms IS NULL))
) STRICT;
-- One open alert of a kind for a thing, however many processes look.
CREATE UNIQUE INDEX alerts_open ON alerts (company_id, event, subject) WHERE closed_at_ms IS NULL;
CREATE INDEX alerts_pending ON alerts (company_id) WHERE closed_at_ms IS NULL OR owes;
CREATE INDEX alerts_closed ON alerts (closed_at_ms, company_id);

-- Everything that was told or not, with the reason. What became of a mail stands in the outbox, under its Message-ID.
CREATE TABLE notification_logs (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    at_ms      INTEGER NOT NULL,
    event      TEXT NOT NULL,
    phase      TEXT NOT NULL CHECK (phase IN ('raised', 'over')),
    subject    TEXT NOT NULL,
    about      TEXT NOT NULL,
    alert_id   INTEGER,
    outcome    TEXT NOT NULL CHECK (outcome IN ('queued', 'held', 'suppressed')),
    reason     TEXT,
    recipient  TEXT,
    client_id  INTEGER,
    message_id TEXT
) STRICT;
CREATE INDEX notification_logs_at ON notification_logs (at_ms);
CREATE INDEX notification_logs_alert ON notification_logs (alert_id);

-- Since when somebody watches without a break of more than a minute: what was stored before may be out of date.
CREATE TABLE alert_watch (
    company_id INTEGER NOT NULL PRIMARY KEY REFERENCES companies (id),
    since_ms   INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL
) STRICT;

-- `examined_at_ms`: when it was told, or its not being told was noted. What is older than this table is no news.
ALTER TABLE outages ADD COLUMN examined_at_ms INTEGER;
ALTER TABLE outages ADD COLUMN reason TEXT;
ALTER TABLE outages ADD COLUMN reason_by TEXT;
ALTER TABLE outages ADD COLUMN reason_at_ms INTEGER;
UPDATE outages SET examined_at_ms = to_ms WHERE to_ms IS NOT NULL;
CREATE INDEX outages_unexamined ON outages (link_id) WHERE examined_at_ms IS NULL;
CREATE INDEX outages_from ON outages (from_ms);
-- Old mail about alerts is removed.
CREATE INDEX outbox_created ON outbox (created_at_ms);
