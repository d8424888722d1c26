//! Forms that lose nothing: what was typed comes back with the mistake at its field.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use askama::Template;
use axum::extract::{FromRequest, RawForm, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use import::field;
use secrecy::SecretString;
use store::{Shown, TakenName};

use crate::app::App;
use crate::error::{PageError, StaffError};
use crate::pages::render;
use crate::pages::staff::{Answered, Frame, refused};

/// The most fields of a form: those of the largest, with a tick for each of many companies.
const FIELDS_MAX: usize = 2_000;

/// What was typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    values: BTreeMap<String, String>,
    wrong: BTreeMap<&'static str, String>,
}

impl FromRequest<App> for Input {
    type Rejection = StaffError;

    async fn from_request(request: Request, app: &App) -> Result<Self, StaffError> {
        let form = RawForm::from_request(request, app).await;
        let RawForm(form) = form.map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLong,
            _ => PageError::BadRequest,
        })?;
        let mut values = BTreeMap::<String, String>::new();
        for (number, (name, value)) in form_urlencoded::parse(&form).enumerate() {
            if number >= FIELDS_MAX {
                return Err(PageError::BadRequest.into());
            }
            // Ticks of one name stand on lines of their own.
            match values.entry(name.into_owned()) {
                Entry::Vacant(free) => drop(free.insert(value.into_owned())),
                Entry::Occupied(mut before) => before.get_mut().extend(["\n", &*value]),
            }
        }
        Ok(Self { values, wrong: BTreeMap::new() })
    }
}

impl Input {
    /// What a form shows at first.
    pub(crate) fn of(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { values, wrong: BTreeMap::new() }
    }

    /// What an address says of the fields.
    pub(crate) fn from_query(values: BTreeMap<String, String>) -> Self {
        Self { values, wrong: BTreeMap::new() }
    }

    /// What was typed, for an address; empty fields are left out.
    pub(crate) fn query(&self) -> String {
        let typed = self.values.iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish()
    }

    /// A value for a field that has none.
    pub(crate) fn or(mut self, name: &str, value: &str) -> Self {
        self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        self
    }

    /// What was typed, with the spaces around it.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Whether the form had such a field.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// A text that must be there, on one line.
    pub(crate) fn text(&mut self, name: &'static str, chars_max: usize) -> String {
        let text = self.optional(name, chars_max).unwrap_or_default();
        if field::is_blank(&text) {
            self.fault(name, field::EMPTY);
        }
        text
    }

    /// A text on one line; `None`: empty.
    pub(crate) fn optional(&mut self, name: &'static str, chars_max: usize) -> Option<String> {
        match field::line(self.value(name), chars_max) {
            Ok(text) => Some(text).filter(|text| !text.is_empty()),
            Err(why) => {
                self.fault(name, why);
                None
            }
        }
    }

    /// What `parse` makes of a field; its error is told at the field.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(self.value(name)) {
            Ok(value) => Some(value),
            Err(why) => {
                self.fault(name, why);
                None
            }
        }
    }

    /// [`parsed`](Self::parsed), an empty field being none.
    pub(crate) fn parsed_or_none<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.value(name).is_empty() { None } else { self.parsed(name, parse) }
    }

    /// A secret as it was typed; it is never shown again.
    pub(crate) fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.values.remove(name).filter(|text| !text.is_empty()).map(SecretString::from)
    }

    /// What the form showed; what cannot be read is nothing that is there.
    pub(crate) fn shown(&self) -> Shown {
        self.value("shown").parse().unwrap_or(Shown::NOTHING)
    }

    /// Says what is wrong at a field; what was said first stays.
    pub(crate) fn fault(&mut self, name: &'static str, why: impl Into<String>) {
        self.wrong.entry(name).or_insert_with(|| why.into());
    }

    /// Says at a field that something has this name, and which; whoever enters the same at the same moment is told less.
    pub(crate) fn taken(&mut self, name: &'static str, taken: Option<Box<TakenName>>) {
        let why =
            taken.map_or_else(|| "Somebody has just taken this name.".to_owned(), |taken| taken.sentence());
        self.fault(name, why);
    }

    /// What is wrong at a field.
    pub(crate) fn wrong(&self, name: &str) -> Option<&str> {
        self.wrong.get(name).map(String::as_str)
    }

    /// One of the things that are wrong.
    pub(crate) fn first_wrong(&self) -> Option<&str> {
        self.wrong.values().next().map(String::as_str)
    }

    pub(crate) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The `type` of an `input`.
    Input(&'static str),
    /// A text on one line, with what may well be meant: value and words.
    Offered(Vec<(String, String)>),
    /// A longer text.
    Area,
    /// Ticked or not: `on` or nothing.
    Tick,
    /// Some of these: value and words. What is ticked stands on lines.
    Ticks(Vec<(String, String)>),
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
}

