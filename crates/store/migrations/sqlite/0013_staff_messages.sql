-- What people of the ISP look up about messages.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

-- From a message to what was decided about it.
CREATE INDEX notification_logs_message ON notification_logs (message_id);
