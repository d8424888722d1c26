-- Alerts that a person took off the list. The condition may still hold: `closed_at_ms` alone says until when it did.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

ALTER TABLE alerts ADD COLUMN dismissed_by TEXT;
ALTER TABLE alerts ADD COLUMN dismissed_at_ms INTEGER;
ALTER TABLE alerts ADD COLUMN dismissed_reason TEXT;