/// A field of a form, with what was typed and what is wrong.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) hint: String,
    /// A button beside the field that sends the form elsewhere: where to, and its words.
    pub(crate) aside: Option<(&'static str, &'static str)>,
    pub(crate) wrong: Option<String>,
    pub(crate) required: bool,
    /// What is stored now, if it is something else than was typed.
    pub(crate) stored: Option<String>,
}

impl Field {
    pub(crate) fn new(input: &Input, name: &'static str, label: &'static str, kind: Kind) -> Self {
        let is_secret = kind == Kind::Input("password");
        Self {
            name,
            label,
            kind,
            value: if is_secret { String::new() } else { input.value(name).to_owned() },
            hint: String::new(),
            aside: None,
            wrong: input.wrong.get(name).cloned(),
            required: false,
            stored: None,
        }
    }

    /// Tells what is stored where it is something else than was typed.
    pub(crate) fn compare(&mut self, stored: &Input) {
        let is = stored.value(self.name);
        // Browsers send other line ends than they were given.
        if self.kind == Kind::Input("password") || self.value.lines().eq(is.lines()) {
            return;
        }
        let words = match &self.kind {
            Kind::Choice(options) => {
                options.iter().find(|(value, _)| value == is).map(|(_, words)| words.as_str())
            }
            Kind::Ticks(options) => {
                let ticked = options.iter().filter(|(value, _)| is.lines().any(|line| line == value));
                let words: Vec<&str> = ticked.map(|(_, words)| words.as_str()).collect();
                self.stored = Some(words.join(", "));
                return;
            }
            Kind::Input(_) | Kind::Offered(_) | Kind::Area | Kind::Tick => None,
        };
        self.stored = Some(words.unwrap_or(is).to_owned());
    }

    pub(crate) fn text(input: &Input, name: &'static str, label: &'static str) -> Self {
        Self::new(input, name, label, Kind::Input("text"))
    }

    /// Whether one of the ticks is set.
    pub(crate) fn has(&self, value: &str) -> bool {
        self.value.lines().any(|line| line == value)
    }

    pub(crate) fn choice(
        input: &Input,
        name: &'static str,
        label: &'static str,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self::new(input, name, label, Kind::Choice(options.into_iter().collect()))
    }

    /// Nothing is chosen at first: a choice that nobody made is none.
    pub(crate) fn choosing(mut self) -> Self {
        if let Kind::Choice(options) = &mut self.kind {
            options.insert(0, (String::new(), "Choose one".to_owned()));
        }
        self
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    pub(crate) fn aside(self, to: &'static str, words: &'static str) -> Self {
        Self { aside: Some((to, words)), ..self }
    }

    /// The ids of what is said about the field.
    pub(crate) fn about(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = self.wrong.as_ref().map(|_| format!("{}-wrong", self.name));
        let stored = self.stored.as_ref().map(|_| format!("{}-stored", self.name));
        hint.into_iter().chain(stored).chain(wrong).collect::<Vec<_>>().join(" ")
    }
}

/// A form on a page of its own.
#[derive(Template)]
#[template(path = "staff_form.html")]
pub(crate) struct FormPage {
    pub(crate) frame: Frame,
    pub(crate) title: String,
    /// The page to go back to, and what it is.
    pub(crate) back: (String, String),
    pub(crate) action: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) submit: &'static str,
    /// What to know before.
    pub(crate) note: &'static str,
}

impl FormPage {
    fn trouble(&self) -> Option<String> {
        trouble(&self.fields)
    }

    /// The form once more, with what is wrong.
    pub(crate) fn refused(self) -> Answered<Response> {
        Ok(refused(render(&self)?))
    }
}

