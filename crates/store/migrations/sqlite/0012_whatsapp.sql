-- WhatsApp: numbers beside addresses on the lists, people who agreed, and what became of a message after it was taken.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- An e-mail address, or `whatsapp:` and a number as E.164 writes it.
ALTER TABLE notification_recipients RENAME COLUMN email TO recipient;
ALTER TABLE notification_extra_recipients RENAME COLUMN email TO recipient;

ALTER TABLE notification_settings ADD COLUMN by_whatsapp INTEGER CHECK (by_whatsapp IN (0, 1));

-- `whatsapp_since_ms`: when this person agreed to messages to `phone`; without it there are none.
ALTER TABLE client_portal_users ADD COLUMN phone TEXT;
ALTER TABLE client_portal_users ADD COLUMN whatsapp_since_ms INTEGER;

-- `provider_id` is what the provider calls the message that it took last. `receipt` says what became of it since:
-- taken, not delivered, delivered, read; a receipt takes the place of an earlier one, never of a later.
ALTER TABLE outbox ADD COLUMN provider_id TEXT;
ALTER TABLE outbox ADD COLUMN receipt TEXT CHECK (receipt IN ('sent', 'failed', 'delivered', 'read'));
ALTER TABLE outbox ADD COLUMN receipt_at_ms INTEGER;
CREATE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL;
