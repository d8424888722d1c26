//! Whom a message goes to, as the outbox and the lists write it.

use crate::StoreError;
use crate::email::is_email;
use crate::webhook::webhook_of;

/// What a WhatsApp number's recipient begins with; the number follows as E.164 writes it.
pub(crate) const WHATSAPP_PREFIX: &str = "whatsapp:";
/// The most and the fewest digits of a number (ITU-T E.164, 6.2.1: at most 15 with the country's code).
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 8;

/// A way out of the outbox, in the order in which they are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Mail,
    /// A signed call over HTTP.
    Webhook,
    /// A template message.
    WhatsApp,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Webhook, Self::WhatsApp];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::WhatsApp => "whatsapp",
        }
    }

    /// The way that a recipient's messages take.
    pub fn of(recipient: &str) -> Self {
        if webhook_of(recipient).is_some() {
            Self::Webhook
        } else if recipient.starts_with(WHATSAPP_PREFIX) {
            Self::WhatsApp
        } else {
            Self::Mail
        }
    }
}

/// The number for which a recipient stands, with its plus sign, if it is one: `whatsapp:+919812345678`.
pub fn whatsapp_number(recipient: &str) -> Option<&str> {
    recipient.strip_prefix(WHATSAPP_PREFIX).filter(|number| is_number(number))
}

/// A number as a person types it (`+91 98123-45678`), as E.164 writes it.
///
/// # Errors
/// [`StoreError::Invalid`], saying how to write it.
pub fn phone_number(text: &str) -> Result<String, StoreError> {
    let plain: String = text.trim().chars().filter(|letter| !" -().\u{a0}".contains(*letter)).collect();
    if is_number(&plain) {
        return Ok(plain);
    }
    let why = format!("{text:?}: write it with its country's code and a plus sign, e.g. +91 98123 45678");
    Err(StoreError::Invalid { what: "a telephone number", why })
}

/// A recipient as a person types it: an e-mail address, `whatsapp:` and a number, or a number alone.
///
/// # Errors
/// [`StoreError::Invalid`], saying what it may be.
pub fn recipient(text: &str) -> Result<String, StoreError> {
    let typed = key(text);
    if let Some(number) = typed.strip_prefix(WHATSAPP_PREFIX) {
        return Ok(format!("{WHATSAPP_PREFIX}{}", phone_number(number)?));
    }
    if typed.starts_with('+') {
        return Ok(format!("{WHATSAPP_PREFIX}{}", phone_number(&typed)?));
    }
    if is_email(&typed) {
        return Ok(typed);
    }
    let why = format!("{text:?} is neither an e-mail address nor a WhatsApp number such as +919812345678");
    Err(StoreError::Invalid { what: "a recipient", why })
}

/// The same recipient however it was typed, for what may be on a list: what is none finds nothing there.
pub(crate) fn typed(text: &str) -> String {
    recipient(text).unwrap_or_else(|_| key(text))
}

/// Addresses are compared without regard to case, so that nobody is written to twice.
pub(crate) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether messages can go there.
pub(crate) fn is_recipient(text: &str) -> bool {
    match Channel::of(text) {
        Channel::Mail => is_email(text),
        Channel::Webhook => true,
        Channel::WhatsApp => whatsapp_number(text).is_some(),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_however_it_is_spaced() {
        for text in [
            "+919812345678",
            " +91 98123 45678",
            "+91-98123-45678",
            "whatsapp:+91 (98123) 45678",
            "WhatsApp:+919812345678",
        ] {
            assert_eq!(recipient(text).expect(text), "whatsapp:+919812345678");
        }
        assert_eq!(recipient(" NOC@Example.net ").expect("an address"), "noc@example.net");
    }

    #[test]
    fn what_is_no_recipient_says_what_would_be() {
        for text in [
            "",
            "9812345678",
            "+0119812345678",
            "+91",
            "+9198123456789012",
            "whatsapp:9812345678",
            "+91981234५678",
            "noc",
            "webhook:7",
            "whatsapp:noc@example.net",
        ] {
            let error = recipient(text).expect_err(text).to_string();
            assert!(error.contains("+91"), "{error}");
        }
    }

    #[test]
    fn each_recipient_has_one_way_out() {
        for (text, channel) in [
            ("noc@example.net", Channel::Mail),
            ("webhook:7", Channel::Webhook),
            ("whatsapp:+919812345678", Channel::WhatsApp),
        ] {
            assert_eq!(Channel::of(text), channel);
            assert!(is_recipient(text));
        }
        // It takes no other way than the one that it names.
        assert!(!is_recipient("whatsapp:noc@example.net"));
        assert_eq!(Channel::of("whatsapp:noc@example.net"), Channel::WhatsApp);
    }
}
