-- A company that sells no more: its clients and routers are retired, its statements stay.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

ALTER TABLE companies ADD COLUMN retired_at_ms BIGINT;
