use std::fmt;

/// The notation of a PPP user among interface names: `ppp:acme`.
const PPP_USER_PREFIX: &str = "ppp:";
/// The services of RouterOS whose sessions have an interface `<service-user>` of their own.
const PPP_SERVICES: [&str; 5] = ["pppoe", "l2tp", "sstp", "ovpn", "pptp"];

/// What a link runs over at its router. Links, files and forms write it in one text: the name of an interface, or
/// `ppp:USER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPort<'a> {
    /// An interface, by its name.
    Interface(&'a str),
    /// Whatever session this PPP user has, on this router or on another one of the company.
    PppUser(&'a str),
}

impl<'a> LinkPort<'a> {
    /// Reads `ppp:USER`, or else the name of an interface.
    pub fn of(interface: &'a str) -> Self {
        match interface.strip_prefix(PPP_USER_PREFIX) {
            Some(user) if !user.is_empty() => Self::PppUser(user),
            _ => Self::Interface(interface),
        }
    }

    /// The PPP user, if it is one.
    pub fn ppp_user(self) -> Option<&'a str> {
        match self {
            Self::PppUser(user) => Some(user),
            Self::Interface(_) => None,
        }
    }

    /// For a sentence: `port ether3`, `the PPP session of acme`.
    pub fn words(self) -> String {
        match self {
            Self::Interface(name) => format!("port {name}"),
            Self::PppUser(user) => format!("the PPP session of {user}"),
        }
    }

    /// `ppp:USER`
    pub fn notation_of_user(user: &str) -> String {
        format!("{PPP_USER_PREFIX}{user}")
    }
}

/// For people: `ether3`, `PPP user acme`.
impl fmt::Display for LinkPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => f.write_str(name),
            Self::PppUser(user) => write!(f, "PPP user {user}"),
        }
    }
}

/// Whose session has an interface of this name: `<pppoe-acme>` is one of `acme`. A name that ends in a number may be the
/// second session of a user, or a user whose name ends so: both are given, the first being the whole name.
pub fn users_of_ppp_interface(interface: &str) -> Vec<&str> {
    let inner = interface.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let of_service = |service: &&str| inner?.strip_prefix(*service)?.strip_prefix('-');
    let Some(user) = PPP_SERVICES.iter().find_map(of_service).filter(|user| !user.is_empty()) else {
        return Vec::new();
    };
    let first = user.rsplit_once('-').filter(|(first, number)| {
        !first.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    std::iter::once(user).chain(first.map(|(first, _)| first)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ppp_user_is_told_from_an_interface() {
        assert_eq!(LinkPort::of("ppp:acme"), LinkPort::PppUser("acme"));
        assert_eq!(LinkPort::of("ppp:"), LinkPort::Interface("ppp:"));
        assert_eq!(LinkPort::of("<pppoe-acme>"), LinkPort::Interface("<pppoe-acme>"));
        assert_eq!(LinkPort::of(&LinkPort::notation_of_user("a b")).to_string(), "PPP user a b");
    }

    #[test]
    fn the_interface_of_a_session_names_its_user() {
        assert_eq!(users_of_ppp_interface("<pppoe-acme>"), ["acme"]);
        assert_eq!(users_of_ppp_interface("<l2tp-acme-1>"), ["acme-1", "acme"]);
        assert_eq!(users_of_ppp_interface("<sstp-a-b>"), ["a-b"]);
        assert_eq!(users_of_ppp_interface("<pppoe-1>"), ["1"]);
        for other in ["pppoe-acme", "<pppoe->", "<eoip-acme>", "ether1", "<>"] {
            assert_eq!(users_of_ppp_interface(other), [""; 0], "{other}");
        }
    }
}
