use std::collections::BTreeMap;

use store::NotificationEvent;

/// The longest name that a template may have.
const NAME_CHARS_MAX: usize = 512;
/// The longest code of a language: `es_ES` and the like.
const LANGUAGE_CHARS_MAX: usize = 10;

/// A template as it was approved: a name in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Small letters, digits and underscores.
    pub name: String,
    /// `en`, `en_GB`, `hi`.
    pub language: String,
}

/// What is no template.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no template: write its name, such as leaseline_notice, or its name and language, such as leaseline_notice:hi"
)]
pub struct TemplateError(String);

/// Which template tells which event; an event without one is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<NotificationEvent, Template>);

impl Template {
    /// `name` in the language `language`, or `name:language` in its own.
    ///
    /// # Errors
    /// A name or a language that no template can have.
    pub fn parse(text: &str, language: &str) -> Result<Self, TemplateError> {
        let (name, language) = text.split_once(':').unwrap_or((text, language));
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_language = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = |text: &str, chars_max: usize| (1..=chars_max).contains(&text.len());
        if !fits(name, NAME_CHARS_MAX) || !name.bytes().all(is_name) {
            return Err(TemplateError(text.to_owned()));
        }
        if !fits(language, LANGUAGE_CHARS_MAX) || !language.bytes().all(is_language) {
            return Err(TemplateError(text.to_owned()));
        }
        Ok(Self { name: name.to_owned(), language: language.to_owned() })
    }
}

impl Templates {
    /// The template for an event.
    pub fn of(&self, event: NotificationEvent) -> Option<&Template> {
        self.0.get(&event)
    }

    /// Has an event told by a template.
    #[must_use]
    pub fn with(mut self, event: NotificationEvent, template: Template) -> Self {
        self.0.insert(event, template);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_name_and_may_have_a_language_of_its_own() {
        let parsed = |text| Template::parse(text, "en").expect(text);
        assert_eq!(parsed("leaseline_notice").language, "en");
        assert_eq!(
            parsed("leaseline_notice:pt_BR"),
            Template::parse("leaseline_notice", "pt_BR").expect("one")
        );
        for text in ["", "Leaseline", "leaseline notice", "a:", ":en", "a:en:us", "a:en us", "../x"] {
            assert!(Template::parse(text, "en").is_err(), "{text:?}");
        }
    }
}
