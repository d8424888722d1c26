use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Attachment as FilePart, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};

use super::SendError;

/// Who mails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// A text that names no sender.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no sender: write it as sla@example.net or Example Net <sla@example.net>")]
pub struct SenderError(String);

impl std::str::FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let error = || SenderError(text.to_owned());
        if text.chars().any(char::is_control) {
            return Err(error());
        }
        text.parse().map(Self).map_err(|_| error())
    }
}

impl Sender {
    /// The same address under `name`, unless it has a name of its own.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.0.name.get_or_insert_with(|| name.to_owned());
        self
    }

    /// The domain of the address, as servers know it.
    pub fn domain(&self) -> String {
        with_ascii_domain(&self.0).email.domain().to_owned()
    }
}

/// One e-mail to one recipient. The same fields give the same bytes, whenever and however often they are sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `<…@…>`: the same for every attempt, so that a mail that arrives twice can be told to be one.
    pub message_id: String,
    /// When its cause was written.
    pub created_at_ms: i64,
    /// Who it comes from.
    pub from: Sender,
    /// Where an answer goes, if not to the sender.
    pub reply_to: Option<String>,
    /// One address.
    pub to: String,
    /// The name of the list that a mail program may sort it by; a mail to one person has none.
    pub list: Option<&'static str>,
    /// One line.
    pub subject: String,
    /// For those who read no HTML.
    pub text: String,
    /// For all others.
    pub html: String,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
    /// The `Message-ID` of the mail that it answers, so that both stand together.
    pub in_reply_to: Option<String>,
}