/// How many fields are wrong, in words.
pub(crate) fn trouble(fields: &[Field]) -> Option<String> {
    match fields.iter().filter(|field| field.wrong.is_some()).count() {
        0 => None,
        1 => Some("Nothing is stored yet: one field is not right.".to_owned()),
        wrong => Some(format!("Nothing is stored yet: {wrong} fields are not right.")),
    }
}

/// A choice of words that are stored as they are.
pub(crate) fn words(options: &[(&str, &str)]) -> Vec<(String, String)> {
    options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

/// An id that was chosen from a list.
pub(crate) fn chosen(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "Choose one.".to_owned())
}

/// What the mailer would refuse is refused; whether mail arrives there is seen when some is sent.
pub(crate) fn email(text: &str) -> Result<String, String> {
    store::email(text).map_err(|_| "That is not an e-mail address.".to_owned())
}

/// Addresses and WhatsApp numbers, one on each line; each once, as they are compared.
pub(crate) fn recipients(text: &str, most: usize) -> Result<Vec<String>, String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let recipient = match line.contains('@') {
            true => email(line).ok().and_then(|address| store::recipient(&address).ok()),
            false => store::recipient(line).ok(),
        };
        let wrong = || format!("{line:?} is neither an e-mail address nor a number such as +91 98123 45678.");
        let recipient = recipient.ok_or_else(wrong)?;
        if !all.contains(&recipient) {
            all.push(recipient);
        }
    }
    if all.len() > most {
        return Err(format!("These are {} addresses and numbers: {most} at most.", all.len()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use import::field::mbps;

    use super::*;

    #[test]
    fn a_mistake_is_told_once_and_what_was_typed_stays() {
        let mut input = Input::of(&[("name", "  "), ("mbps", "fast")]);
        assert_eq!(input.text("name", 10), "");
        assert_eq!(input.parsed("mbps", mbps), None);
        input.fault("mbps", "something else");
        assert!(!input.is_right());
        let field = Field::text(&input, "mbps", "Mbit/s").hint("as sold");
        assert_eq!((field.value.as_str(), field.about().as_str()), ("fast", "mbps-hint mbps-wrong"));
        assert!(field.wrong.is_some_and(|why| why.starts_with("Write Mbit/s")));
    }

    #[test]
    fn what_is_stored_is_told_where_it_differs_and_a_secret_never() {
        let typed = Input::of(&[("name", "A"), ("tls", "off"), ("password", "x"), ("ca", "1\r\n2")]);
        let stored = Input::of(&[("name", "A"), ("tls", "pin"), ("password", "y"), ("ca", "1\n2")]);
        let compared = |mut field: Field| {
            field.compare(&stored);
            field.stored
        };
        assert_eq!(compared(Field::text(&typed, "name", "Name")), None);
        let tls = Field::choice(&typed, "tls", "Connection", words(&[("off", "Plain"), ("pin", "Pinned")]));
        assert_eq!(compared(tls), Some("Pinned".to_owned()));
        assert_eq!(compared(Field::new(&typed, "password", "Password", Kind::Input("password"))), None);
        assert_eq!(compared(Field::new(&typed, "ca", "CA", Kind::Area)), None);
    }

    #[test]
    fn addresses_stand_on_lines_of_their_own_and_each_once() {
        let found =
            recipients(" Noc@isp.example\r\n\r\n+91 98000-00001\nnoc@ISP.example\nwhatsapp:+919800000001", 2);
        assert_eq!(found, Ok(vec!["noc@isp.example".to_owned(), "whatsapp:+919800000001".to_owned()]));
        assert_eq!(recipients("", 0), Ok(Vec::new()));
        assert!(recipients("a@x\nnobody", 9).is_err_and(|why| why.contains("\"nobody\"")));
        assert!(recipients("a@x\nb@x", 1).is_err_and(|why| why.contains("1 at most")));
    }

    #[test]
    fn a_secret_comes_back_on_no_page() {
        let mut input = Input::of(&[("password", "hunter2 hunter2")]);
        let field = Field::new(&input, "password", "Password", Kind::Input("password"));
        assert_eq!(field.value, "");
        assert!(input.secret("password").is_some() && input.secret("password").is_none());
    }
}
