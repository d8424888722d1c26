use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

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
