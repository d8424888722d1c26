use crate::TakenName;
use crate::failure::Failure;

/// What can go wrong while keeping or finding something. `Display` is one line for an operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such row.
    #[error("no such {what}")]
    NotFound {
        /// The kind of thing, for example `client`.
        what: &'static str,
    },
    /// There is one already.
    #[error("{}", duplicate_words(.what, .field, .taken.as_deref()))]
    Duplicate {
        /// The kind of thing, for example `link`.
        what: &'static str,
        /// Which of its fields must be unique, for example `circuit`.
        field: &'static str,
        /// Of a name: which one there is. `None` for what has no name, and if another transaction entered it at the same time.
        taken: Option<Box<TakenName>>,
    },
    /// A name that several rows have.
    #[error("more than one {what} has this name: say which company")]
    Ambiguous {
        /// The kind of thing.
        what: &'static str,
    },
    /// A row names another that does not exist.
    #[error("the {what} refers to something that does not exist")]
    Dangling {
        /// The kind of thing.
        what: &'static str,
    },
    /// A value that must not be stored.
    #[error("{what} cannot be stored: {why}")]
    Invalid {
        /// The kind of thing.
        what: &'static str,
        /// The rule that it breaks.
        why: String,
    },
    /// Something that a form showed is no longer what it was then.
    #[error("somebody changed the {what} meanwhile: look at it again")]
    Changed {
        /// The kind of thing.
        what: &'static str,
    },
    /// A router's round that is older than the last one written for it.
    #[error("a round of {at_ms} ms is older than the last one written for this router ({stored_at_ms} ms)")]
    OutOfOrder {
        /// The time of the refused round.
        at_ms: i64,
        /// The time of the last round that was written.
        stored_at_ms: i64,
    },
    /// Passwords are sealed in this database and no key was given.
    #[error("this database holds sealed router passwords and no master key was given: point to the key file")]
    MissingKey,
    /// The key is not the one that this database was made with.
    #[error("the master key is not the one this database was made with: use its own key file")]
    WrongKey,
    /// Another process collects into this database.
    #[error("another collector is already running on this database: stop it first")]
    CollectorRunning,
    /// Another collector has claimed the database since.
    #[error("another collector has taken over this database: its polls are stored, ours are not")]
    ClaimLost,
    /// Another process serves this database.
    #[error("another leaseline is already serving this database: stop it first")]
    AlreadyServing,
    /// The database stayed locked for longer than the busy timeout.
    #[error("the database stayed locked by another program for more than 5 seconds: close it and try again")]
    Locked,
    /// The database's disk has no space left.
    #[error("no space is left on the database's disk: free some, and writing goes on by itself")]
    Full(#[source] sqlx::Error),
    /// The schema is newer than this program.
    #[error("this database was written by a newer leaseline (schema version {version}): upgrade the program")]
    TooNew {
        /// The version that this program does not know.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A stored value that this program could not have written.
    #[error("the database holds a damaged value: {0}")]
    Corrupt(String),
    /// A file beside the database could not be used.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The database could not be opened.
    #[error("cannot open the database {location}: check that it exists, is reachable and is not damaged")]
    Open {
        /// Where, without a password.
        location: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The database refused or failed.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The SQLite file could not be read by the ledger's own connection.
    #[error("the database failed")]
    Ledger(#[source] rusqlite::Error),
    /// Reading was cut off, by a stop of the program or a fault in it.
    #[error("reading the database was cut off")]
    Stopped(#[source] tokio::task::JoinError),
}

fn duplicate_words(what: &str, field: &str, taken: Option<&TakenName>) -> String {
    let words = || format!("there is already a {what} with this {field}: choose another");
    taken.map_or_else(words, TakenName::to_string)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match Failure::of(&error) {
            Failure::Locked => Self::Locked,
            Failure::Full => Self::Full(error),
            Failure::Unavailable | Failure::Other => Self::Database(error),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => Self::Locked,
            _ => Self::Ledger(error),
        }
    }
}

impl StoreError {
    /// Whether the database cannot be written at the moment, as opposed to refusing what it was given: the same write
    /// succeeds once the disk has space, the lock is free or the server is back.
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Locked | Self::Full(_) => true,
            Self::Database(error) => Failure::of(error) == Failure::Unavailable,
            _ => false,
        }
    }

    /// The error with what caused it, on one line.
    pub(crate) fn words(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            // SQLite's errors say the same as their source.
            let cause_words = cause.to_string();
            if !text.ends_with(&cause_words) {
                text = format!("{text}: {cause_words}");
            }
            source = cause.source();
        }
        text
    }

    /// A value that does not parse although this program wrote it.
    pub(crate) fn corrupt(error: impl std::fmt::Display) -> Self {
        Self::Corrupt(error.to_string())
    }

    /// Turns the violation of a unique or foreign key by an insert of a `what` into the error that says so.
    ///
    /// `fields` pairs a part of the constraint's name or columns with the field's name for people.
    pub(crate) fn on_insert(
        error: sqlx::Error,
        what: &'static str,
        fields: &[(&'static str, &'static str)],
    ) -> Self {
        let Some(database) = error.as_database_error() else { return error.into() };
        if database.is_foreign_key_violation() {
            return Self::Dangling { what };
        }
        if database.is_unique_violation() {
            // SQLite names the columns in its message, PostgreSQL the constraint.
            let name = database.constraint().unwrap_or_else(|| database.message());
            let field = fields.iter().find(|(part, _)| name.contains(part)).map_or("key", |(_, field)| field);
            return Self::Duplicate { what, field, taken: None };
        }
        if database.is_check_violation() {
            let why = database.message().to_owned();
            return Self::Invalid { what, why };
        }
        error.into()
    }
}
