use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::StoreError;

/// One thing on either engine: a pool, a transaction, a constant text where the engines must differ.
pub(crate) enum Engine<S, P> {
    /// The embedded engine.
    Sqlite(S),
    /// The engine for more than one process or machine.
    Postgres(P),
}

/// Where to read from.
pub(crate) type Reader<'a> = Engine<&'a SqlitePool, &'a PgPool>;

/// A transaction that may write; dropped without [`commit`](Engine::commit) it leaves nothing.
pub(crate) type Tx = Engine<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

/// Expands one expression for both typed drivers: `on!(engine, conn => sqlx::query(SQL).execute(conn).await)`.
macro_rules! on {
    ($engine:expr, $inner:pat => $body:expr) => {
        match $engine {
            $crate::engine::Engine::Sqlite($inner) => $body,
            $crate::engine::Engine::Postgres($inner) => $body,
        }
    };
}
pub(crate) use on;

/// A text that differs between the engines; both sides stand together so that neither is forgotten.
pub(crate) struct Differs {
    /// The text for SQLite.
    pub(crate) sqlite: &'static str,
    /// The text for PostgreSQL.
    pub(crate) postgres: &'static str,
}

impl Differs {
    /// The text for the engine at hand.
    pub(crate) fn on<S, P>(&self, engine: &Engine<S, P>) -> &'static str {
        match engine {
            Engine::Sqlite(_) => self.sqlite,
            Engine::Postgres(_) => self.postgres,
        }
    }
}

impl Tx {
    /// Makes everything written through it permanent.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        on!(self, tx => tx.commit().await)
    }
}

/// Rows as the one parameter of a statement: a thousand rows travel in one message, with one text to prepare.
pub(crate) fn json<T: serde::Serialize>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(StoreError::corrupt)
}

/// Row counts of the statements that SQLite writes many rows with: few texts, so that all stay prepared.
const SQLITE_ROWS: [usize; 3] = [100, 10, 1];

/// A statement for SQLite with many rows of parameters, prepared for a few row counts. Rows are bound as they are:
/// to take them out of a JSON text costs SQLite more than to store them.
pub(crate) struct SqliteRows {
    columns: usize,
    texts: [String; SQLITE_ROWS.len()],
}

impl SqliteRows {
    /// Plain `?`: SQLite looks up numbered parameters one by one, which is quadratic.
    pub(crate) fn new(before: &str, columns: usize, after: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = |rows: usize| format!("{before} VALUES {} {after}", vec![row.as_str(); rows].join(","));
        Self { columns, texts: SQLITE_ROWS.map(text) }
    }

    /// One of the texts with room for the parameters of so many rows: a list of thousands that grows while it is filled
    /// is copied again and again.
    pub(crate) fn query(&self, text: &'static str, rows: usize) -> Query<'static, Sqlite, SqliteArguments> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(rows * self.columns, 0);
        sqlx::query_with(text, arguments)
    }

    /// All rows in as few statements as may be, each with its text.
    pub(crate) fn split<'a, T>(
        &'static self,
        rows: &'a [T],
    ) -> impl Iterator<Item = (&'static str, &'a [T])> {
        let mut left = rows;
        let sizes = SQLITE_ROWS.into_iter().zip(&self.texts);
        sizes.flat_map(move |(size, text)| {
            let (whole, rest) = left.split_at(left.len() / size * size);
            left = rest;
            whole.chunks(size).map(move |chunk| (text.as_str(), chunk))
        })
    }
}
