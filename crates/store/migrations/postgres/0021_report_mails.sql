-- Which message leaves first, one email of a month's reports per customer, and alert turns that hold no writer.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

-- Declared by the kind of a message: 0 alerts and account emails, 1 reports, 2 summaries.
ALTER TABLE outbox ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET priority = 1 WHERE kind IN ('sla_breach', 'report_ready');
CREATE INDEX outbox_turn ON outbox (state, priority, next_at_ms, id);

-- Whether a month's reports go out in one email per customer, or in one per link.
ALTER TABLE companies ADD COLUMN reports TEXT NOT NULL DEFAULT 'per_client' CHECK (reports IN ('per_client', 'per_link'));

-- Reports that an audience has not been notified of yet. The row goes in the transaction that queues the email.
CREATE TABLE report_news (
    report_id     BIGINT NOT NULL REFERENCES sla_reports (id),
    audience      TEXT NOT NULL CHECK (audience IN ('client', 'operations')),
    company_id    BIGINT NOT NULL REFERENCES companies (id),
    PRIMARY KEY (report_id, audience)
);
CREATE INDEX report_news_company ON report_news (company_id);

-- Counts the turns in which something was decided about a company's alerts: what was decided on an older state is not written.
ALTER TABLE alert_watch ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
