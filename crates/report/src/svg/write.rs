//! The kept elements as a file.

use super::{Child, Element, NAMESPACE};

enum Step<'e> {
    Open(usize),
    Text(&'e str),
    Close(&'static str),
}

/// Writes the elements, the root being the first.
pub(super) fn write(elements: &[Element<'_>]) -> String {
    let mut out = String::new();
    let mut waiting = vec![Step::Open(0)];
    while let Some(step) = waiting.pop() {
        match step {
            Step::Text(text) => escape(&mut out, text),
            Step::Close(name) => out.extend(["</", name, ">"]),
            Step::Open(index) => {
                let element = &elements[index];
                open(&mut out, element, index == 0);
                if element.children.is_empty() {
                    out.push_str("/>");
                    continue;
                }
                out.push('>');
                waiting.push(Step::Close(element.name));
                waiting.extend(element.children.iter().rev().map(|child| match child {
                    Child::Element(child) => Step::Open(*child),
                    Child::Text(text) => Step::Text(text),
                }));
            }
        }
    }
    out
}

fn open(out: &mut String, element: &Element<'_>, is_root: bool) {
    out.extend(["<", element.name]);
    if is_root {
        attribute(out, "xmlns", NAMESPACE);
    }
    if let Some(id) = element.id {
        attribute(out, "id", id);
    }
    if let Some(target) = element.href {
        attribute(out, "href", &format!("#{target}"));
    }
    for (name, value) in &element.attributes {
        attribute(out, name, value);
    }
    if !element.style.is_empty() {
        let style: Vec<String> =
            element.style.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        attribute(out, "style", &style.join(";"));
    }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.extend([" ", name, "=\""]);
    escape(out, value);
    out.push('"');
}

fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}
