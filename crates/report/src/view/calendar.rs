use serde::Serialize;
use sla::Day;

use crate::Document;
use crate::local_time::LocalTime;

/// Down time of a day from which its cell is darker, permille of the day.
const NOTABLE_PERMILLE: i64 = 10;
const GRAVE_PERMILLE: i64 = 50;

/// The month, a week a row, Monday first.
#[derive(Debug, Serialize)]
pub(crate) struct Calendar {
    /// Cells before the first of the month.
    pub(crate) blank: u8,
    pub(crate) days: Vec<DayCell>,
}

/// A day. Its figure stands in words, the shade is only beside it.
#[derive(Debug, Serialize)]
pub(crate) struct DayCell {
    pub(crate) day: i8,
    /// `full`, `slight`, `notable`, `grave`; `unknown`, `excluded`; `outside` the contract, `ahead`.
    pub(crate) shade: &'static str,
    /// `100 %`, `99.31 %`, `no data`.
    pub(crate) figure: String,
    /// `down 1 h 22 m`, where it was.
    pub(crate) down: String,
    /// Some of it is unknown.
    pub(crate) unknown: bool,
    /// Some of it is excluded.
    pub(crate) excluded: bool,
}

impl Calendar {
    pub(super) fn new(document: &Document<'_>, time: &LocalTime, days: &[Day]) -> Self {
        let month = document.month(time);
        let first = time.at(month.from_ms).date();
        let all =
            first.first_of_month().series(jiff::Span::new().days(1)).take(first.days_in_month() as usize);
        let cells =
            all.map(|date| days.iter().find(|day| day.date == date).map_or_else(|| ahead(date.day()), cell));
        Self { blank: first.first_of_month().weekday().to_monday_zero_offset() as u8, days: cells.collect() }
    }
}

fn ahead(day: i8) -> DayCell {
    DayCell {
        day,
        shade: "ahead",
        figure: String::new(),
        down: String::new(),
        unknown: false,
        excluded: false,
    }
}

fn cell(day: &Day) -> DayCell {
    let known_ms = day.up_ms + day.down_ms;
    let permille = (day.down_ms * 1_000).checked_div(known_ms).unwrap_or(0);
    let shade = match day {
        _ if day.contracted_ms == 0 => "outside",
        _ if known_ms == 0 && day.unknown_ms > 0 => "unknown",
        _ if known_ms == 0 => "excluded",
        _ if day.down_ms == 0 => "full",
        _ if permille < NOTABLE_PERMILLE => "slight",
        _ if permille < GRAVE_PERMILLE => "notable",
        _ => "grave",
    };
    let figure = match shade {
        "outside" => "no contract".to_owned(),
        "unknown" => "no data".to_owned(),
        "excluded" => "excluded".to_owned(),
        "full" => "100 %".to_owned(),
        _ => sla::percent_truncated(day.up_ms, known_ms, 2).map_or(String::new(), |pct| format!("{pct} %")),
    };
    let down = if day.down_ms > 0 { sla::duration_words(day.down_ms) } else { String::new() };
    DayCell {
        day: day.date.day(),
        shade,
        figure,
        down,
        unknown: day.unknown_ms > 0 && shade != "unknown",
        excluded: day.excluded_ms > 0 && shade != "excluded",
    }
}
