//! Text from outside on a terminal and in the log: a router's name must not forge a line or send an escape sequence.

use std::borrow::Cow;
use std::fmt::{self, Debug};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{self, Writer};

/// On one line, with what steers the terminal written out: `\u{1b}`.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    shown(text, steers)
}

/// The same for text of ours with several lines, in which something from outside may stand.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |letter| steers(letter) && !matches!(letter, '\n' | '\t'))
}

fn shown(text: &str, steers: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&steers) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if steers(letter) { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    shown.into()
}

/// Controls, line separators, and what turns the direction of text.
fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How the log writes an event's message and fields: each on the event's one line.
pub(crate) fn log_fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    format::debug_fn(log_field).delimited(" ")
}

fn log_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match field.name() {
        "message" => writer.write_str(&one_line(&format!("{value:?}"))),
        name => write!(writer, "{name}={}", one_line(&format!("{value:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    const FORGED: &str = "edge\n2026-11-30T00:00:00Z ERROR forged\u{1b}[2J\u{202e}";

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(one_line(FORGED), r"edge\n2026-11-30T00:00:00Z ERROR forged\u{1b}[2J\u{202e}");
        assert_eq!(lines("two\nlines\u{7}"), "two\nlines\\u{7}");
        assert!(matches!(one_line("Küche – кухня"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_routers_text_is_one_line_of_the_log() {
        #[derive(Clone, Default)]
        struct Lines(Arc<Mutex<Vec<u8>>>);
        impl io::Write for Lines {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().expect("one thread").write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Lines::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt()
            .fmt_fields(log_fields())
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::warn!(router = %FORGED, quoted = FORGED, "no look at this router: {FORGED}");
        });
        let text = String::from_utf8(written.0.lock().expect("one thread").clone()).expect("text");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end().contains(steers), "{text}");
        assert!(text.contains("no look at this router: edge") && text.contains("router=edge"), "{text}");
    }
}
