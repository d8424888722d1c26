-- Why the last poll of a router failed, and since when polls fail for this cause. A router that rejects the login answers.
ALTER TABLE router_status ADD COLUMN cause TEXT;
ALTER TABLE router_status ADD COLUMN cause_since_ms INTEGER NOT NULL DEFAULT 0;
UPDATE router_status SET cause_since_ms = since_ms;
UPDATE router_status SET cause = 'router_unreachable' WHERE NOT reachable;
