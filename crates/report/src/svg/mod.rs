//! The SVG of a logo as it may be shown and drawn: an allow-list of elements, attributes and CSS, within limits of depth,
//! references and cost. Nothing here recurses deeper than those limits, so that no file overflows the stack.
//!
//! The file is not passed on: what is allowed in it is written anew ([`filtered`]), so that no two programs read it
//! differently. What acts or loads something is refused, what drawing programs note for themselves is left out.

mod allowed;
mod cost;
mod css;
mod read;
mod write;

use roxmltree::{Document, ParsingOptions};

/// A logo of more nodes is a picture of something else.
const NODES_MAX: u32 = 20_000;
/// How deep elements may be nested: drawing programs nest layers and groups some ten deep.
const DEPTH_MAX: usize = 32;
/// Namespaces that are declared anywhere; drawing programs declare some ten.
const NAMESPACES_MAX: usize = 100;
/// Attributes of one element, by their equals signs.
const ATTRIBUTES_MAX: usize = 250;
/// Markup declarations: they could give every element an attribute that stands nowhere, or expand without end.
const DECLARATIONS: [&str; 4] = ["<!ATTLIST", "<!ELEMENT", "<!ENTITY", "<!NOTATION"];
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// An element that is kept, in the order of the file: the children of an element come after it.
#[derive(Debug)]
struct Element<'a> {
    name: &'static str,
    id: Option<&'a str>,
    /// Classes, for the rules of a `<style>`.
    class: &'a str,
    /// Where a `href` leads within the file.
    href: Option<&'a str>,
    attributes: Vec<(&'static str, String)>,
    /// Properties of its `style` and of the rules that match, each once.
    style: Vec<(&'static str, String)>,
    children: Vec<Child<'a>>,
}

#[derive(Debug)]
enum Child<'a> {
    /// Index of an element.
    Element(usize),
    Text(&'a str),
}

/// The drawing that is in `text`, of at most `bytes_max` bytes. Filtering what was filtered changes nothing.
///
/// # Errors
/// What stands in the way, in words that follow "the SVG has …".
pub(crate) fn filtered(text: &str, bytes_max: usize) -> Result<String, String> {
    if DECLARATIONS.iter().any(|declaration| text.contains(declaration)) {
        return Err("declarations of its own".to_owned());
    }
    // The parser compares each of these with each: it must not come to that.
    if text.matches("xmlns").count() > NAMESPACES_MAX {
        return Err(format!("more than {NAMESPACES_MAX} namespaces"));
    }
    let attributes = |tag: &str| tag.bytes().filter(|byte| *byte == b'=').count();
    if text.split('<').any(|tag| !tag.starts_with("!--") && attributes(tag) > ATTRIBUTES_MAX) {
        return Err(format!("an element of more than {ATTRIBUTES_MAX} attributes"));
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("something that is not XML: {error}"))?;
    // Without its namespace browsers see no drawing in it.
    if !document.root_element().has_tag_name((NAMESPACE, "svg")) {
        return Err("something else than a drawing at its root".to_owned());
    }
    let mut drawing = read::read(&document)?;
    css::apply(&mut drawing.elements, &drawing.styles, bytes_max)?;
    cost::check(&drawing.elements)?;
    let written = write::write(&drawing.elements);
    if written.len() > bytes_max {
        return Err("more style than a drawing needs".to_owned());
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
