//! What an SVG must not have in it to be shown as somebody's logo: whatever acts, asks the network, or grows without end.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

/// A logo of more nodes is a picture of something else.
const NODES_MAX: u32 = 20_000;
/// What a drawing may be instead of a link elsewhere: a part of itself, or a picture inside of it.
const INSIDE: [&str; 5] = ["#", "data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp"];
/// Elements that act, or hold something else than a drawing.
const ACTIVE: [&str; 16] = [
    "script",
    "foreignobject",
    "iframe",
    "object",
    "embed",
    "audio",
    "video",
    "canvas",
    "handler",
    "listener",
    "animate",
    "animatecolor",
    "animatemotion",
    "animatetransform",
    "set",
    "discard",
];

/// What stands in the way, in words that follow "it has …".
pub(crate) fn trouble(text: &str) -> Result<(), String> {
    // It could give every element an attribute that stands nowhere.
    if text.contains("<!ATTLIST") {
        return Err("declarations of attributes".to_owned());
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("something that is no SVG: {error}"))?;
    // Without its namespace browsers see no drawing in it.
    if !document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")) {
        return Err("something else than a drawing at its root".to_owned());
    }
    let ids: HashMap<&str, Node<'_, '_>> =
        document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
    for node in document.descendants() {
        if node.is_pi() {
            return Err("an instruction for another program".to_owned());
        }
        if node.is_element() {
            element(node, &ids)?;
        }
    }
    Ok(())
}

fn name(node: Node<'_, '_>) -> String {
    node.tag_name().name().to_ascii_lowercase()
}

fn element(node: Node<'_, '_>, ids: &HashMap<&str, Node<'_, '_>>) -> Result<(), String> {
    let name = name(node);
    if ACTIVE.contains(&name.as_str()) {
        return Err(format!("a <{}>", node.tag_name().name()));
    }
    for attribute in node.attributes() {
        let (attribute_name, value) = (attribute.name().to_ascii_lowercase(), attribute.value().trim());
        if attribute_name.starts_with("on") {
            return Err(format!("the attribute {}", attribute.name()));
        }
        let links = ["href", "src"].contains(&attribute_name.as_str());
        if links && !INSIDE.iter().any(|inside| value.to_ascii_lowercase().starts_with(inside)) {
            return Err(format!("a link in a <{}>", node.tag_name().name()));
        }
        let is_style = attribute_name == "style";
        if asks_elsewhere(value) || (is_style && value.contains('\\')) {
            return Err(format!("a style that loads something in a <{}>", node.tag_name().name()));
        }
    }
    if name == "style" {
        let style: String = node.descendants().filter_map(|inner| inner.text()).collect();
        if asks_elsewhere(&style) || style.contains('\\') || style.to_ascii_lowercase().contains("@import") {
            return Err("a <style> that loads something".to_owned());
        }
    }
    // A copy of copies of copies is drawn millions of times.
    if name == "use" {
        let target = node.attributes().find(|attribute| attribute.name() == "href");
        let target = target.and_then(|attribute| ids.get(attribute.value().trim().strip_prefix('#')?));
        if target.is_some_and(|target| target.descendants().any(|inner| self::name(inner) == "use")) {
            return Err("a <use> of something that has a <use> in it".to_owned());
        }
    }
    Ok(())
}

/// Whether a style names something that is not in the file.
fn asks_elsewhere(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    style.split("url(").skip(1).any(|rest| {
        let target = rest.trim_start_matches(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
        !INSIDE.iter().any(|inside| target.starts_with(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> String {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 9 3'>{inside}</svg>"
        )
    }

    #[test]
    fn what_a_drawing_needs_is_taken() {
        for good in [
            "<path d='M0 0h9v3z' fill='url(#sky)' style='stroke:#123'/>",
            "<style>.a{fill:url( \"#sky\" )}</style>",
            "<defs><g id='a'><rect width='1' height='1'/></g></defs><use xlink:href='#a'/><use href='#a' x='2'/>",
            "<image width='1' height='1' href='data:image/png;base64,AAAA'/>",
            "<title>One &amp; only</title>",
        ] {
            assert_eq!(trouble(&svg(good)), Ok(()), "{good}");
        }
        let of_a_program = format!(
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>{}",
            svg("<g/>")
        );
        assert_eq!(trouble(&of_a_program), Ok(()));
    }

    #[test]
    fn what_acts_asks_or_grows_is_not() {
        let bomb = "<g id='a'><rect width='1' height='1'/></g><g id='b'><use href='#a'/><use href='#a'/></g><use href='#b'/>";
        for (bad, why) in [
            ("<script>alert(1)</script>", "a <script>"),
            ("<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>", "a <script>"),
            ("<SCRIPT>alert(1)</SCRIPT>", "a <SCRIPT>"),
            ("<foreignObject><p/></foreignObject>", "a <foreignObject>"),
            ("<set attributeName='onclick' to='alert(1)'/>", "a <set>"),
            ("<g onload='alert(1)'/>", "the attribute onload"),
            ("<a href='javascript:alert(1)'><g/></a>", "a link in a <a>"),
            ("<image href='https://tracker.example/x.png'/>", "a link in a <image>"),
            ("<image xlink:href=' data:image/svg+xml,&lt;svg/&gt;'/>", "a link in a <image>"),
            ("<use href='other.svg#a'/>", "a link in a <use>"),
            ("<g fill='url( \"//tracker.example\")'/>", "loads something"),
            ("<g style='fill:u\\72l(//tracker.example)'/>", "loads something"),
            ("<style>@import 'https://tracker.example/x.css';</style>", "a <style> that loads"),
            ("<style><![CDATA[g{fill:url(//tracker.example)}]]></style>", "a <style> that loads"),
            ("<?xml-stylesheet href='https://tracker.example/x.css'?>", "another program"),
            (bomb, "has a <use> in it"),
            ("<g id='a'><use href='#a'/></g>", "has a <use> in it"),
            ("<g>", "something that is no SVG"),
        ] {
            let told = trouble(&svg(bad)).expect_err(bad);
            assert!(told.contains(why), "{bad}: {told}");
        }
        let many = "<g/>".repeat(NODES_MAX as usize + 1);
        assert!(trouble(&svg(&many)).is_err());
        let laughs = "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]>";
        assert!(trouble(&format!("{laughs}{}", svg("<text>&e;&e;&e;</text>"))).is_err());
        let given = format!("<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'alert(1)'>]>{}", svg("<g/>"));
        assert!(trouble(&given).is_err_and(|told| told.contains("attributes")));
        assert!(trouble("<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>").is_err());
    }
}
