//! How a statement was measured and calculated, for the reader who wants to check it.

use sla::LinkPort;

use super::words::short;
use crate::local_time::LocalTime;
use crate::{Document, Facing};

/// Title and text of each note.
pub(super) fn method(document: &Document<'_>, time: &LocalTime) -> Vec<(&'static str, String)> {
    let mut notes = measured_from(document, time);
    notes.extend([
        ("Measuring point", measuring_point(document)),
        ("Down", down(document)),
        (
            "Unknown",
            "Time for which nobody can say whether the line was up: no answer is not an outage. It counts as neither, \
             and the bounds say what it could change."
                .to_owned(),
        ),
        (
            "Availability",
            "Up time as a share of up and down time, to the millisecond. Excluded time leaves both sides; overlapping \
             exclusions count once. Percentages are cut, never rounded."
                .to_owned(),
        ),
        (
            "Verdict",
            "Met, if the objective holds even with all unknown time taken as down. Breach, if it is missed even with all \
             of it taken as up. Otherwise undetermined."
                .to_owned(),
        ),
        (
            "Round trip and loss",
            "Over the time in which the line was up and not excluded. The mean is weighted by answers; loss is all echoes \
             lost of all echoes sent. Both need 90 % of the time to be known."
                .to_owned(),
        ),
        (
            "p95",
            "Of the 5-minute averages within the contract, in rising order, the one at rank 95 n / 100, rounded up; \
             5 % of the readings are above it. Missing readings are not counted as zero."
                .to_owned(),
        ),
    ]);
    notes
}

/// A month whose first part was not measured is judged on the rest, and says so.
fn measured_from(document: &Document<'_>, time: &LocalTime) -> Vec<(&'static str, String)> {
    let note = |from_ms| {
        let from = time.second(from_ms);
        (
            "Part of the month",
            format!("Measured from {from}. The time before was not measured and does not count."),
        )
    };
    document.measured_from_ms().map(note).into_iter().collect()
}

fn measuring_point(document: &Document<'_>) -> String {
    let facts = document.facts;
    let (facing, download) = match facts.facing {
        Facing::Customer => ("facing you", "sends"),
        Facing::Upstream => ("facing the network", "receives"),
    };
    let echoes = match &facts.probe_target {
        Some(target) => format!("Round trips go from that router to {} and back.", short(target)),
        None => "Round trips are not measured on this line.".to_owned(),
    };
    format!(
        "{} on our router {}, {facing}: download is what it {download}. {echoes}",
        capitalized(&LinkPort::of(&short(&facts.interface)).words()),
        short(&facts.router)
    )
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn down(document: &Document<'_>) -> String {
    let is_session = LinkPort::of(&document.facts.interface).ppp_user().is_some();
    let what = match (document.facts.down_when.as_deref(), is_session) {
        (Some("interface_or_no_answer"), false) => {
            "The port was not running, or what we ping at your end gave no answer."
        }
        (Some("interface_or_no_answer"), true) => {
            "There was no PPP session, or what we ping at your end gave no answer."
        }
        (Some("interface"), false) => "The port was not running.",
        (Some("interface"), true) => "There was no PPP session.",
        _ => "The line did not carry traffic.",
    };
    format!(
        "{what} Begin and end are taken from the router's own record where it has one, else from our checks."
    )
}
