//! What WhatsApp says of messages that it took: delivered, read, or not.
//!
//! <https://developers.facebook.com/docs/graph-api/webhooks/getting-started> says how Meta asks whether the address is ours,
//! and how it signs.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use store::{RECEIPTS_MAX, Receipt, ReceiptStatus};

use crate::app::App;
use crate::error::PageError;
use crate::token::Token;

pub(crate) const WHATSAPP_HOOK: &str = "/hooks/whatsapp";
/// The most that Meta sends at once.
pub(crate) const BODY_BYTES_MAX: usize = 3 << 20;
/// The longest word that is said back.
const CHALLENGE_CHARS_MAX: usize = 256;

#[derive(Deserialize)]
pub(crate) struct Verification {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// `GET /hooks/whatsapp`: Meta asks, once, whether the address belongs to whoever entered it there.
pub(crate) async fn verify(
    State(app): State<App>,
    Query(asked): Query<Verification>,
) -> Result<String, PageError> {
    let settings = app.settings.whatsapp_receipts.as_ref().ok_or(PageError::NotFound)?;
    // Hashes are compared: how long that takes says nothing of the word.
    let is_known = Token::hash_of(&asked.token) == Token::hash_of(settings.verify_token.expose_secret());
    let is_plain = asked.challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if asked.mode != "subscribe" || !is_known || !is_plain || asked.challenge.len() > CHALLENGE_CHARS_MAX {
        return Err(PageError::Unsigned);
    }
    Ok(asked.challenge)
}

/// `POST /hooks/whatsapp`: receipts. Nothing is read before its signature is right; whatever else Meta tells is left alone.
pub(crate) async fn receive(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, PageError> {
    let settings = app.settings.whatsapp_receipts.as_ref().ok_or(PageError::NotFound)?;
    let body = body.map_err(|_| PageError::BadRequest)?;
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|signature| is_signed(&settings.app_secret, &body, signature)) {
        return Err(PageError::Unsigned);
    }
    let told: Map<String, Value> = serde_json::from_slice(&body).map_err(|_| PageError::BadRequest)?;
    let now_ms = app.clock.now_ms();
    let receipts: Vec<Receipt> =
        statuses(told.into()).into_iter().filter_map(|status| status.receipt(now_ms)).collect();
    for some in receipts.chunks(RECEIPTS_MAX) {
        app.store.note_receipts(some).await?;
    }
    Ok(StatusCode::OK)
}

/// `sha256=` and HMAC-SHA-256 over the body, in hexadecimal digits.
fn is_signed(secret: &SecretString, body: &[u8], signature: &str) -> bool {
    let Some(given) = signature.strip_prefix("sha256=").and_then(bytes_of) else { return false };
    // A key of any length is one.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).unwrap_or_else(|_| unreachable!());
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

fn bytes_of(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What became of messages, out of all that was told. What cannot be read is left out and keeps nothing else back: Meta
/// repeats the whole for days if it is refused.
fn statuses(told: Value) -> Vec<Status> {
    let (mut found, mut odd) = (Vec::new(), 0);
    for entry in items(told, "entry", &mut odd) {
        for mut change in items(entry, "changes", &mut odd) {
            // Changes of other kinds have values of other kinds.
            let Some(value) = change.get_mut("value").filter(|value| value.is_object()) else { continue };
            for status in items(value.take(), "statuses", &mut odd) {
                match serde_json::from_value(status) {
                    Ok(status) => found.push(status),
                    Err(_) => odd += 1,
                }
            }
        }
    }
    if odd > 0 {
        // Not the parts themselves: there are numbers and names in them.
        tracing::warn!(parts = odd, "WhatsApp told something that cannot be read; the rest is noted");
    }
    found
}

/// The items of a list in an object; `odd` counts what is neither.
fn items(mut holder: Value, name: &str, odd: &mut usize) -> Vec<Value> {
    match holder.get_mut(name).map(Value::take) {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) if holder.is_object() => Vec::new(),
        _ => {
            *odd += 1;
            Vec::new()
        }
    }
}

/// As far as receipts go; fields that are not here may be what they like.
#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    #[serde(default)]
    timestamp: Value,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    error_data: Value,
}

impl Status {
    /// `None` for what is no receipt: there are kinds that we do not know.
    fn receipt(self, now_ms: i64) -> Option<Receipt> {
        let status: ReceiptStatus = self.status.parse().ok()?;
        let at_s = match &self.timestamp {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        };
        let at_ms =
            at_s.and_then(|at_s: i64| at_s.checked_mul(1_000)).filter(|at_ms| (0..=now_ms).contains(at_ms));
        let reason = self.errors.first().map(StatusError::words);
        Some(Receipt {
            provider_id: self.id,
            key: self.biz_opaque_callback_data,
            status,
            at_ms: at_ms.unwrap_or(now_ms),
            reason,
        })
    }
}

impl StatusError {
    fn words(&self) -> String {
        let details = self.error_data["details"].as_str().filter(|details| *details != self.title);
        let details = details.map(|details| format!(": {details}")).unwrap_or_default();
        format!("{} {}{details}", self.code, self.title).replace(char::is_control, " ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out_and_the_rest_is_taken() {
        let receipt = |id: &str| json!({ "id": id, "status": "read" });
        let change = |value: Value| json!({ "field": "messages", "value": value });
        for odd in [json!(null), json!(7), json!("text"), json!([[]]), json!({}), json!({ "id": 5 })] {
            let told = json!({ "entry": [
                odd,
                { "id": "1", "changes": odd },
                { "id": "2", "changes": [
                    odd,
                    change(json!({ "statuses": odd })),
                    { "value": odd },
                    change(json!({ "statuses": [odd, receipt("first"), odd, receipt("second")] })),
                    odd,
                ] },
                odd,
                { "id": "3", "changes": [change(json!({ "statuses": [receipt("third")] }))] },
            ] });
            let ids: Vec<String> = statuses(told).into_iter().map(|status| status.id).collect();
            assert_eq!(ids, ["first", "second", "third"], "{odd}");
        }
        for nothing in [json!({}), json!({ "entry": 1 }), json!({ "entry": { "changes": [] } })] {
            assert!(statuses(nothing).is_empty());
        }
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_that_of_the_standards_example() {
        let secret = SecretString::from("Jefe".to_owned());
        let body = b"what do ya want for nothing?";
        let right = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(is_signed(&secret, body, right));
        assert!(is_signed(&secret, body, &right.to_uppercase().replace("SHA256", "sha256")));
        for wrong in [
            "",
            "sha256=",
            &right[7..],
            &right[..70],
            &right.replace("5b", "5c"),
            &format!("{right}00"),
            "sha256=é",
        ] {
            assert!(!is_signed(&secret, body, wrong), "{wrong}");
        }
        assert!(!is_signed(&secret, b"what do ya want for nothing!", right));
    }
}
