//! How people name a report: its number, or circuit, month and perhaps revision.

use sla::Month;
use store::{ReportId, SlaReport, Store};

use super::link_by_circuit;
use crate::fault::wrong_use;

#[derive(Debug, PartialEq, Eq)]
enum ReportName<'a> {
    Id(i64),
    Of { circuit: &'a str, month: Month, revision: Option<i64> },
}

/// The report that `text` names.
pub(super) async fn find(store: &Store, text: &str) -> anyhow::Result<SlaReport> {
    match parse(text)? {
        ReportName::Id(id) => match store.report(ReportId(id)).await {
            Err(store::StoreError::NotFound { .. }) => {
                Err(wrong_use(format!("there is no report {id}; `leaseline report list` shows them")))
            }
            found => Ok(found?),
        },
        ReportName::Of { circuit, month, revision } => {
            let link = link_by_circuit(store, circuit).await?;
            let found = store.report_of_link(link.id, month, revision).await?;
            found.ok_or_else(|| match revision {
                Some(revision) => {
                    wrong_use(format!("{circuit} has no revision {revision} of its report for {month}"))
                }
                None => wrong_use(format!(
                    "{circuit} has no report for {month}: `leaseline sla calculate --month {month} --link {circuit}` makes one"
                )),
            })
        }
    }
}

/// A circuit may have slashes in it: what follows it is read from the end.
fn parse(text: &str) -> anyhow::Result<ReportName<'_>> {
    if let Ok(id) = text.parse() {
        return Ok(ReportName::Id(id));
    }
    let revision_of = |text: &str| text.strip_prefix('r').and_then(|digits| digits.parse().ok());
    let (rest, revision) = match text.rsplit_once('/') {
        Some((rest, last)) if revision_of(last).is_some() => (rest, revision_of(last)),
        _ => (text, None),
    };
    let found = rest.rsplit_once('/').and_then(|(circuit, month)| Some((circuit, month.parse().ok()?)));
    match found {
        Some((circuit, month)) if !circuit.is_empty() => Ok(ReportName::Of { circuit, month, revision }),
        _ => Err(wrong_use(format!(
            "{text:?} names no report: write its number, CIRCUIT/YYYY-MM or CIRCUIT/YYYY-MM/rN"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_a_circuit_may_have_slashes() {
        let of = |circuit, revision| ReportName::Of {
            circuit,
            month: "2026-10".parse().expect("a month"),
            revision,
        };
        assert_eq!(parse("17").expect("a report"), ReportName::Id(17));
        assert_eq!(parse("C-1/2026-10").expect("a report"), of("C-1", None));
        assert_eq!(parse("C-1/2026-10/r2").expect("a report"), of("C-1", Some(2)));
        assert_eq!(parse("A/r1/2026-10").expect("a report"), of("A/r1", None));
        for text in ["", "C-1", "C-1/2026-13", "/2026-10", "C-1/2026-10/2", "C-1/2026-10/r"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
