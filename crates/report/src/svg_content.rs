//! What an SVG must not have in it to be shown as somebody's logo: whatever acts, asks the network, or grows without end.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

/// A logo of more nodes is a picture of something else.
const NODES_MAX: u32 = 20_000;
/// What a link may lead to: a part of the drawing itself.
const INSIDE: &str = "#";
/// Elements that act, or hold something else than a drawing; pictures, which unpack to any size; markers, which are drawn
/// anew at each point of a path; filters, which compute for as long as they like.
const REFUSED: [&str; 20] = [
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
    "image",
    "feimage",
    "marker",
    "filter",
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
    // Of two elements with one id some take the first, some the last.
    let mut ids: HashMap<&str, Node<'_, '_>> = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id")
            && ids.insert(id, node).is_some()
        {
            return Err(format!("two elements with the id {id:?}"));
        }
    }
    let mut copied = 0;
    for node in document.descendants() {
        if node.is_pi() {
            return Err("an instruction for another program".to_owned());
        }
        if node.is_element() {
            copied += element(node, &ids)?;
        }
        if copied > NODES_MAX as usize {
            return Err("more copies than a drawing needs".to_owned());
        }
    }
    Ok(())
}

fn name(node: Node<'_, '_>) -> String {
    node.tag_name().name().to_ascii_lowercase()
}

/// How many nodes are drawn once more because of this one.
fn element(node: Node<'_, '_>, ids: &HashMap<&str, Node<'_, '_>>) -> Result<usize, String> {
    let name = name(node);
    if REFUSED.contains(&name.as_str()) {
        return Err(format!("a <{}>", node.tag_name().name()));
    }
    for attribute in node.attributes() {
        let (attribute_name, value) = (attribute.name().to_ascii_lowercase(), attribute.value().trim());
        if attribute_name.starts_with("on") {
            return Err(format!("the attribute {}", attribute.name()));
        }
        let links = ["href", "src"].contains(&attribute_name.as_str());
        if links && !value.starts_with(INSIDE) {
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
    let mut copied = 0;
    if name == "use" {
        let links = node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case("href"));
        for target in links.filter_map(|link| ids.get(link.value().trim().strip_prefix(INSIDE)?)) {
            // A copy of copies of copies is drawn millions of times.
            if target.descendants().any(|inner| self::name(inner) == "use") {
                return Err("a <use> of something that has a <use> in it".to_owned());
            }
            copied += target.descendants().count();
        }
    }
    Ok(copied)
}

/// Whether a style names something that is not in the file.
fn asks_elsewhere(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    style.split("url(").skip(1).any(|rest| {
        let target = rest.trim_start_matches(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
        !target.starts_with(INSIDE)
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
            ("<image href='https://tracker.example/x.png'/>", "a <image>"),
            ("<image width='1' height='1' href='data:image/png;base64,AAAA'/>", "a <image>"),
            ("<marker id='m'><path d='M0 0h1'/></marker>", "a <marker>"),
            ("<filter id='f'><feGaussianBlur stdDeviation='9999'/></filter>", "a <filter>"),
            ("<use xlink:href=' data:image/svg+xml,&lt;svg/&gt;'/>", "a link in a <use>"),
            ("<g id='b'><use href='#a'/></g><g id='b'/><use href='#b'/>", "two elements with the id"),
            (
                "<g id='b'><use href='#a'/></g><use xmlns:x='urn:x' x:href='#none' href='#b'/>",
                "has a <use> in it",
            ),
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
        let wide = format!("<g id='a'>{}</g>{}", "<g/>".repeat(400), "<use href='#a'/>".repeat(400));
        assert!(trouble(&svg(&wide)).is_err_and(|told| told.contains("more copies")));
        let many = "<g/>".repeat(NODES_MAX as usize + 1);
        assert!(trouble(&svg(&many)).is_err());
        let laughs = "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]>";
        assert!(trouble(&format!("{laughs}{}", svg("<text>&e;&e;&e;</text>"))).is_err());
        let given = format!("<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'alert(1)'>]>{}", svg("<g/>"));
        assert!(trouble(&given).is_err_and(|told| told.contains("attributes")));
        assert!(trouble("<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>").is_err());
    }
}
