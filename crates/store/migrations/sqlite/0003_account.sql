-- Accounts of portal users: roles, second factor, reset links, wanted mail, and where an account is known from.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

ALTER TABLE client_portal_users ADD COLUMN role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'viewer'));
ALTER TABLE client_portal_users ADD COLUMN password_at_ms INTEGER;

-- An event without a row is told.
CREATE TABLE portal_user_mails (
    portal_user_id INTEGER NOT NULL REFERENCES client_portal_users (id),
    event          TEXT NOT NULL,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    PRIMARY KEY (portal_user_id, event)
) STRICT, WITHOUT ROWID;

-- Sessions live for hours: after this upgrade everybody logs in anew, and each has an id that a page may name.
DROP TABLE sessions;
CREATE TABLE sessions (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    token_hash     TEXT NOT NULL UNIQUE,
    portal_user_id INTEGER REFERENCES client_portal_users (id),
    staff_user_id  INTEGER REFERENCES staff_users (id),
    created_at_ms  INTEGER NOT NULL,
    seen_at_ms     INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    address        TEXT,
    user_agent     TEXT,
    second_factor  INTEGER NOT NULL CHECK (second_factor IN (0, 1)),
    CHECK ((portal_user_id IS NULL) <> (staff_user_id IS NULL))
) STRICT;
CREATE INDEX sessions_portal_user ON sessions (portal_user_id);
CREATE INDEX sessions_staff_user ON sessions (staff_user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at_ms);

-- The password was right and the second factor is still to come: not a session.
CREATE TABLE pending_logins (
    token_hash     TEXT NOT NULL PRIMARY KEY,
    portal_user_id INTEGER NOT NULL REFERENCES client_portal_users (id),
    expires_at_ms  INTEGER NOT NULL,
    failures       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_logins_user ON pending_logins (portal_user_id);

-- `last_step` is the time step of the last code that was taken: none is taken twice.
CREATE TABLE second_factors (
    portal_user_id  INTEGER NOT NULL PRIMARY KEY REFERENCES client_portal_users (id),
    secret_sealed   TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    last_step       INTEGER,
    recovery_salt   TEXT
) STRICT;

-- Of a recovery code only its Argon2id hash is kept.
CREATE TABLE recovery_codes (
    portal_user_id INTEGER NOT NULL REFERENCES client_portal_users (id),
    code_hash      TEXT NOT NULL,
    used_at_ms     INTEGER,
    PRIMARY KEY (portal_user_id, code_hash)
) STRICT, WITHOUT ROWID;

-- Every wish for a new password, also for names that nobody has: both cost the same work and count alike.
CREATE TABLE password_resets (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    purpose        TEXT NOT NULL CHECK (purpose IN ('reset', 'invitation')),
    account_key    TEXT NOT NULL,
    portal_user_id INTEGER REFERENCES client_portal_users (id),
    address        TEXT,
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    ended          INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1))
) STRICT;
CREATE INDEX password_resets_account ON password_resets (account_key, created_at_ms);
CREATE INDEX password_resets_address ON password_resets (address, created_at_ms);
CREATE INDEX password_resets_user ON password_resets (portal_user_id);
CREATE INDEX password_resets_expiry ON password_resets (expires_at_ms);

-- The secret of a link exists in the mail alone; it is made when the mail is sent, and its SHA-256 is kept.
CREATE TABLE password_reset_tokens (
    token_hash    TEXT NOT NULL PRIMARY KEY,
    reset_id      INTEGER NOT NULL REFERENCES password_resets (id),
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_reset_tokens_reset ON password_reset_tokens (reset_id);

-- Login attempts also say from which known browser they came, by the SHA-256 of its token.
ALTER TABLE login_attempts ADD COLUMN device TEXT;
DROP INDEX login_attempts_account;
CREATE INDEX login_attempts_account ON login_attempts (account_key, address, at_ms);
CREATE INDEX login_attempts_device ON login_attempts (device, at_ms);

-- From where an account was entered: `place` is an address or the SHA-256 of a browser's token.
CREATE TABLE login_places (
    account_key TEXT NOT NULL,
    place       TEXT NOT NULL,
    last_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (account_key, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_places_last ON login_places (last_at_ms);
