use super::words::short;
use crate::Document;
use crate::local_time::LocalTime;

/// Which statement this is, and how it can be checked: title and text.
pub(super) fn record(document: &Document<'_>, time: &LocalTime) -> Vec<(&'static str, String)> {
    let reason = short(document.reason);
    let revision = match (document.revision, reason.as_str()) {
        (revision, "") => revision.to_string(),
        (revision, reason) => format!("{revision}: {reason}"),
    };
    vec![
        ("Revision", revision),
        ("Made", time.minute(document.created_at_ms)),
        ("Rules", format!("version {} of the arithmetic", document.statement.algorithm)),
        ("SHA-256 of the inputs", document.digest.to_owned()),
    ]
}
