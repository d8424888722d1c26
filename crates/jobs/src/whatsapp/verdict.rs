//! What an answer of the Graph API means for the message, and for those after it.

use std::time::Duration;

use serde::Deserialize;

use crate::SendError;

/// The longest that the provider's own word about when to come back is followed.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// What the provider calls it; `None` if the answer broke off after it had said that all is well.
    pub(super) provider_id: Option<String>,
    /// In words, for the log.
    pub(super) answer: String,
}

/// Why a message was not taken, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// Never: this message, or this number, is refused for good.
    #[error("{0}")]
    Refused(String),
    /// Not this message now; the others may go.
    #[error("{0}")]
    Later(String),
    /// Nothing goes now: the token is none, the account is blocked, the limit of messages is reached, nobody answers.
    #[error("{why}")]
    Away {
        why: String,
        /// For how long, if the provider said so.
        pause: Option<Duration>,
    },
    /// It was given away, and no answer came, or none that says what became of it.
    #[error("{0}")]
    Doubt(String),
}

impl From<Trouble> for SendError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(why) => Self::Refused(why),
            Trouble::Later(why) | Trouble::Doubt(why) => Self::Deferred(why),
            Trouble::Away { why, .. } => Self::Away(why),
        }
    }
}

/// Where the provider says when to come back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints<'a> {
    /// `Retry-After`, in seconds.
    pub(super) retry_after: Option<&'a str>,
    /// `X-Business-Use-Case-Usage`, JSON.
    pub(super) usage: Option<&'a str>,
}

#[derive(Deserialize)]
struct Accepted {
    messages: Vec<AcceptedMessage>,
}

#[derive(Deserialize)]
struct AcceptedMessage {
    id: String,
    #[serde(default)]
    message_status: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: GraphError,
}

#[derive(Deserialize)]
struct GraphError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    error_data: Option<ErrorData>,
    #[serde(default)]
    fbtrace_id: Option<String>,
}

#[derive(Deserialize)]
struct ErrorData {
    #[serde(default)]
    details: Option<String>,
}

/// Judges an answer that is complete.
pub(super) fn judge(status: u16, body: &[u8], hints: Hints<'_>) -> Result<Taken, Trouble> {
    if (200..300).contains(&status) {
        return accepted(status, body);
    }
    let Ok(Refusal { error }) = serde_json::from_slice(body) else {
        let why = format!("{status}: {}", excerpt(body));
        return Err(match status {
            500.. => unclear(status, why),
            _ => Trouble::Away { why, pause: pause(hints) },
        });
    };
    let why = error.words();
    Err(match error.reach(status) {
        Reach::Message => Trouble::Refused(why),
        Reach::Now => Trouble::Later(why),
        Reach::All => Trouble::Away { why, pause: pause(hints) },
    })
}

/// What a status means that comes without the API's own words. A gateway that waited in vain for what is behind it cannot
/// know whether that took the message; one that passes nothing on (503) can, and so can whoever refuses (4xx).
pub(super) fn unclear(status: u16, why: String) -> Trouble {
    match status {
        400..500 | 503 => Trouble::Later(why),
        _ => Trouble::Doubt(why),
    }
}

fn accepted(status: u16, body: &[u8]) -> Result<Taken, Trouble> {
    let accepted = serde_json::from_slice::<Accepted>(body);
    let Some(message) = accepted.ok().and_then(|accepted| accepted.messages.into_iter().next()) else {
        // The API, if it was that, may have taken it.
        let why = format!("{status}, but not in the words of the Graph API: {}", excerpt(body));
        return Err(unclear(status, why));
    };
    let held = message.message_status.filter(|status| status != "accepted");
    let held = held.map(|status| format!(", {status}")).unwrap_or_default();
    Ok(Taken { answer: format!("{status} {}{held}", message.id), provider_id: Some(message.id) })
}

/// How much is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// This message, ever.
    Message,
    /// This message, for now.
    Now,
    /// All of them, for now.
    All,
}

impl GraphError {
    /// By the code, as Meta advises; its list is at
    /// <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>.
    fn reach(&self, status: u16) -> Reach {
        match self.code {
            // The token is none, has run out or may not do this; the number is not registered, or is not ours.
            0 | 3 | 10 | 33 | 190 | 200..=299 | 131_005 | 131_045 | 133_005..=133_010 => Reach::All,
            // What is asked for by the settings is not there: no message of ours can fare better.
            100 if self.error_subcode == 33 => Reach::All,
            // The account is blocked, has not paid or is being looked after; the name is not approved.
            368 | 131_031 | 131_037 | 131_042 | 131_057 => Reach::All,
            // So many calls, so many messages, so much that people took for spam.
            4 | 17 | 32 | 613 | 80_007 | 130_429 | 131_048 => Reach::All,
            // The service is away.
            131_016 | 133_004 => Reach::All,
            // Too many messages to this number; something went wrong.
            1 | 2 | 131_000 | 131_056 => Reach::Now,
            // Undeliverable (131026), more than 24 hours (131047), a template that is none (132xxx) and the like.
            code if code >= 100_000 => Reach::Message,
            _ if status == 429 => Reach::All,
            _ if status >= 500 => Reach::Now,
            _ => Reach::Message,
        }
    }

