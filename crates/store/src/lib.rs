//! Everything that is kept: SQLite and PostgreSQL behind one set of functions.
