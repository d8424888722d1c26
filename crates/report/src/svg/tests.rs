use super::*;

const BYTES_MAX: usize = 512 * 1024;

fn svg(inside: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 9 3'>{inside}</svg>"
    )
}

fn taken(text: &str) -> String {
    let once = filtered(text, BYTES_MAX).unwrap_or_else(|why| panic!("{why}: {text}"));
    assert_eq!(filtered(&once, BYTES_MAX).as_ref(), Ok(&once), "filtered again it is the same");
    once
}

fn refused(inside: &str) -> String {
    filtered(&svg(inside), BYTES_MAX).expect_err(inside)
}

#[test]
fn what_a_drawing_needs_is_kept() {
    for (good, kept) in [
        (
            "<path d='M0 0h9v3z' fill='url(#sky)' style='stroke:#123'/>",
            "fill=\"url(#sky)\" style=\"stroke:#123\"",
        ),
        (
            "<defs><g id='a'><rect width='1' height='1'/></g></defs><use xlink:href='#a'/>",
            "<use href=\"#a\"/>",
        ),
        ("<title>One &amp; only</title>", "<title>One &amp; only</title>"),
        ("<g opacity='.5' transform='rotate(3 1 1)'/>", "<g opacity=\".5\" transform=\"rotate(3 1 1)\"/>"),
        ("<mask id='m'><rect/></mask><g mask='url( \"#m\" )'/>", "<g mask=\"url( &quot;#m&quot; )\"/>"),
        (
            "<text font-family=\"'Open Sans', sans-serif\">A<tspan>B</tspan>C</text>",
            ">A<tspan>B</tspan>C</text>",
        ),
        (
            "<g id='a'><rect width='1' height='1'/></g><g id='b'><use href='#a'/><use href='#a'/></g><use href='#b'/>",
            "<use href=\"#b\"/>",
        ),
    ] {
        let written = taken(&svg(good));
        assert!(written.contains(kept), "{good}: {written}");
    }
    let of_a_program = format!(
        "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>{}",
        svg("<g/>")
    );
    assert_eq!(taken(&of_a_program), taken(&svg("<g/>")));
}

#[test]
fn what_drawing_programs_note_for_themselves_is_left_out() {
    let inkscape = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:i='http://www.inkscape.org/namespaces/inkscape'
        xmlns:s='http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd' i:version='1.3' viewBox='0 0 9 3' data-name='x'>
        <!-- made by hand --><s:namedview><i:grid/></s:namedview><metadata><a/></metadata>
        <g i:label='Layer 1' id='Layer 1' class='k' style='-inkscape-font-specification:x;fill:red;filter:none;marker:none'/></svg>";
    assert_eq!(
        taken(inkscape),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 3\"><g style=\"fill:red\"/></svg>"
    );
}

#[test]
fn the_rules_of_a_style_are_written_to_what_they_match() {
    let style = "<style>/* x */ .a,.b{fill:#111;stroke:url(#s)} rect.a{fill:#222} #r{fill:#333!important} *{opacity:1}</style>";
    let body = "<rect class='a' id='q'/><g class='b' style='fill:#444'/><path id='r' style='fill:#555'/><path fill='#666'/>";
    assert_eq!(
        taken(&svg(&format!("{style}{body}"))).split_once("<rect").expect("a drawing").1,
        " id=\"q\" style=\"opacity:1;stroke:url(#s);fill:#222\"/><g style=\"opacity:1;stroke:url(#s);fill:#444\"/>\
         <path id=\"r\" style=\"opacity:1;fill:#333\"/><path fill=\"#666\" style=\"opacity:1\"/></svg>"
    );
}

