//! Many clients, routers or links from a CSV file. A file is checked as a whole, every fault is named by line and column,
//! and only a file without faults is written, in one transaction. [`field`] holds what a single value must be like,
//! wherever people type it.

mod clients;
mod export;
pub mod field;
mod known;
mod links;
mod routers;
mod table;

pub use export::{BYTE_ORDER_MARK, export_csv};
use secrecy::SecretString;
use store::{IMPORT_ROWS_MAX, StaffAct, Store, StoreError};

use known::Known;
use table::Table;

/// The most bytes of a file.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most faults that are told; a file that has more is wrong as a whole.
pub const FAULTS_MAX: usize = 1_000;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Customers.
    Clients,
    /// Routers.
    Routers,
    /// Links with their first terms.
    Links,
}

impl Kind {
    /// Its columns, those that must be there first: name, whether it must be there, and what stands in it.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Clients => clients::COLUMNS,
            Self::Routers => routers::COLUMNS,
            Self::Links => links::COLUMNS,
        }
    }
}

/// A column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// As the first line names it.
    pub name: &'static str,
    /// Whether every row needs it.
    pub required: bool,
    /// What stands in it.
    pub about: &'static str,
}

/// How a file is read.
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// Whose things they are where no column says so; not needed if there is one company only.
    pub company: Option<&'a str>,
    /// The password of routers that have none in the file.
    pub router_password: Option<SecretString>,
    /// Only check.
    pub dry_run: bool,
}

/// Something that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// From 1 on; the first line names the columns.
    pub line: u64,
    /// Which column, or nothing if it is the line as a whole.
    pub column: String,
    /// Why, and what to do.
    pub why: String,
}

/// The longest sentence of a fault, and the longest name of a column: both may say back what stands in the file.
const WHY_CHARS_MAX: usize = 400;
const COLUMN_CHARS_MAX: usize = 60;

/// One more fault, as long as there is room: a file of nothing but faults must not become many times its size.
pub(crate) fn add(faults: &mut Vec<Fault>, fault: Fault) {
    if faults.len() < FAULTS_MAX {
        let (column, why) = (cut(fault.column, COLUMN_CHARS_MAX), cut(fault.why, WHY_CHARS_MAX));
        faults.push(Fault { column, why, ..fault });
    }
}

fn cut(text: String, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text;
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// Rows below the first line.
    pub rows: usize,
    /// How many were written: all or none.
    pub written: usize,
    /// In the order of the lines; at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
}

/// Reads a file, checks it against itself and what is stored within the scope, and writes it unless there is a fault.
///
/// # Errors
/// Those of the database; nothing is written then either.
pub async fn import_csv(
    store: &Store,
    act: &StaffAct<'_>,
    kind: Kind,
    file: &[u8],
    options: &Options<'_>,
) -> Result<Outcome, StoreError> {
    let table = match Table::read(file, kind.columns()) {
        Ok(table) => table,
        Err(faults) => return Ok(Outcome { faults, ..Outcome::default() }),
    };
    let rows = table.rows.len();
    let known = Known::read(store, act.scope).await?;
    let result = match kind {
        Kind::Clients => clients::import(store, act, &table, &known, options).await,
        Kind::Routers => routers::import(store, act, &table, &known, options).await,
        Kind::Links => links::import(store, act, &table, &known, options).await,
    };
    match result {
        Ok(()) => Ok(Outcome { rows, written: if options.dry_run { 0 } else { rows }, faults: Vec::new() }),
        Err(Trouble::Faults(mut faults)) => {
            faults.sort_by_key(|fault| fault.line);
            faults.truncate(FAULTS_MAX);
            Ok(Outcome { rows, written: 0, faults })
        }
        Err(Trouble::Store(error)) => Err(error),
    }
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the file has faults")]
    Faults(Vec<Fault>),
    #[error("the file could not be written")]
    Store(#[from] StoreError),
}

impl From<Vec<Fault>> for Trouble {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Faults(faults)
    }
}

/// A file with more rows is refused.
pub const ROWS_MAX: usize = IMPORT_ROWS_MAX;
