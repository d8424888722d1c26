-- Why the last poll of a router failed, and since when polls fail for this cause. A router that rejects the login answers.
ALTER TABLE router_status ADD COLUMN cause TEXT;
ALTER TABLE router_status ADD COLUMN cause_since_ms INTEGER NOT NULL DEFAULT 0;
UPDATE router_status SET cause_since_ms = since_ms;
UPDATE router_status SET cause = 'router_unreachable' WHERE NOT reachable;

-- Every look for alerts asks for links whose interface is not on the router.
CREATE INDEX link_latest_without_port ON link_latest (link_id) WHERE cause = 'interface_missing';