/// A file that goes with a mail.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its name for the recipient.
    pub name: String,
    /// `application/pdf` and the like.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// Headers and body, and the envelope.
    pub(super) fn message(&self) -> Result<Message, SendError> {
        let to: Address = self
            .to
            .parse()
            .map_err(|_| SendError::Refused(format!("{:?} is not an e-mail address", self.to)))?;
        let ms = u64::try_from(self.created_at_ms).unwrap_or(0);
        let mut builder = Message::builder()
            .message_id(Some(self.message_id.clone()))
            .date(UNIX_EPOCH + Duration::from_millis(ms))
            .from(with_ascii_domain(&self.from.0))
            .to(with_ascii_domain(&Mailbox::new(None, to)))
            .subject(&self.subject)
            // No vacation notice shall answer it (RFC 3834).
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if let Some(list) = self.list {
            let id = format!("<{list}.{}>", self.from.domain());
            builder = builder.raw_header(header("List-Id", &id));
        }
        if let Some(id) = &self.in_reply_to {
            builder = builder.in_reply_to(id.clone()).references(id.clone());
        }
        if let Some(reply_to) = self.reply_to.as_deref().and_then(|text| text.parse::<Mailbox>().ok()) {
            builder = builder.reply_to(with_ascii_domain(&reply_to));
        }
        let bodies = MultiPart::alternative()
            .boundary(self.boundary("alternative"))
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(SinglePart::html(self.html.clone()));
        if self.attachments.is_empty() {
            return builder.multipart(bodies).map_err(failed);
        }
        let mut parts = MultiPart::mixed().boundary(self.boundary("mixed")).multipart(bodies);
        for file in &self.attachments {
            let content_type = ContentType::parse(file.content_type).map_err(failed)?;
            let part = FilePart::new(file.name.clone()).body(file.bytes.clone(), content_type);
            parts = parts.singlepart(part);
        }
        builder.multipart(parts).map_err(failed)
    }

    /// Derived and not drawn, so that a repeated mail is the same to the byte.
    fn boundary(&self, part: &str) -> String {
        let digest = Sha256::digest(format!("{part} {}", self.message_id));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// With a domain in another script as `xn--`, which every server takes.
fn with_ascii_domain(mailbox: &Mailbox) -> Mailbox {
    let Mailbox { name, email } = mailbox;
    let domain = idna::domain_to_ascii(email.domain()).ok();
    let ascii = domain.and_then(|domain| Address::new(email.user(), domain).ok());
    Mailbox::new(name.clone(), ascii.unwrap_or_else(|| email.clone()))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// What lettre cannot build today, it cannot build tomorrow.
fn failed(error: impl std::fmt::Display) -> SendError {
    SendError::Refused(format!("the mail cannot be put together: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            message_id: "<1a2b@leaseline>".to_owned(),
            created_at_ms: 1_793_471_400_000,
            from: "sla@example.net".parse::<Sender>().expect("a sender").named("Example Net"),
            reply_to: Some("help@example.net".to_owned()),
            to: "it@acme.example".to_owned(),
            list: Some("sla-reports"),
            subject: "SLA breach: C-1 अक्टूबर".to_owned(),
            text: "Uptime 99.31 %".to_owned(),
            html: "<p>₹</p>".to_owned(),
            attachments: vec![Attachment {
                name: "C-1-2026-10.pdf".to_owned(),
                content_type: "application/pdf",
                bytes: b"%PDF-1.7".to_vec(),
            }],
            in_reply_to: Some("<0f@leaseline>".to_owned()),
        }
    }

    #[test]
    fn a_repeated_mail_is_the_same_to_the_byte() {
        let bytes = |mail: &Mail| mail.message().expect("a message").formatted();
        assert_eq!(bytes(&mail()), bytes(&mail()));
        let text = String::from_utf8(bytes(&mail())).expect("ASCII");
        assert!(text.is_ascii(), "no server must know 8BITMIME");
        for expected in [
            "Message-ID: <1a2b@leaseline>\r\n",
            "Date: Sat, 31 Oct 2026 18:30:00 +0000\r\n",
            "From: \"Example Net\" <sla@example.net>\r\n",
            "To: it@acme.example\r\n",
            "Reply-To: help@example.net\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "List-Id: <sla-reports.example.net>\r\n",
            "In-Reply-To: <0f@leaseline>\r\n",
            "References: <0f@leaseline>\r\n",
            "multipart/mixed",
            "multipart/alternative",
            "filename=\"C-1-2026-10.pdf\"",
        ] {
            assert!(text.contains(expected), "{expected} is missing in {text}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_for_good() {
        for to in ["", "no", "a b@c.example", "a@b.example\r\nBcc: x@y.example"] {
            let error = Mail { to: to.to_owned(), ..mail() }.message().expect_err(to);
            assert!(matches!(error, SendError::Refused(_)), "{error}");
        }
    }

    #[test]
    fn a_domain_in_another_script_is_sent_as_ascii() {
        let mail = Mail {
            from: "SLA <sla@bücher.example>".parse().expect("a sender"),
            reply_to: Some("help@bücher.example".to_owned()),
            to: "it@उदाहरण.example".to_owned(),
            ..mail()
        };
        let message = mail.message().expect("a message");
        let envelope = message.envelope();
        assert_eq!(envelope.from().expect("a sender").to_string(), "sla@xn--bcher-kva.example");
        assert_eq!(envelope.to()[0].to_string(), "it@xn--p1b6ci4b4b3a.example");
        let text = String::from_utf8(message.formatted()).expect("ASCII");
        for expected in [
            "<sla@xn--bcher-kva.example>",
            "To: it@xn--p1b6ci4b4b3a.example",
            "Reply-To: help@xn--bcher-kva.example",
            "List-Id: <sla-reports.xn--bcher-kva.example>",
        ] {
            assert!(text.contains(expected), "{expected} is missing in {text}");
        }
    }

    #[test]
    fn a_line_end_in_a_subject_adds_no_header() {
        let mail = Mail { subject: "x\r\nBcc: y@z.example".to_owned(), ..mail() };
        let text = String::from_utf8(mail.message().expect("a message").formatted()).expect("ASCII");
        assert!(!text.contains("\nBcc:"), "{text}");
    }

    #[test]
    fn a_sender_keeps_its_own_name() {
        let sender: Sender = "Own <a@b.example>".parse().expect("a sender");
        assert_eq!(sender.clone().named("Other"), sender);
        for text in ["", "a b", "<", "a@b.example\r\nX: y"] {
            assert!(text.parse::<Sender>().is_err(), "{text}");
        }
    }
}
