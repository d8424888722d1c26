use askama::Template;
use axum::extract::State;

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::form::{Field, Input, Kind, words};
use crate::pages::staff::{Answered, DESIGN, Frame};
use crate::staff::StaffSession;

/// The colours of `tokens.css` by what they mean.
const COLOURS: [(&str, &str); 15] = [
    ("ground", "behind everything"),
    ("panel", "cards and panels"),
    ("ink", "text"),
    ("ink-soft", "text beside"),
    ("rule-strong", "edges"),
    ("accent", "the company's own"),
    ("focus", "keyboard focus"),
    ("up", "up, met"),
    ("down", "down, breached"),
    ("unknown", "not known"),
    ("excluded", "left out by contract"),
    ("download", "download"),
    ("upload", "upload"),
    ("latency", "latency"),
    ("committed", "commitment"),
];

/// Every part that pages are made of, in each of its states. Nothing here is about a real link.
#[derive(Template)]
#[template(path = "staff_design.html")]
struct DesignPage {
    frame: Frame,
    fields: Vec<Field>,
}

/// `GET /staff/design`
pub(crate) async fn show(State(app): State<App>, session: StaffSession) -> Answered {
    let page = DesignPage { frame: Frame::new(&app, &session, DESIGN), fields: fields() };
    Ok(render(&page)?)
}

fn fields() -> Vec<Field> {
    let mut input = Input::of(&[
        ("site", "Mysuru"),
        ("committed", "fast"),
        ("kind", "ILL"),
        ("note", "Ask at the gate."),
    ]);
    input.fault("committed", "Write Mbit/s as a number, for example 100.");
    let kinds = words(&[("ILL", "Internet leased line"), ("P2P", "Point to point")]);
    let mut stored = Field::text(&input, "site", "A field that somebody else changed");
    stored.stored = Some("Mandya".to_owned());
    vec![
        Field::text(&input, "circuit", "An empty field").required().hint("What to know is said below it."),
        Field::text(&input, "committed", "A field with a mistake").required(),
        stored,
        Field::choice(&input, "kind", "A choice", kinds),
        Field::new(&input, "note", "A longer text", Kind::Area),
    ]
}

impl DesignPage {
    fn colours(&self) -> &'static [(&'static str, &'static str)] {
        &COLOURS
    }
}
