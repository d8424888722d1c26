//! What all lists and overviews have in common: tables, search, pages, facts.

use std::collections::BTreeMap;

use askama::Template;
use serde::Deserialize;
use store::{STAFF_PAGE_ROWS, Shown, StaffAsk};

use crate::pages::staff::Frame;
use crate::pages::staff::form::{Field, Input, Kind};

/// What the address of a list says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) page: String,
    /// What else the list is narrowed down by.
    #[serde(flatten)]
    pub(crate) narrowed: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn ask(&self) -> StaffAsk<'_> {
        StaffAsk { search: &self.q, page: self.number() }
    }

    /// One of these, if the address names it under `name`; all of them otherwise.
    pub(crate) fn one_of<T: Copy>(&self, name: &str, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let wanted = self.narrowed.get(name)?;
        all.iter().copied().find(|one| word(*one) == wanted)
    }

    /// A field of the list's form with what was chosen in it.
    pub(crate) fn choice(
        &self,
        name: &'static str,
        label: &'static str,
        all: &'static str,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Field {
        let none = std::iter::once((String::new(), all.to_owned()));
        Field::choice(&self.input(), name, label, none.chain(options))
    }

    /// What the address says, as a form has it.
    pub(crate) fn input(&self) -> Input {
        let values: Vec<_> =
            self.narrowed.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Input::of(&values)
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
    /// What narrows the list down besides.
    filters: Vec<Field>,
    /// What can be done with all that is listed.
    deeds: Vec<Deed>,
    table: Table,
    pub(crate) total: i64,
    page: i64,
    /// Whether not everything is asked for.
    is_narrowed: bool,
}

impl ListPage {
    pub(crate) fn new(frame: Frame, title: &'static str, asked: &Asked, total: i64, table: Table) -> Self {
        let (search, page) = (asked.q.trim().to_owned(), asked.number());
        let is_narrowed = !search.is_empty() || asked.narrowed.values().any(|value| !value.is_empty());
        Self {
            frame,
            title,
            add: None,
            searched: "",
            search,
            filters: Vec::new(),
            deeds: Vec::new(),
            table,
            total,
            page,
            is_narrowed,
        }
    }

    pub(crate) fn searched(self, searched: &'static str) -> Self {
        Self { searched, ..self }
    }

    /// With fields beside the search.
    pub(crate) fn narrowed(self, filters: Vec<Field>) -> Self {
        Self { filters, ..self }
    }

    /// With what can be done with all that is listed.
    pub(crate) fn with_deeds(self, deeds: Vec<Deed>) -> Self {
        Self { deeds, ..self }
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
        let filters: Vec<_> = self.filters.iter().map(|field| (field.name, field.value.as_str())).collect();
        list_address(self.frame.at, &self.search, &filters, page)
    }
}

pub(crate) fn pages(total: i64) -> i64 {
    (total + STAFF_PAGE_ROWS - 1).div_euclid(STAFF_PAGE_ROWS).max(1)
}

pub(crate) fn page_address(list: &str, search: &str, page: i64) -> String {
    list_address(list, search, &[], page)
}

/// The address of a page of a list; what is empty stands not in it.
pub(crate) fn list_address(list: &str, search: &str, filters: &[(&str, &str)], page: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let search = std::iter::once(("q", search));
    query.extend_pairs(search.chain(filters.iter().copied()).filter(|(_, value)| !value.is_empty()));
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
    Ask(Ask),
}

/// A form with which something is done.
pub(crate) struct Ask {
    pub(crate) to: String,
    pub(crate) words: &'static str,
    pub(crate) what: &'static str,
    pub(crate) fields: Vec<Field>,
    /// Whether something ends by it.
    pub(crate) ends: bool,
    /// The thing as the page shows it, where whoever comes second must be told.
    pub(crate) shown: Option<Shown>,
}

impl Deed {
    /// Something that ends something, after a question.
    pub(crate) fn end(to: String, words: &'static str, what: &'static str, fields: Vec<Field>) -> Self {
        Self::Ask(Ask { to, words, what, fields, ends: true, shown: None })
    }

    /// Something harmless, with fields to fill in.
    pub(crate) fn fill(to: String, words: &'static str, what: &'static str, fields: Vec<Field>) -> Self {
        Self::Ask(Ask { to, words, what, fields, ends: false, shown: None })
    }
}

impl Deed {
    /// Refused if the thing is something else by then than what the page shows.
    pub(crate) fn showing(self, shown: Shown) -> Self {
        match self {
            Self::Ask(ask) => Self::Ask(Ask { shown: Some(shown), ..ask }),
            Self::Go { .. } => self,
        }
    }
}

impl Ask {
    /// What was refused is not folded away.
    fn is_unfolded(&self) -> bool {
        self.fields.iter().any(|field| field.wrong.is_some())
    }
}

/// The moment from which on something holds; at first `at`.
pub(crate) fn moment(input: Option<&Input>, at: &str) -> Field {
    let first = Input::of(&[("at", at)]);
    Field::new(input.unwrap_or(&first), "at", "From this moment on", Kind::Input("datetime-local"))
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
    pub(crate) letter: Option<Letter>,
}

/// A longer text of a thing, as it is.
pub(crate) struct Letter {
    pub(crate) head: &'static str,
    /// May be empty.
    pub(crate) subject: String,
    pub(crate) text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_and_addressed_with_what_is_searched_for() {
        assert_eq!([0, 1, 50, 51, 100].map(pages), [1, 1, 1, 2, 2]);
        assert_eq!(page_address("/staff/links", "", 1), "/staff/links");
        assert_eq!(page_address("/staff/links", "a&b ü", 3), "/staff/links?q=a%26b+%C3%BC&page=3");
        let filters = [("state", "open"), ("kind", "")];
        assert_eq!(list_address("/staff/alerts", "a", &filters, 1), "/staff/alerts?q=a&state=open");
        for page in ["0", "-3", "x", "", "99999999999999999999"] {
            assert_eq!(Asked { page: page.to_owned(), ..Asked::default() }.ask().page, 1, "{page}");
        }
    }
}
