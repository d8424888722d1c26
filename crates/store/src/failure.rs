//! What kind of failure an error of the driver is.

/// Why a statement failed, as far as it matters to whoever may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Another program holds the lock of the SQLite file.
    Locked,
    /// The disk is full.
    Full,
    /// The database cannot be reached, or cannot work at the moment.
    Unavailable,
    /// The statement itself was refused.
    Other,
}

impl Failure {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return if is_connection(error) { Self::Unavailable } else { Self::Other };
        };
        let code = database.code().unwrap_or_default();
        if database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            of_sqlite(code.parse().unwrap_or(0))
        } else {
            of_postgres(&code)
        }
    }
}

/// Errors that the driver makes without an answer of the database.
fn is_connection(error: &sqlx::Error) -> bool {
    use sqlx::Error::{
        BeginFailed, InvalidSavePointStatement, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed,
    };
    matches!(
        error,
        Io(_)
            | Tls(_)
            | Protocol(_)
            | PoolTimedOut
            | PoolClosed
            | WorkerCrashed
            | BeginFailed
            | InvalidSavePointStatement
    )
}

/// SQLite's result codes (<https://sqlite.org/rescode.html>); extended codes carry the primary one in their low byte.
fn of_sqlite(code: i64) -> Failure {
    const BUSY: i64 = 5;
    const LOCKED: i64 = 6;
    const NO_MEMORY: i64 = 7;
    const READ_ONLY: i64 = 8;
    const IO_ERROR: i64 = 10;
    const FULL: i64 = 13;
    const CANNOT_OPEN: i64 = 14;
    match code & 0xff {
        BUSY | LOCKED => Failure::Locked,
        FULL => Failure::Full,
        NO_MEMORY | READ_ONLY | IO_ERROR | CANNOT_OPEN => Failure::Unavailable,
        _ => Failure::Other,
    }
}

/// PostgreSQL's classes of `SQLSTATE` (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn of_postgres(code: &str) -> Failure {
    const DISK_FULL: &str = "53100";
    const READ_ONLY: &str = "25006";
    if code == DISK_FULL {
        return Failure::Full;
    }
    // Connection, transaction rollback (deadlock, serialization), resources, operator intervention (shutdown), system.
    let is_passing = ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    if is_passing || code == READ_ONLY { Failure::Unavailable } else { Failure::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A passing failure that was taken for a refusal would throw away the round that met it.
    #[test]
    fn a_code_of_a_full_or_absent_database_is_told_from_a_refusal() {
        for (code, expected) in [
            (5, Failure::Locked),
            (261, Failure::Locked),
            (13, Failure::Full),
            (778, Failure::Unavailable),
            (14, Failure::Unavailable),
            (2067, Failure::Other),
            (0, Failure::Other),
        ] {
            assert_eq!(of_sqlite(code), expected, "{code}");
        }
        for (code, expected) in [
            ("53100", Failure::Full),
            ("53300", Failure::Unavailable),
            ("57P01", Failure::Unavailable),
            ("08006", Failure::Unavailable),
            ("40P01", Failure::Unavailable),
            ("25006", Failure::Unavailable),
            ("23505", Failure::Other),
            ("42601", Failure::Other),
        ] {
            assert_eq!(of_postgres(code), expected, "{code}");
        }
    }
}
