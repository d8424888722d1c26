//! What a webhook is sent: a body, and a signature over it.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::OutboxMail;

/// A message ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Names it: the same however often it is tried, so that a receiver knows what it has already.
    pub(super) id: String,
    /// JSON.
    pub(super) body: String,
}

impl Message {
    /// What the outbox has for a webhook.
    pub(super) fn of(mail: &OutboxMail, company: &str) -> Self {
        let body = report::webhook_body(&mail.kind, company, mail.created_at_ms, &mail.payload);
        // Without its brackets.
        let id = mail.message_id.trim_start_matches('<').trim_end_matches('>').to_owned();
        Self { id, body: body.to_string() }
    }

    /// `v1,…` over identity, moment and body.
    pub(super) fn signature(&self, key: &[u8], sent_at_s: i64) -> String {
        // A key of any length is one.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!());
        mac.update(format!("{}.{sent_at_s}.{}", self.id, self.body).as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example (standard-webhooks, `spec/standard-webhooks.md` and the tests of its libraries).
    #[test]
    fn the_signature_is_that_of_the_specifications_example() {
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64");
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            body: r#"{"test": 2432232314}"#.to_owned(),
        };
        assert_eq!(message.signature(&key, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
