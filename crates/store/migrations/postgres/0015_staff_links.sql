-- Links that set a password, for people of the ISP too: a wish is a portal user's, a staff user's, or nobody's.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.

ALTER TABLE password_resets ADD COLUMN staff_user_id BIGINT REFERENCES staff_users (id);
CREATE INDEX password_resets_staff ON password_resets (staff_user_id);
