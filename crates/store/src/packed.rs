//! Many rows as one JSON text. The driver of SQLite hands each row from its thread to the reader's, and each column in
//! memory of its own: for thousands of small rows that takes several times as long as finding them.

use serde::de::DeserializeOwned;

use crate::engine::{Differs, on};
use crate::{ClientId, LIST_ROWS_MAX, Store, StoreError};

/// The rows of a statement as the one row and column `[[column, …], …]`, for [`unpack`]: the columns by name, the
/// statement, and the order.
macro_rules! packed {
    ($columns:expr, $rows:expr, $order:expr) => {
        $crate::engine::Differs {
            sqlite: concat!(
                "SELECT json_group_array(json_array(",
                $columns,
                ") ORDER BY ",
                $order,
                ") FROM (",
                $rows,
                ") AS rows"
            ),
            postgres: concat!(
                "SELECT COALESCE(json_agg(json_build_array(",
                $columns,
                ") ORDER BY ",
                $order,
                ")::text, '[]') FROM (",
                $rows,
                ") AS rows"
            ),
        }
    };
}
pub(crate) use packed;

impl Store {
    /// At most [`LIST_ROWS_MAX`] rows of a packed statement whose parameters are the client and this limit.
    pub(crate) async fn packed_of_client<T: DeserializeOwned>(
        &self,
        sql: &Differs,
        client: ClientId,
    ) -> Result<Vec<T>, StoreError> {
        let reader = self.reader();
        let sql = sql.on(&reader);
        let rows: String =
            on!(reader, db => sqlx::query_scalar(sql).bind(client).bind(LIST_ROWS_MAX).fetch_one(db).await)?;
        unpack(&rows)
    }
}

/// Rows out of what [`packed`] gives; `T` takes the columns in order, as a tuple or as the fields of a struct.
pub(crate) fn unpack<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}
