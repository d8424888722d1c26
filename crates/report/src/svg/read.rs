//! From the parsed file to the elements that are kept.

use std::collections::HashSet;

use roxmltree::{Attribute, Document, Node};

use super::{Child, DEPTH_MAX, Element, NAMESPACE, allowed, css};

const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespaces of other documents, which browsers would show and act on; those of drawing programs are left out.
const REFUSED_NAMESPACES: [&str; 2] = ["http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"];

/// The elements that are kept, the root first, and the texts of the `<style>` elements.
pub(super) struct Drawing<'a> {
    pub(super) elements: Vec<Element<'a>>,
    pub(super) styles: Vec<String>,
}

/// Walks through the file with a stack of its own: the depth of the file is not that of the calls.
pub(super) fn read<'a>(document: &'a Document<'a>) -> Result<Drawing<'a>, String> {
    let mut drawing = Drawing { elements: Vec::new(), styles: Vec::new() };
    // An instruction may stand outside of the root.
    if document.root().children().any(|node| node.is_pi()) {
        return Err("an instruction for another program".to_owned());
    }
    let mut ids = HashSet::new();
    let mut waiting = vec![(document.root_element(), None::<usize>, 1)];
    while let Some((node, parent, depth)) = waiting.pop() {
        if depth > DEPTH_MAX {
            return Err(format!("elements nested more than {DEPTH_MAX} deep"));
        }
        if node.is_pi() {
            return Err("an instruction for another program".to_owned());
        }
        if let (Some(text), Some(parent)) = (node.text().filter(|_| node.is_text()), parent) {
            let parent = &mut drawing.elements[parent];
            if allowed::has_text(parent.name) {
                parent.children.push(Child::Text(text));
            }
        }
        let Some(element) = kept(node, parent.is_none(), &mut drawing.styles)? else { continue };
        // Of two elements with one id some programs take the first, some the last.
        if let Some(id) = element.id
            && !ids.insert(id)
        {
            return Err(format!("two elements with the id {id:?}"));
        }
        let index = drawing.elements.len();
        drawing.elements.push(element);
        if let Some(parent) = parent {
            drawing.elements[parent].children.push(Child::Element(index));
        }
        // Popped in the order of the file.
        waiting.extend(node.children().rev().map(|child| (child, Some(index), depth + 1)));
    }
    Ok(drawing)
}

/// The element; `None` for what is left out with all that is in it.
fn kept<'a>(
    node: Node<'a, 'a>,
    is_root: bool,
    styles: &mut Vec<String>,
) -> Result<Option<Element<'a>>, String> {
    if !node.is_element() {
        return Ok(None);
    }
    let shown = node.tag_name().name();
    match node.tag_name().namespace() {
        Some(NAMESPACE) => {}
        Some(namespace) if REFUSED_NAMESPACES.contains(&namespace) => return Err(format!("a <{shown}>")),
        _ => return Ok(None),
    }
    if shown == "metadata" {
        return Ok(None);
    }
    if shown == "style" {
        styles.push(node.children().filter_map(|child| child.text()).collect());
        return Ok(None);
    }
    let name = allowed::element(shown).filter(|name| is_root || *name != "svg");
    let Some(name) = name else {
        return Err(format!("a <{shown}>{}", if shown == "svg" { " in it" } else { "" }));
    };
    let mut element = Element {
        name,
        id: None,
        class: "",
        href: None,
        attributes: Vec::new(),
        style: Vec::new(),
        children: Vec::new(),
    };
    for attribute in node.attributes() {
        take(&mut element, &attribute)?;
    }
    Ok(Some(element))
}

/// What is not on the list is left out, but what acts or leads elsewhere is refused: the file is not what it seems.
fn take<'a>(element: &mut Element<'a>, attribute: &Attribute<'a, 'a>) -> Result<(), String> {
    let (name, value) = (attribute.name(), attribute.value().trim());
    match (attribute.namespace(), name) {
        (None | Some(XLINK), "href") => {
            let target =
                value.strip_prefix('#').filter(|id| allowed::has_href(element.name) && allowed::is_id(id));
            element.href = Some(target.ok_or_else(|| format!("a link in a <{}>", element.name))?);
        }
        (Some(XML), "space") if value == "preserve" => {
            element.attributes.push(("xml:space", value.to_owned()));
        }
        (Some(_), _) => {}
        (None, "id") => element.id = Some(attribute.value()).filter(|id| allowed::is_id(id)),
        (None, "class") => element.class = attribute.value(),
        (None, "style") => element.style = css::declarations(value)?,
        (None, _) if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) => {
            return Err(format!("the attribute {name}"));
        }
        (None, _) => {
            if let Some(name) = allowed::attribute(name) {
                css::check_functions(value)?;
                element.attributes.push((name, value.to_owned()));
            } else if let Some(name) = allowed::property(name)
                && let Some(value) = css::value(value)?
            {
                element.attributes.push((name, value));
            }
        }
    }
    Ok(())
}
