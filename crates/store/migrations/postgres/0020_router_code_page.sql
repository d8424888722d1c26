-- What a router's texts are read in where they are not UTF-8: a name of the WHATWG's encoding standard.
ALTER TABLE mikrotik_routers ADD COLUMN code_page TEXT;