    fn words(&self) -> String {
        let prefix = format!("(#{})", self.code);
        let title = self.message.strip_prefix(&prefix).unwrap_or(&self.message).trim();
        let details = self.error_data.as_ref().and_then(|data| data.details.as_deref());
        let details = details.filter(|details| *details != title);
        let details = details.map(|details| format!(": {details}")).unwrap_or_default();
        let trace = self.fbtrace_id.as_ref().map(|trace| format!(" (trace {trace})")).unwrap_or_default();
        one_line(&format!("{} {title}{details}{trace}", self.code))
    }
}

/// The longer of what the headers say.
fn pause(hints: Hints<'_>) -> Option<Duration> {
    let seconds = hints.retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let minutes = hints.usage.and_then(minutes_to_wait).map(|minutes| Duration::from_secs(minutes * 60));
    seconds.max(minutes).filter(|pause| !pause.is_zero()).map(|pause| pause.min(PAUSE_MAX))
}

/// `{"104…": [{"type": "whatsapp", …, "estimated_time_to_regain_access": 12}]}`
fn minutes_to_wait(usage: &str) -> Option<u64> {
    let usage: serde_json::Value = serde_json::from_str(usage).ok()?;
    let of_accounts = usage.as_object()?.values().filter_map(|uses| uses.as_array()).flatten();
    of_accounts
        .filter_map(|usage| usage["estimated_time_to_regain_access"].as_u64())
        .max()
        .map(|minutes| minutes.min(60))
}

fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
    one_line(&text)
}

fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: i64, hints: Hints<'_>) -> Trouble {
        let body = serde_json::json!({ "error": {
            "message": format!("(#{code}) What it is"), "type": "OAuthException", "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": "What to\ndo" }, "fbtrace_id": "Az8or2",
        }});
        judge(status, body.to_string().as_bytes(), hints).expect_err("refused")
    }

    #[test]
    fn a_code_says_whether_it_is_the_message_the_moment_or_the_account() {
        for code in
            [131_026, 131_047, 131_051, 132_000, 132_001, 132_005, 132_012, 132_015, 130_497, 131_049, 100]
        {
            let trouble = refused(400, code, Hints::default());
            assert_eq!(trouble, Trouble::Refused(format!("{code} What it is: What to do (trace Az8or2)")));
        }
        for (status, code) in [
            (401, 190),
            (401, 0),
            (403, 10),
            (403, 200),
            (429, 80_007),
            (429, 130_429),
            (400, 131_048),
            (403, 368),
            (403, 131_031),
            (503, 131_016),
            (400, 4),
        ] {
            let trouble = refused(status, code, Hints::default());
            assert!(matches!(trouble, Trouble::Away { pause: None, .. }), "{code}: {trouble:?}");
        }
        for (status, code) in [(500, 131_000), (503, 2), (400, 131_056), (500, 1), (502, 77)] {
            assert!(matches!(refused(status, code, Hints::default()), Trouble::Later(_)), "{code}");
        }
    }

    #[test]
    fn the_provider_says_when_to_come_back_and_not_for_ever() {
        let usage = r#"{"1": [{"type": "whatsapp", "estimated_time_to_regain_access": 12}]}"#;
        for (hints, seconds) in [
            (Hints { retry_after: Some("30"), usage: None }, Some(30)),
            (Hints { retry_after: None, usage: Some(usage) }, Some(720)),
            (Hints { retry_after: Some("30"), usage: Some(usage) }, Some(720)),
            (Hints { retry_after: Some("999999"), usage: None }, Some(3_600)),
            (Hints { retry_after: Some("0"), usage: Some("nonsense") }, None),
            (Hints { retry_after: Some("Wed, 21 Oct 2026"), usage: Some("[]") }, None),
        ] {
            let Trouble::Away { pause, .. } = refused(429, 130_429, hints) else { panic!("{hints:?}") };
            assert_eq!(pause.map(|pause| pause.as_secs()), seconds, "{hints:?}");
        }
    }

    #[test]
    fn only_an_answer_of_the_api_says_that_a_message_was_taken() {
        let body = br#"{"messaging_product":"whatsapp","contacts":[{"input":"+91981","wa_id":"91981"}],
            "messages":[{"id":"wamid.HBgM","message_status":"held_for_quality_assessment"}]}"#;
        let taken = judge(200, body, Hints::default()).expect("taken");
        assert_eq!(taken.answer, "200 wamid.HBgM, held_for_quality_assessment");
        assert_eq!(taken.provider_id.as_deref(), Some("wamid.HBgM"));
        for body in [&b"<html>Log in to the hotel's network</html>"[..], b"", b"{}", br#"{"messages":[]}"#] {
            assert!(matches!(judge(200, body, Hints::default()), Err(Trouble::Doubt(_))), "{body:?}");
        }
        for status in [500, 502, 504, 520] {
            assert!(matches!(judge(status, b"<html>", Hints::default()), Err(Trouble::Doubt(_))), "{status}");
        }
        assert!(matches!(judge(503, b"<html>", Hints::default()), Err(Trouble::Later(_))));
        assert!(matches!(judge(407, b"proxy", Hints::default()), Err(Trouble::Away { .. })));
    }
}
