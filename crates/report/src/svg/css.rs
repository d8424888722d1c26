//! The CSS of a logo: declarations of a `style`, and the rules of a `<style>`, which are written to the elements that they
//! match. No rule is passed on.

use super::{Element, allowed};

/// A longer value is left out; those of programs are shorter.
const VALUE_CHARS_MAX: usize = 1_000;
/// More rules are no logo's, and each is compared with each element.
const SELECTORS_MAX: usize = 500;

/// The properties of a `style`, each once, the last one counting; what is not on the list is left out.
pub(super) fn declarations(text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (name, value, _) in weighed(text)? {
        set(&mut found, name, value);
    }
    Ok(found)
}

/// The same with whether a declaration is `!important`.
fn weighed(text: &str) -> Result<Vec<(&'static str, String, bool)>, String> {
    let text = without_comments(text);
    let mut found = Vec::new();
    for declaration in text.split(';') {
        let Some((name, given)) = declaration.split_once(':') else { continue };
        let (given, important) = match given.trim_end().to_ascii_lowercase().strip_suffix("!important") {
            Some(rest) => (&given[..rest.len()], true),
            None => (given, false),
        };
        let given = value(given)?;
        if let (Some(name), Some(value)) = (allowed::property(&name.trim().to_ascii_lowercase()), given) {
            found.push((name, value, important));
        }
    }
    Ok(found)
}

fn set(style: &mut Vec<(&'static str, String)>, name: &'static str, value: String) {
    style.retain(|(known, _)| *known != name);
    style.push((name, value));
}

/// A value as it may stand in a style; `None` for one that is left out.
///
/// # Errors
/// For what loads something, or might.
pub(super) fn value(text: &str) -> Result<Option<String>, String> {
    check_functions(text)?;
    let text = text.trim();
    let plain = |letter: char| letter.is_alphanumeric() || " .,+-%()#_'\"/:".contains(letter);
    let quotes = |quote| text.matches(quote).count() % 2 == 0;
    let is_fine = !text.is_empty()
        && text.chars().count() <= VALUE_CHARS_MAX
        && text.chars().all(plain)
        && !text.contains("//")
        && quotes('\'')
        && quotes('"');
    Ok(is_fine.then(|| text.to_owned()))
}

/// Whether a value calls allowed functions only, and refers to the drawing itself only.
pub(super) fn check_functions(text: &str) -> Result<(), String> {
    if text.contains('\\') || text.contains("/*") {
        return Err("a style in a disguise".to_owned());
    }
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let start = before.rfind(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let name = before[start.map_or(0, |start| start + 1)..].to_ascii_lowercase();
        if !allowed::FUNCTIONS.contains(&name.as_str()) {
            return Err(format!("a style that loads something: {name}()"));
        }
        if name == "url" && reference(&text[at + 1..]).is_none() {
            return Err("a style that loads something: url()".to_owned());
        }
    }
    Ok(())
}

/// The id in what follows `url(`.
fn reference(after: &str) -> Option<&str> {
    let inside = after.split(')').next()?.trim();
    let inside = inside.trim_matches(['\'', '"']).trim();
    inside.strip_prefix('#').filter(|id| allowed::is_id(id))
}

/// The ids that a value refers to.
pub(super) fn references(value: &str) -> impl Iterator<Item = &str> {
    let calls = value.match_indices('(').filter(|(at, _)| {
        let before = value[..*at].trim_end();
        before.len() >= 3
            && before.get(before.len() - 3..).is_some_and(|name| name.eq_ignore_ascii_case("url"))
    });
    calls.filter_map(|(at, _)| reference(&value[at + 1..]))
}

/// Writes the rules to the elements that they match, as a browser would: by weight, then in their order.
pub(super) fn apply(elements: &mut [Element<'_>], sheets: &[String], bytes_max: usize) -> Result<(), String> {
    let rules = rules(sheets)?;
    let mut written = 0;
    for element in elements.iter_mut().filter(|_| !rules.is_empty()) {
        let mut matching: Vec<&Rule> = rules.iter().filter(|rule| rule.selector.matches(element)).collect();
        matching.sort_by_key(|rule| rule.selector.weight());
        let mut style = Vec::new();
        let own = std::mem::take(&mut element.style);
        let of_rules = |wanted: bool| {
            let all = matching.iter().flat_map(|rule| &rule.declarations);
            all.filter(move |(_, _, important)| *important == wanted)
        };
        let normal = of_rules(false).map(|(name, value, _)| (*name, value.clone())).chain(own);
        for (name, value) in normal.chain(of_rules(true).map(|(name, value, _)| (*name, value.clone()))) {
            set(&mut style, name, value);
        }
        written += style.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if written > bytes_max {
            return Err("more style than a drawing needs".to_owned());
        }
        element.style = style;
    }
    Ok(())
}

struct Rule {
    selector: Selector,
    declarations: Vec<(&'static str, String, bool)>,
}

/// The name of an element, classes and an id that an element must all have.
struct Selector {
    name: Option<String>,
    parts: Vec<(char, String)>,
}

impl Selector {
    fn matches(&self, element: &Element<'_>) -> bool {
        self.name.as_deref().is_none_or(|name| name == element.name)
            && self.parts.iter().all(|(kind, part)| match kind {
                '#' => element.id == Some(part.as_str()),
                _ => element.class.split_whitespace().any(|class| class == part),
            })
    }

    /// Ids, classes, names.
    fn weight(&self) -> (usize, usize, usize) {
        let of = |wanted| self.parts.iter().filter(|(kind, _)| *kind == wanted).count();
        (of('#'), of('.'), usize::from(self.name.is_some()))
    }

    fn read(text: &str) -> Option<Self> {
        let mut name = None;
        let mut parts = Vec::new();
        let start = text.find(['.', '#']).unwrap_or(text.len());
        if start > 0 && &text[..start] != "*" {
            name = Some(text[..start].to_owned());
        }
        let mut rest = &text[start..];
        while let Some(kind) = rest.chars().next() {
            let end = rest[1..].find(['.', '#']).map_or(rest.len(), |end| end + 1);
            parts.push((kind, rest[1..end].to_owned()));
            rest = &rest[end..];
        }
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
        };
        let is_right = name.as_deref().is_none_or(is_word) && parts.iter().all(|(_, part)| is_word(part));
        (is_right && start + parts.len() > 0).then_some(Self { name, parts })
    }
}

fn rules(sheets: &[String]) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for sheet in sheets {
        let sheet = without_comments(sheet).replace("<!--", "").replace("-->", "");
        if sheet.contains(['@', '\\']) {
            return Err("a <style> that loads something or has rules of its own kind".to_owned());
        }
        for rule in sheet.split_inclusive('}').filter(|rule| !rule.trim().is_empty()) {
            let inside = rule.trim_end().strip_suffix('}').and_then(|rule| rule.split_once('{'));
            let Some((selectors, block)) = inside.filter(|(_, block)| !block.contains('{')) else {
                return Err("a <style> that cannot be read".to_owned());
            };
            for selector in selectors.split(',').map(str::trim) {
                let Some(selector) = Selector::read(selector) else {
                    let selector: String = selector.chars().take(40).collect();
                    return Err(format!(
                        "a <style> with the selector {selector:?}: only names, classes and ids are allowed"
                    ));
                };
                if rules.len() == SELECTORS_MAX {
                    return Err(format!("a <style> of more than {SELECTORS_MAX} rules"));
                }
                rules.push(Rule { selector, declarations: weighed(block)? });
            }
        }
    }
    Ok(rules)
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        kept.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept + rest
}
