use import::field;
use store::Facing;

use crate::pages::staff::clients::NAME_CHARS_MAX;
use crate::pages::staff::form::{Field, Input, Kind, words};

const FACINGS: &[(&str, &str)] = &[
    ("customer", "The customer: what the router receives is upload"),
    ("upstream", "Upstream: what the router receives is download"),
];

/// From when on a link's time counts.
pub(crate) fn measured_from(input: &Input) -> Field {
    Field::new(input, "measured_from", "Time counts from", Kind::Input("datetime-local")).hint(
        "Leave empty: from the first poll. Not before the first day of service; by the company's clock.",
    )
}

pub(crate) fn common(input: &Input, interface: Vec<Field>) -> Vec<Field> {
    let mut fields = vec![Field::text(input, "circuit", "Circuit id").required().hint("Unique.")];
    fields.extend(interface);
    fields.extend([
        Field::text(input, "site", "Site").hint("Where it ends at the customer's, as pages show it."),
        Field::text(input, "service_ref", "Service reference"),
        Field::choice(
            input,
            "kind",
            "Type",
            field::KINDS.iter().map(|kind| ((*kind).to_owned(), (*kind).to_owned())),
        )
        .required(),
        Field::text(input, "committed", "Committed bandwidth, Mbit/s").required(),
        Field::text(input, "probe_target", "Probe target").hint("What the router pings to measure the link."),
        Field::choice(input, "facing", "The port faces", words(FACINGS)).required(),
    ]);
    fields
}

/// What a form says of a link.
pub(crate) struct Typed {
    pub(crate) circuit: String,
    pub(crate) interface: String,
    pub(crate) site: Option<String>,
    pub(crate) service_ref: Option<String>,
    pub(crate) kind: String,
    pub(crate) committed_bps: i64,
    pub(crate) probe_target: Option<String>,
    pub(crate) facing: Facing,
}

impl Typed {
    /// `None`: something is not right, which is told at its field.
    pub(crate) fn of(input: &mut Input) -> Option<Self> {
        let circuit = input.text("circuit", NAME_CHARS_MAX);
        let interface = input.text("interface", NAME_CHARS_MAX);
        let site = input.optional("site", NAME_CHARS_MAX);
        let service_ref = input.optional("service_ref", NAME_CHARS_MAX);
        let kind = input.parsed("kind", |text| field::kind(text).map(str::to_owned));
        let committed_bps = input.parsed("committed", field::mbps);
        let probe_target = input.parsed_or_none("probe_target", field::host);
        let facing = input.parsed("facing", |text| text.parse().map_err(|_| "Choose one.".to_owned()));
        Some(Self {
            circuit,
            interface,
            site,
            service_ref,
            kind: kind?,
            committed_bps: committed_bps?,
            probe_target,
            facing: facing?,
        })
    }
}
