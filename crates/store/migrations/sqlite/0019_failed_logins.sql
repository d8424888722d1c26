-- Failed logins are counted in memory: whoever has no session makes the database neither grow nor change.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

DROP TABLE login_attempts;
