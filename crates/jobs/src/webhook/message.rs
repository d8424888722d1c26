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
    /// What the outbox has for a webhook. `data` is what was decided when the alert was; nothing is looked up anew.
    pub(super) fn of(mail: &OutboxMail, company: &str) -> Self {
        let phase = if mail.payload["until_ms"].is_null() { "raised" } else { "over" };
        let mut data = mail.payload.clone();
        if let Some(data) = data.as_object_mut() {
            // These say how a mail is written and answered.
            data.remove("for_client");
            if let Some(answered) = data.remove("in_reply_to") {
                data.insert("answers".to_owned(), bare(answered.as_str().unwrap_or_default()).into());
            }
        }
        let at = jiff::Timestamp::from_millisecond(mail.created_at_ms).unwrap_or_default();
        let body = serde_json::json!({
            "type": mail.kind, "phase": phase, "timestamp": at.to_string(), "company": company, "data": data,
        });
        Self { id: bare(&mail.message_id).to_owned(), body: body.to_string() }
    }

    /// `v1,…` over identity, moment and body.
    pub(super) fn signature(&self, key: &[u8], sent_at_s: i64) -> String {
        // A key of any length is one.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!());
        mac.update(format!("{}.{sent_at_s}.{}", self.id, self.body).as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A `Message-ID` without its brackets.
fn bare(message_id: &str) -> &str {
    message_id.trim_start_matches('<').trim_end_matches('>')
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
