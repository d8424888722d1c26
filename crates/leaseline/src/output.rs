//! What commands print: a table for people, JSON for programs. The only place that writes to standard output.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::visible;

/// Rows as a table with the given columns, or as a JSON array.
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read what is printed.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One sentence for people; in JSON `{"done": …}` is the value itself.
    pub(crate) fn said<T: Serialize>(&self, sentence: &str, value: &T) -> anyhow::Result<()> {
        self.write(|out| {
            if self.json { json_line(out, value) } else { writeln!(out, "{}", visible::lines(sentence)) }
        })
    }

    /// A list: `header` and `cells` make the table, the items themselves the JSON array, one to a line.
    pub(crate) fn list<T: Serialize, const N: usize>(
        &self,
        items: &[T],
        header: [&str; N],
        cells: impl Fn(&T) -> [String; N],
    ) -> anyhow::Result<()> {
        self.write(|out| if self.json { json_array(out, items) } else { table(out, items, header, cells) })
    }

    /// A line on standard error about a result that is not as it should be.
    pub(crate) fn warn(&self, line: &str) {
        // Whoever closed standard error does not want to know.
        writeln!(io::stderr().lock(), "leaseline: warning: {}", visible::lines(line)).ok();
    }

    /// Text of ours, in which something from outside may stand.
    pub(crate) fn text(&self, text: &str) -> anyhow::Result<()> {
        self.bytes(visible::lines(text).as_bytes())
    }

    /// A file's content as it is.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        self.write(|out| out.write_all(bytes))
    }

    fn write(&self, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match body(&mut out).and_then(|()| out.flush()) {
            // A reader that has seen enough (`| head`) is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Rows under a header, as text.
pub(crate) fn table_of<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut out = Vec::new();
    // Writing into memory does not fail.
    table(&mut out, rows, header, Clone::clone).ok();
    String::from_utf8_lossy(&out).into_owned()
}

fn json_line<T: Serialize>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

fn json_array<T: Serialize>(out: &mut dyn Write, items: &[T]) -> io::Result<()> {
    write!(out, "[")?;
    for (index, item) in items.iter().enumerate() {
        writeln!(out, "{}", if index == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *out, item)?;
    }
    writeln!(out, "{}]", if items.is_empty() { "" } else { "\n" })
}

fn table<T, const N: usize>(
    out: &mut dyn Write,
    items: &[T],
    header: [&str; N],
    cells: impl Fn(&T) -> [String; N],
) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "(none)");
    }
    let rows = items.iter().map(|item| cells(item).map(|cell| visible::one_line(&cell).into_owned()));
    let rows: Vec<[String; N]> = rows.collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    });
    let mut line = |cells: [&str; N]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(header)?;
    for row in &rows {
        line(std::array::from_fn(|column| row[column].as_str()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up_and_an_empty_one_says_so() {
        let mut out = Vec::new();
        let cells = |item: &&str| [(*item).to_owned(), "x".to_owned()];
        table(&mut out, &["a", "लंबा"], ["name", "n"], cells).expect("written");
        assert_eq!(String::from_utf8(out).expect("text"), "name  n\na     x\nलंबा  x\n");
        let mut out = Vec::new();
        table(&mut out, &[], ["name", "n"], cells).expect("written");
        assert_eq!(out, b"(none)\n");
    }

    #[test]
    fn a_json_array_is_json_whatever_its_length() {
        for items in [&[][..], &[1], &[1, 2]] {
            let mut out = Vec::new();
            json_array(&mut out, items).expect("written");
            assert_eq!(serde_json::from_slice::<Vec<i32>>(&out).expect("JSON"), items);
        }
    }
}
