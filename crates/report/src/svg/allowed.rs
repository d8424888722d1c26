//! What may be in a logo. Whatever is not listed here does not reach a page or a renderer.

/// Elements of a drawing. No pattern, marker, filter or picture: they are drawn many times, compute for as long as they
/// like, or unpack to any size; no nested `<svg>`, link, script or animation.
const ELEMENTS: [&str; 21] = [
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "g",
    "line",
    "linearGradient",
    "mask",
    "path",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "svg",
    "symbol",
    "text",
    "title",
    "tspan",
    "use",
];

/// Elements whose text is kept.
const WITH_TEXT: [&str; 4] = ["desc", "text", "title", "tspan"];
/// Elements whose `href` may lead to another part of the drawing.
const WITH_HREF: [&str; 3] = ["linearGradient", "radialGradient", "use"];

/// Attributes of shape and place; none holds a style or a reference.
const ATTRIBUTES: [&str; 35] = [
    "clipPathUnits",
    "cx",
    "cy",
    "d",
    "dx",
    "dy",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "lengthAdjust",
    "maskContentUnits",
    "maskUnits",
    "offset",
    "pathLength",
    "points",
    "preserveAspectRatio",
    "r",
    "rotate",
    "rx",
    "ry",
    "spreadMethod",
    "textLength",
    "version",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
    "transform",
];

/// Properties, as attributes and in CSS.
const PROPERTIES: [&str; 45] = [
    "baseline-shift",
    "clip-path",
    "clip-rule",
    "color",
    "color-interpolation",
    "direction",
    "display",
    "dominant-baseline",
    "fill",
    "fill-opacity",
    "fill-rule",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "image-rendering",
    "isolation",
    "letter-spacing",
    "mask",
    "mask-type",
    "mix-blend-mode",
    "opacity",
    "overflow",
    "paint-order",
    "shape-rendering",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-decoration",
    "text-rendering",
    "transform",
    "transform-origin",
    "vector-effect",
    "visibility",
    "word-spacing",
];

/// Functions in values. `url` may lead to a part of the drawing only.
pub(super) const FUNCTIONS: [&str; 15] = [
    "hsl",
    "hsla",
    "matrix",
    "rgb",
    "rgba",
    "rotate",
    "scale",
    "scalex",
    "scaley",
    "skewx",
    "skewy",
    "translate",
    "translatex",
    "translatey",
    "url",
];

/// Properties that may refer to another part of the drawing.
pub(super) const REFERRING: [&str; 4] = ["clip-path", "fill", "mask", "stroke"];

fn listed(list: &[&'static str], name: &str) -> Option<&'static str> {
    list.iter().find(|listed| **listed == name).copied()
}

pub(super) fn element(name: &str) -> Option<&'static str> {
    listed(&ELEMENTS, name)
}

pub(super) fn attribute(name: &str) -> Option<&'static str> {
    listed(&ATTRIBUTES, name)
}

pub(super) fn property(name: &str) -> Option<&'static str> {
    listed(&PROPERTIES, name)
}

pub(super) fn has_text(element: &str) -> bool {
    WITH_TEXT.contains(&element)
}

pub(super) fn has_href(element: &str) -> bool {
    WITH_HREF.contains(&element)
}

/// An id that needs no escape anywhere; others are left out.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "_-.:".contains(letter))
}
