//! What all lists and overviews have in common: tables, search, pages, facts.

use askama::Template;
use serde::Deserialize;
use store::{STAFF_PAGE_ROWS, Shown, StaffAsk};

use crate::pages::staff::Frame;

/// What the address of a list says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) page: String,
}

impl Asked {
    pub(crate) fn ask(&self) -> StaffAsk<'_> {
        StaffAsk { search: &self.q, page: self.number() }
    }

    /// What is no number is the first page.
    fn number(&self) -> i64 {
        self.page.parse().unwrap_or(1).max(1)
    }
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
    pub(crate) sub: String,
    /// A state's style class: the text stands in a pill with its icon.
    pub(crate) pill: Option<&'static str>,
    pub(crate) is_number: bool,
    pub(crate) is_code: bool,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn number(number: i64) -> Self {
        Self { text: number.to_string(), is_number: true, ..Self::default() }
    }

    pub(crate) fn link(text: impl Into<String>, href: String) -> Self {
        Self { text: text.into(), href: Some(href), ..Self::default() }
    }

    pub(crate) fn pill(class: &'static str, text: impl Into<String>) -> Self {
        Self { text: text.into(), pill: Some(class), ..Self::default() }
    }

    /// The style class of the pill; empty: there is none.
    pub(crate) fn class(&self) -> &'static str {
        self.pill.unwrap_or_default()
    }

    pub(crate) fn sub(self, sub: impl Into<String>) -> Self {
        Self { sub: sub.into(), ..self }
    }

    pub(crate) fn code(self) -> Self {
        Self { is_code: true, ..self }
    }
}

/// A table; the first cell of a row names it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) head: &'static [&'static str],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What stands there without any row.
    pub(crate) none: &'static str,
    /// Where there is more, and what that is.
    pub(crate) more: Option<(String, String)>,
}

impl Table {
    /// The heads, and whether numbers stand below.
    pub(crate) fn heads(&self) -> Vec<(&'static str, bool)> {
        let first = self.rows.first().map_or(&[][..], Vec::as_slice);
        let is_number = |place: usize| first.get(place).is_some_and(|cell| cell.is_number);
        self.head.iter().enumerate().map(|(place, head)| (*head, is_number(place))).collect()
    }

    /// The rows with their cells' heads: on a phone each cell says what it is.
    pub(crate) fn labelled(&self) -> Vec<(&Cell, Vec<(&'static str, &Cell)>)> {
        let labels = |row| self.head.iter().copied().zip(row).skip(1).collect();
        self.rows.iter().filter_map(|row: &Vec<Cell>| Some((row.first()?, labels(row)))).collect()
    }
}

/// A list with its search and pages.
#[derive(Template)]
#[template(path = "staff_list.html")]
pub(crate) struct ListPage {
    frame: Frame,
    title: &'static str,
    /// What can be entered here, and where.
    add: Option<(&'static str, &'static str)>,
    /// What the search looks at; empty: there is none.
    searched: &'static str,
    search: String,
    table: Table,
    pub(crate) total: i64,
    page: i64,
}

impl ListPage {
    pub(crate) fn new(frame: Frame, title: &'static str, asked: &Asked, total: i64, table: Table) -> Self {
        let (search, page) = (asked.q.trim().to_owned(), asked.number());
        Self { frame, title, add: None, searched: "", search, table, total, page }
    }

    pub(crate) fn searched(self, searched: &'static str) -> Self {
        Self { searched, ..self }
    }

    /// With a button to enter one, for whom it is allowed.
    pub(crate) fn with_add(self, allowed: bool, address: &'static str, words: &'static str) -> Self {
        Self { add: allowed.then_some((address, words)), ..self }
    }

    fn pages(&self) -> i64 {
        pages(self.total)
    }

    /// The address of another page of the same list.
    fn address(&self, page: i64) -> String {
        page_address(self.frame.at, &self.search, page)
    }
}

pub(crate) fn pages(total: i64) -> i64 {
    (total + STAFF_PAGE_ROWS - 1).div_euclid(STAFF_PAGE_ROWS).max(1)
}

pub(crate) fn page_address(list: &str, search: &str, page: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    let query = query.finish();
    if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") }
}

/// Something that can be done with the thing of a page.
pub(crate) enum Deed {
    /// A page to go to.
    Go { to: String, words: &'static str },
    /// A form behind a fold, so that one click alone does nothing.
    Ask { to: String, words: &'static str, what: &'static str, date: Option<Moment> },
}

/// A moment that a form asks for.
pub(crate) struct Moment {
    pub(crate) value: String,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether it was typed and refused: then the form is unfolded.
    pub(crate) is_refused: bool,
    /// The thing as the page shows it.
    pub(crate) shown: Shown,
}

impl Moment {
    /// The moment to begin with, or what was typed and refused.
    pub(crate) fn new(first: String, shown: Shown, refused: Option<&Refusal>) -> Self {
        let typed = refused.map(|refusal| refusal.typed.clone());
        Self { is_refused: typed.is_some(), value: typed.unwrap_or(first), required: true, shown }
    }
}

/// Why a moment is refused, and what was typed.
pub(crate) struct Refusal {
    pub(crate) why: String,
    pub(crate) typed: String,
}

/// One thing with its facts, what can be done with it, and the lists of what belongs to it.
#[derive(Template)]
#[template(path = "staff_thing.html")]
pub(crate) struct ThingPage {
    pub(crate) frame: Frame,
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) pill: Option<Cell>,
    pub(crate) warning: Option<String>,
    pub(crate) facts: Vec<(&'static str, Cell)>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) tables: Vec<Table>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_and_addressed_with_what_is_searched_for() {
        assert_eq!([0, 1, 50, 51, 100].map(pages), [1, 1, 1, 2, 2]);
        assert_eq!(page_address("/staff/links", "", 1), "/staff/links");
        assert_eq!(page_address("/staff/links", "a&b ü", 3), "/staff/links?q=a%26b+%C3%BC&page=3");
        for page in ["0", "-3", "x", "", "99999999999999999999"] {
            assert_eq!(Asked { page: page.to_owned(), ..Asked::default() }.ask().page, 1, "{page}");
        }
    }
}
