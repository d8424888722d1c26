-- Names as they are compared: without regard to case, composition and characters that cannot be seen (store::folded_name).
-- The program fills the columns when it opens the database. Of names that an older version took although they are the same,
-- the first has a folded form and the others have none: no row is refused or changed.
-- The folder migrations/sqlite holds the same files; a test compares the resulting schemas.
ALTER TABLE companies ADD COLUMN name_folded TEXT;
ALTER TABLE clients ADD COLUMN name_folded TEXT;
ALTER TABLE mikrotik_routers ADD COLUMN name_folded TEXT;
ALTER TABLE client_links ADD COLUMN circuit_folded TEXT;
ALTER TABLE client_portal_users ADD COLUMN username_folded TEXT;
ALTER TABLE staff_users ADD COLUMN username_folded TEXT;

CREATE UNIQUE INDEX companies_name_folded ON companies (name_folded);
CREATE UNIQUE INDEX clients_name_folded ON clients (company_id, name_folded);
CREATE UNIQUE INDEX mikrotik_routers_name_folded ON mikrotik_routers (name_folded);
CREATE UNIQUE INDEX client_links_circuit_folded ON client_links (circuit_folded);
CREATE UNIQUE INDEX client_portal_users_username_folded ON client_portal_users (username_folded);
CREATE UNIQUE INDEX staff_users_username_folded ON staff_users (username_folded);
