/// A stored cause in the words of a page; an unknown word comes back as it is.
pub fn cause_words(cause: &str) -> &str {
    match cause {
        "link_down" => "Line down at our port",
        "router_reboot" => "Our router restarted",
        "no_answer" => "No answer from the far end",
        "router_unreachable" => "Our monitoring lost its way to the router",
        "not_polled" => "Not measured",
        "own_network" => "Our monitoring was cut off",
        "own_limit" => "Our monitoring was overloaded",
        "disabled" => "Port switched off by the operator",
        "interface_missing" => "Port not found on the router",
        "undated_drops" => "Short drops without exact times",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_cause_is_shown_and_not_hidden() {
        assert_eq!(cause_words("link_down"), "Line down at our port");
        assert_eq!(cause_words("squirrel"), "squirrel");
    }
}
