-- Webhooks: addresses of a company that hear of its alerts over HTTP.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- The secret signs what is sent; it is sealed like a router's password.
CREATE TABLE notification_webhooks (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    url           TEXT NOT NULL,
    secret_sealed TEXT NOT NULL,
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at_ms INTEGER NOT NULL,
    UNIQUE (company_id, url)
) STRICT;

-- What a webhook hears of; one without a row hears of everything.
CREATE TABLE notification_webhook_events (
    webhook_id INTEGER NOT NULL REFERENCES notification_webhooks (id) ON DELETE CASCADE,
    event      TEXT NOT NULL,
    PRIMARY KEY (webhook_id, event)
) STRICT, WITHOUT ROWID;
