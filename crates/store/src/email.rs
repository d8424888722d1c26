//! E-mail addresses: what the mailer can send to, checked where they are entered.

use email_address::EmailAddress;

use crate::StoreError;

/// RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets.
const CHARS_MAX: usize = 254;

/// An e-mail address as a person types it, without space around it. What the mailer would refuse is refused here: it parses
/// addresses with the same library, and takes names in other scripts as `xn--`.
///
/// # Errors
/// [`StoreError::Invalid`], saying how to write it.
pub fn email(text: &str) -> Result<String, StoreError> {
    let text = text.trim();
    if is_email(text) {
        return Ok(text.to_owned());
    }
    let why = format!("{text:?}: write it as name@example.net");
    Err(StoreError::Invalid { what: "an e-mail address", why })
}

/// Whether [`email`] takes it.
pub(crate) fn is_email(text: &str) -> bool {
    // Whatever separates addresses or ends a header is left to nobody.
    let bad = |letter: char| letter.is_whitespace() || letter.is_control() || "<>,;\"()".contains(letter);
    let Some((name, domain)) = text.split_once('@') else { return false };
    text.chars().count() <= CHARS_MAX
        && !text.contains(bad)
        && EmailAddress::is_valid_local_part(name)
        && idna::domain_to_ascii(domain).is_ok_and(|domain| EmailAddress::is_valid_domain(&domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_the_mailer_refuses_is_refused_on_entry() {
        for good in [
            "it@acme.example",
            " ops+sla@sub.acme.example ",
            "o'brien@acme.example",
            "noc@localhost",
            "info@bücher.example",
            "info@उदाहरण.example",
            "жанна@пример.example",
            "a@xn--bcher-kva.example",
        ] {
            assert_eq!(email(good).expect(good), good.trim());
        }
        for bad in [
            "",
            "nobody",
            "@acme.example",
            "it@",
            "it@@acme.example",
            "it@acme..example",
            "it@.acme.example",
            "it@acme.example.",
            "it@-acme.example",
            ".it@acme.example",
            "it.@acme.example",
            "i..t@acme.example",
            "it @acme.example",
            "<it@acme.example>",
            "it@acme.example, noc@acme.example",
            "it@acme.example\r\nBcc: x@y.example",
            "\"a b\"@acme.example",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert!(email(&format!("a@{}.example", "b".repeat(64))).is_err(), "a label of 64");
        assert!(email(&format!("{}@acme.example", "a".repeat(65))).is_err(), "a name of 65");
        let long = ["b".repeat(63), "c".repeat(63), "d".repeat(63), "e".repeat(60)].join(".");
        assert!(email(&format!("a@{long}.example")).is_err());
    }
}
