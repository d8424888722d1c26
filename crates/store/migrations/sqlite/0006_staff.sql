-- People of the ISP: who they are, which companies they see, their second factor; retired clients; whose change an event is.
-- The folder migrations/postgres holds the same files; a test compares the resulting schemas.

ALTER TABLE staff_users ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_users ADD COLUMN all_companies INTEGER NOT NULL DEFAULT 1 CHECK (all_companies IN (0, 1));
ALTER TABLE staff_users ADD COLUMN disabled_at_ms INTEGER;
ALTER TABLE staff_users ADD COLUMN password_at_ms INTEGER;
UPDATE staff_users SET disabled_at_ms = created_at_ms WHERE NOT active;
ALTER TABLE staff_users DROP COLUMN active;

-- Whom a person of the ISP works for, unless it is for all.
CREATE TABLE staff_user_companies (
    staff_user_id INTEGER NOT NULL REFERENCES staff_users (id),
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    PRIMARY KEY (staff_user_id, company_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_user_companies_company ON staff_user_companies (company_id);

-- A half-done login lives for minutes: after this upgrade it begins anew.
DROP TABLE pending_logins;
CREATE TABLE pending_logins (
    token_hash     TEXT NOT NULL PRIMARY KEY,
    portal_user_id INTEGER REFERENCES client_portal_users (id),
    staff_user_id  INTEGER REFERENCES staff_users (id),
    expires_at_ms  INTEGER NOT NULL,
    failures       INTEGER NOT NULL DEFAULT 0,
    CHECK ((portal_user_id IS NULL) <> (staff_user_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_logins_user ON pending_logins (portal_user_id);
CREATE INDEX pending_logins_staff ON pending_logins (staff_user_id);

-- Second factors and recovery codes belong to a person of a client or to one of the ISP, as sessions do.
ALTER TABLE second_factors RENAME TO second_factors_before;
CREATE TABLE second_factors (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    portal_user_id  INTEGER UNIQUE REFERENCES client_portal_users (id),
    staff_user_id   INTEGER UNIQUE REFERENCES staff_users (id),
    secret_sealed   TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    last_step       INTEGER,
    recovery_salt   TEXT,
    CHECK ((portal_user_id IS NULL) <> (staff_user_id IS NULL))
) STRICT;
INSERT INTO second_factors (portal_user_id, secret_sealed, created_at_ms, confirmed_at_ms, last_step, recovery_salt)
    SELECT portal_user_id, secret_sealed, created_at_ms, confirmed_at_ms, last_step, recovery_salt
    FROM second_factors_before;
DROP TABLE second_factors_before;

ALTER TABLE recovery_codes RENAME TO recovery_codes_before;
CREATE TABLE recovery_codes (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    portal_user_id INTEGER REFERENCES client_portal_users (id),
    staff_user_id  INTEGER REFERENCES staff_users (id),
    code_hash      TEXT NOT NULL,
    used_at_ms     INTEGER,
    UNIQUE (portal_user_id, code_hash),
    UNIQUE (staff_user_id, code_hash),
    CHECK ((portal_user_id IS NULL) <> (staff_user_id IS NULL))
) STRICT;
INSERT INTO recovery_codes (portal_user_id, code_hash, used_at_ms)
    SELECT portal_user_id, code_hash, used_at_ms FROM recovery_codes_before;
DROP TABLE recovery_codes_before;

-- A retired client stays as a row: its statements and its history do.
ALTER TABLE clients ADD COLUMN retired_at_ms INTEGER;

-- Whose thing was changed; an event of no company is seen by those who see all of them.
ALTER TABLE audit_events ADD COLUMN company_id INTEGER REFERENCES companies (id);
CREATE INDEX audit_events_company ON audit_events (company_id, id);
CREATE INDEX audit_events_actor ON audit_events (actor, id);
CREATE INDEX client_links_router ON client_links (router_id);