#[test]
fn what_acts_or_loads_something_is_refused() {
    for (bad, why) in [
        ("<script>alert(1)</script>", "a <script>"),
        ("<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>", "a <script>"),
        ("<SCRIPT>alert(1)</SCRIPT>", "a <SCRIPT>"),
        ("<foreignObject><p/></foreignObject>", "a <foreignObject>"),
        ("<set attributeName='onclick' to='alert(1)'/>", "a <set>"),
        ("<g onload='alert(1)'/>", "the attribute onload"),
        ("<g OnLoad='alert(1)'/>", "the attribute OnLoad"),
        ("<a href='javascript:alert(1)'><g/></a>", "a <a>"),
        ("<image href='https://tracker.example/x.png'/>", "a <image>"),
        ("<image width='1' height='1' href='data:image/png;base64,AAAA'/>", "a <image>"),
        ("<feImage href='#a'/>", "a <feImage>"),
        ("<marker id='m'><path d='M0 0h1'/></marker>", "a <marker>"),
        ("<filter id='f'><feGaussianBlur stdDeviation='9999'/></filter>", "a <filter>"),
        ("<svg/>", "a <svg> in it"),
        ("<use xlink:href=' data:image/svg+xml,&lt;svg/&gt;'/>", "a link in a <use>"),
        ("<use href='other.svg#a'/>", "a link in a <use>"),
        ("<g href='#a'/>", "a link in a <g>"),
        ("<g id='b'/><g id='b'/>", "two elements with the id"),
        ("<g fill='url( \"//tracker.example\")'/>", "loads something"),
        ("<g style='fill:u\\72l(//tracker.example)'/>", "disguise"),
        ("<g style='fill:url/**/(//tracker.example)'/>", "loads something"),
        ("<g style='fill:image-set(\"https://tracker.example/x.png\" 1x)'/>", "image-set()"),
        ("<g fill='image-set(\"https://tracker.example/x.png\" 1x)'/>", "image-set()"),
        ("<style>g{cursor:image-set(\"//tracker.example/x\" 1x)}</style>", "image-set()"),
        ("<style>g{cursor:-webkit-image-set(url(#a) 1x)}</style>", "image-set()"),
        ("<style>@import 'https://tracker.example/x.css';</style>", "a <style> that loads"),
        ("<style><![CDATA[g{fill:url(//tracker.example)}]]></style>", "loads something"),
        ("<style>g:hover{fill:red}</style>", "the selector \"g:hover\""),
        ("<style>g path{fill:red}</style>", "the selector \"g path\""),
        (
            "<meta xmlns='http://www.w3.org/1999/xhtml' http-equiv='refresh' content='0;url=//evil.example'/>",
            "a <meta>",
        ),
        ("<g><img xmlns='http://www.w3.org/1999/xhtml' src='//tracker.example'/></g>", "a <img>"),
        ("<form xmlns='http://www.w3.org/1999/xhtml' action='//evil.example'><input/></form>", "a <form>"),
        ("<math xmlns='http://www.w3.org/1998/Math/MathML' href='javascript:alert(1)'/>", "a <math>"),
        ("<?xml-stylesheet href='https://tracker.example/x.css'?>", "another program"),
        ("<g>", "not XML"),
    ] {
        let told = refused(bad);
        assert!(told.contains(why), "{bad}: {told}");
    }
    for head in [
        "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>",
        "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'alert(1)'>]>",
    ] {
        let told = filtered(&format!("{head}{}", svg("<g/>")), BYTES_MAX).expect_err(head);
        assert!(told.contains("declarations"), "{told}");
    }
    let before = format!("<?xml-stylesheet href='//tracker.example'?>{}", svg("<g/>"));
    assert!(filtered(&before, BYTES_MAX).is_err_and(|told| told.contains("another program")));
    assert!(filtered("<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>", BYTES_MAX).is_err());
}

/// `count` elements, each referring to the one before.
fn chain(count: usize, link: impl Fn(usize) -> String) -> String {
    (1..=count).map(link).collect()
}

#[test]
fn a_small_file_that_overflows_a_renderer_is_refused_before_it_is_drawn() {
    let nested =
        |open: &str, close: &str, times: usize| format!("{}{}", open.repeat(times), close.repeat(times));
    let masks = |times| {
        chain(times, |n| {
            format!("<mask id='m{n}'><rect width='9' height='9' mask='url(#m{})'/></mask>", n - 1)
        })
    };
    for (bad, why) in [
        (format!("<text>{}</text>", nested("<tspan>", "</tspan>", 600)), "nested more than 32"),
        (nested("<g>", "</g>", 4_000), "nested more than 32"),
        (nested("<g style='fill:red'>", "</g>", 32), "nested more than 32"),
        (nested("<svg>", "</svg>", 1_000), "a <svg> in it"),
        (masks(700), "references that follow"),
        (
            chain(340, |n| format!("<pattern id='p{n}'><rect fill='url(#p{})'/></pattern>", n - 1)),
            "a <pattern>",
        ),
        (
            chain(700, |n| {
                format!("<clipPath id='m{n}'><rect style='clip-path:url(#m{})'/></clipPath>", n - 1)
            }),
            "references that follow",
        ),
        (
            format!(
                "<style>{}</style>{}",
                chain(40, |n| format!(".c{n}{{mask:url(#m{})}}", n - 1)),
                chain(40, |n| format!("<mask id='m{n}'><rect class='c{n}'/></mask>"))
            ),
            "references that follow",
        ),
        (chain(40, |n| format!("<linearGradient id='g{n}' href='#g{}'/>", n - 1)), "references that follow"),
        // Masks cost four times as much on each level, groups of copies ten times.
        (masks(4) + &"<g mask='url(#m4)'/>".repeat(40), "more copies"),
        (
            format!(
                "<g id='u0'><rect/></g>{}",
                chain(5, |n| format!("<g id='u{n}'>{}</g>", format!("<use href='#u{}'/>", n - 1).repeat(10)))
            ),
            "more copies",
        ),
        (format!("<g id='a'>{}</g>{}", "<g/>".repeat(400), "<use href='#a'/>".repeat(400)), "more copies"),
        ("<g id='a'><use href='#a'/></g>".to_owned(), "refer to themselves"),
        ("<g id='a' mask='url(#m)'/><mask id='m'><use href='#a'/></mask>".to_owned(), "refer to themselves"),
        ("<g/>".repeat(NODES_MAX as usize + 1), "nodes limit"),
        ("<g xmlns:n='u'>".repeat(16_000), "more than 100 namespaces"),
        (format!("<g {}/>", "a='' ".repeat(50_000)), "more than 250 attributes"),
        (format!("<style>{}</style>", "g{fill:red}".repeat(501)), "more than 500 rules"),
        (
            format!("<style>g{{font-family:{}}}</style>{}", "x".repeat(900), "<g/>".repeat(5_000)),
            "more style",
        ),
    ] {
        let told = refused(&bad);
        assert!(told.contains(why), "{}…: {told}", &bad[..bad.len().min(80)]);
    }
}
