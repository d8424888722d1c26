use serde_json::json;

use crate::Document;

/// The statement as JSON: `facts`, `statement`, `exclusions`, the `revision` with its `reason`, and the `digest` of the frozen inputs.
///
/// The statement has the form of `leaseline sla evaluate`.
pub fn json(document: &Document<'_>) -> Vec<u8> {
    let value = json!({
        "form": "leaseline-statement-1",
        "brand": document.brand.name,
        "facts": document.facts,
        "revision": document.revision,
        "reason": document.reason,
        "digest": document.digest,
        "created_at_ms": document.created_at_ms,
        "report_url": document.report_url,
        "exclusions": document.inputs.exclusions,
        "statement": document.statement,
    });
    let mut bytes = serde_json::to_vec_pretty(&value).expect("these values have a JSON form");
    bytes.push(b'\n');
    bytes
}
