use serde_json::Value;

/// How it is known, in plain words, from the evidence that the collector kept with a span: `{"kind": …}`.
///
/// The words are few on purpose: the facts themselves stay in the store for the auditor.
pub fn evidence_words(evidence: &Value) -> String {
    let kind = evidence.get("kind").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "link_times" => "The router's own record of when the line went down and came back",
        "link_downs_grew" => "The router counted the drop; its exact time is not recorded",
        "reboot" => "The router's running time began anew",
        "looks" => return looks_words(evidence),
        "session" => "The session's own uptime shows no interruption",
        "new_session" => "The router has another session, which began then",
        "no_session" => "The router had no session of this user",
        "first_look" => "Seen at the first check",
        "continuous" => "The router's counters show no interruption",
        "no_contact" => "Our monitoring had no contact with the router",
        "no_answer_before" | "undated_change" => "The state changed between two checks",
        "another_interface" => "The port on the router was replaced",
        "link_downs_fell" | "link_downs_missing" => "The router's record of drops is incomplete",
        "not_confirmed" => "Seen once and not confirmed by a second check",
        _ => "Regular checks of the router",
    }
    .to_owned()
}

fn looks_words(evidence: &Value) -> String {
    match evidence.get("looks").and_then(Value::as_i64) {
        Some(1) => "Seen by a check of the router".to_owned(),
        Some(looks) if looks > 1 => format!("Confirmed by {looks} checks of the router in a row"),
        _ => "Seen by our regular checks of the router".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence_and_an_unknown_kind_does_not_fail() {
        assert_eq!(
            evidence_words(&json!({"kind": "looks", "looks": 2})),
            "Confirmed by 2 checks of the router in a row"
        );
        assert_eq!(evidence_words(&json!({"kind": "tea leaves"})), "Regular checks of the router");
        assert_eq!(evidence_words(&Value::Null), "Regular checks of the router");
    }
}
