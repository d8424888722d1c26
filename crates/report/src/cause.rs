/// A stored cause in the words of a page; an unknown word comes back as it is.
pub fn cause_words(cause: &str) -> &str {
    match cause {
        "link_down" => "Line down at our port",
        "session_ended" => "PPP session ended",
        "router_reboot" => "Our router restarted",
        "no_answer" => "No answer from the far end",
        "router_unreachable" => "Our monitoring lost its way to the router",
        "login_rejected" => "Not measured: the router rejected the login of our monitoring",
        "permission_denied" => "Not measured: our monitoring lacks a permission on the router",
        "tls_error" => "Not measured: no trusted TLS connection to the router",
        "protocol_error" => "Not measured: the router's answer was an error",
        "not_polled" => "Not measured",
        "own_network" => "Our monitoring was cut off",
        "own_limit" => "Our monitoring was overloaded",
        "disabled" => "Port switched off by the operator",
        "interface_missing" => "Port or PPP user not found on the router",
        "undated_drops" => "Short drops without exact times",
        other => other,
    }
}

/// The state of a router whose polls fail, in the words of a staff page; `None` stands for a router that does not answer.
pub fn poll_failure_words(cause: Option<&str>) -> &'static str {
    match cause {
        Some("login_rejected") => "Login rejected",
        Some("permission_denied") => "Permission denied",
        Some("tls_error") => "TLS error",
        Some("protocol_error") => "Protocol error",
        Some("own_network") => "Own network down",
        Some("not_polled") => "Not polled",
        _ => "Does not answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_that_answers_with_an_error_is_not_said_to_be_unreachable() {
        for cause in ["login_rejected", "permission_denied", "tls_error", "protocol_error"] {
            assert!(cause_words(cause).starts_with("Not measured: "), "{cause}");
            assert_ne!(poll_failure_words(Some(cause)), poll_failure_words(None), "{cause}");
        }
    }

    #[test]
    fn an_unknown_cause_is_shown_and_not_hidden() {
        assert_eq!(cause_words("link_down"), "Line down at our port");
        assert_eq!(cause_words("squirrel"), "squirrel");
    }
}
