use routeros::Value;
use store::interface_as_typed;

/// Which of a router's interfaces a link's interface is. Forms and files take direction marks out of a name and space
/// off its ends, which a router keeps: where no name is the same, the one that differs in that alone is meant.
pub(crate) fn index_of<'n>(names: impl Iterator<Item = &'n Value> + Clone, wanted: &str) -> Option<usize> {
    let same = |name: &Value| name.as_bytes() == wanted.as_bytes() || name.to_string_lossy() == wanted;
    if let Some(index) = names.clone().position(same) {
        return Some(index);
    }
    let wanted = interface_as_typed(wanted);
    let mut meant =
        names.enumerate().filter(|(_, name)| interface_as_typed(&name.to_string_lossy()) == wanted);
    match (meant.next(), meant.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

/// Which interface is that of a PPP user's first session. One with a number (`<pppoe-a-1>`) may be that of another user.
pub(crate) fn index_of_session<'n>(mut names: impl Iterator<Item = &'n Value>, user: &str) -> Option<usize> {
    names.position(|name| sla::users_of_ppp_interface(&name.to_string_lossy()).first() == Some(&user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_with_a_space_at_its_end_is_found_by_its_name_without() {
        let index = |names: &[&str], wanted: &str| {
            let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).collect();
            index_of(names.iter(), wanted)
        };
        assert_eq!(index(&["ether1", "uplink "], "uplink"), Some(1));
        assert_eq!(index(&["ether1", "uplink "], "uplink "), Some(1));
        assert_eq!(index(&["uplink ", "uplink"], "uplink"), Some(1), "the same name goes before");
        assert_eq!(index(&["uplink ", " uplink"], "uplink"), None, "which of them, nobody can say");
        assert_eq!(index(&["ether1"], "ether"), None);
        assert_eq!(
            index(&["ether1", "\u{202a}uplink\u{202c} "], "uplink"),
            Some(1),
            "a mark that was pasted along"
        );
    }

    #[test]
    fn the_interface_of_a_users_session_is_found_by_the_user() {
        let index = |names: &[&str], user: &str| {
            let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).collect();
            index_of_session(names.iter(), user)
        };
        assert_eq!(index(&["ether1", "<pppoe-a-1>", "<pppoe-a>"], "a"), Some(2));
        assert_eq!(index(&["ether1", "<l2tp-a-1>"], "a"), None, "it may be that of another customer");
        assert_eq!(index(&["<pppoe-a-1>"], "a-1"), Some(0));
        assert_eq!(index(&["<pppoe-ab>", "a"], "a"), None);
    }
}
