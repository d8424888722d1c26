//! A CSV file as rows with named columns: comma or semicolon between, a byte order mark or none.

use csv::{ReaderBuilder, StringRecord};

use crate::export::{BYTE_ORDER_MARK, is_formula};
use crate::{Column, FILE_BYTES_MAX, Fault, ROWS_MAX, add};

/// The most columns of a file; every kind has far fewer.
const COLUMNS_MAX: usize = 64;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Table {
    /// The place of each known column, in the order of [`Kind::columns`](crate::Kind::columns).
    places: Vec<(&'static str, Option<usize>)>,
    pub(crate) rows: Vec<Row>,
}

/// A line below the first.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: StringRecord,
}

impl Table {
    pub(crate) fn read(file: &[u8], columns: &'static [Column]) -> Result<Self, Vec<Fault>> {
        let whole = |why: String| vec![Fault { line: 1, column: String::new(), why }];
        if file.len() > FILE_BYTES_MAX {
            return Err(whole(format!(
                "The file has more than {} MB: divide it.",
                FILE_BYTES_MAX / 1024 / 1024
            )));
        }
        let file = file.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(file);
        let text = std::str::from_utf8(file).map_err(|error| {
            let line = file[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            let why = "This is not UTF-8: save the file as CSV UTF-8.".to_owned();
            vec![Fault { line, column: String::new(), why }]
        })?;
        // With two characters at their ends, lines are counted one too few.
        let text = text.replace("\r\n", "\n");
        let (delimiter, text, lines_before) = delimiter(&text);
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let Some(Ok(head)) = records.next() else {
            return Err(whole(format!(
                "The file is empty: its first line names the columns {}.",
                names(columns)
            )));
        };
        let width = filled(&head);
        if width > COLUMNS_MAX {
            let why = format!("The first line has {width} columns; there are only {}.", names(columns));
            return Err(whole(why));
        }
        let places = places(&head, width, columns)?;
        let mut rows = Vec::new();
        let mut faults = Vec::new();
        for record in records {
            let cells = record.map_err(|error| whole(format!("The file cannot be read: {error}.")))?;
            let line = cells.position().map_or(0, csv::Position::line) + lines_before;
            if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            // Spreadsheets fill lines up to the longest with empty cells, some lines more than others.
            let filled = filled(&cells);
            if filled > width || cells.len() < width {
                let cells = if filled > width { filled } else { cells.len() };
                let why = format!("This line has {cells} cells, the first one {width}.");
                add(&mut faults, Fault { line, column: String::new(), why });
            }
            // What a column makes of other control characters is its own affair; this one no database takes.
            for (cell, name) in cells.iter().zip(&head).filter(|(cell, _)| cell.contains('\0')) {
                let why = format!("This has a control character (U+0000) after {:?}.", before_nul(cell));
                add(&mut faults, Fault { line, column: name.to_owned(), why });
            }
            if rows.len() == ROWS_MAX {
                return Err(whole(format!("The file has more than {ROWS_MAX} rows: divide it.")));
            }
            rows.push(Row { line, cells });
        }
        if rows.is_empty() {
            return Err(whole("The file has no rows below its first line.".to_owned()));
        }
        if faults.is_empty() { Ok(Self { places, rows }) } else { Err(faults) }
    }

    /// What stands in a column of a row, without spaces around it; empty if the file has no such column.
    pub(crate) fn cell<'a>(&self, row: &'a Row, column: &str) -> &'a str {
        let place = self.places.iter().find(|(name, _)| *name == column).and_then(|(_, place)| *place);
        let cell = place.and_then(|place| row.cells.get(place)).unwrap_or_default().trim();
        // The mark of an export before what a spreadsheet would take for a formula.
        cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
    }
}

/// The beginning of a cell up to U+0000, to find it by.
fn before_nul(cell: &str) -> &str {
    cell.split('\0').next().unwrap_or_default()
}

/// How many cells there are up to the last that is not empty.
fn filled(cells: &StringRecord) -> usize {
    let last = cells.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).last();
    last.map_or(0, |(at, _)| at + 1)
}

/// What stands between the cells, the file without a first line that says so (`sep=;`, as spreadsheets write and read it), and
/// how many lines that takes away.
fn delimiter(text: &str) -> (u8, &str, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(said) = first.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &first[4..])
        && let [delimiter @ (b',' | b';' | b'\t')] = said.as_bytes()
    {
        return (*delimiter, rest, 1);
    }
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    (delimiter, text, 0)
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

fn places(
    head: &StringRecord,
    width: usize,
    columns: &'static [Column],
) -> Result<Vec<(&'static str, Option<usize>)>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault =
        |column: &str, why: String| add(&mut faults, Fault { line: 1, column: column.to_owned(), why });
    let plain: Vec<String> = head.iter().take(width).map(|name| name.trim().to_lowercase()).collect();
    for (at, name) in plain.iter().enumerate() {
        if !columns.iter().any(|column| column.name == name) {
            fault(name, format!("There is no such column; there are {}.", names(columns)));
        } else if plain[..at].contains(name) {
            fault(name, "This column is there twice.".to_owned());
        }
    }
    let place = |column: &Column| (column.name, plain.iter().position(|name| name == column.name));
    let places: Vec<_> = columns.iter().map(place).collect();
    for (column, (_, place)) in columns.iter().zip(&places) {
        if column.required && place.is_none() {
            fault(column.name, "This column is missing.".to_owned());
        }
    }
    if faults.is_empty() { Ok(places) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn read(text: &str) -> Result<Vec<(u64, String, String)>, Vec<Fault>> {
        let table = Table::read(text.as_bytes(), Kind::Clients.columns())?;
        let cells =
            |row: &Row| (row.line, table.cell(row, "name").to_owned(), table.cell(row, "company").to_owned());
        Ok(table.rows.iter().map(cells).collect())
    }

    #[test]
    fn a_line_that_names_the_separator_and_empty_cells_at_the_end_are_accepted() {
        let acme = |line| Ok(vec![(line, "Acme, Pune".to_owned(), "ISP".to_owned())]);
        for (text, line) in [
            ("\u{feff}sep=;\r\nname;company;;\r\nAcme, Pune;ISP;;\r\n", 3),
            ("SEP=,\nname,company,\n\"Acme, Pune\",ISP\n", 3),
            ("sep=\t\nname\tcompany\nAcme, Pune\tISP\t\t\n", 3),
            ("name;company;;;\nAcme, Pune;ISP\n", 2),
        ] {
            assert_eq!(read(text), acme(line), "{text}");
        }
        let faults =
            read("sep=;\nname;company;;\nAcme;ISP;;more\nBeta\n").expect_err("too long and too short");
        let told: Vec<_> = faults.iter().map(|fault| (fault.line, fault.why.as_str())).collect();
        assert_eq!(
            told,
            [(3, "This line has 4 cells, the first one 2."), (4, "This line has 1 cells, the first one 2.")]
        );
        let faults = read("name;;company\nAcme;;ISP\n").expect_err("a column without a name");
        assert!(faults[0].why.contains("no such column"), "{faults:?}");
    }
}
