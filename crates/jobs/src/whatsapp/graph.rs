//! The HTTP client of the Graph API: one message, one call.

use std::time::Duration;

use reqwest::{Client, Response, header::HeaderMap, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    template::Template,
    verdict::{Hints, Taken, Trouble, judge, unclear},
};
use crate::{
    SendError,
    http::{self, USER_AGENT},
};

/// The most that is read of an answer: those of the API have some hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where the API is, and who asks.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// With the version, without a slash at its end: `https://graph.facebook.com/v24.0`.
    pub url: String,
    /// The number that messages come from, by its id there.
    pub phone_number_id: String,
    /// Of a system user with the permission `whatsapp_business_messaging`.
    pub token: SecretString,
    /// The longest that one call may take.
    pub limit: Duration,
    /// PEM text of authorities to trust besides the machine's own.
    pub ca_pem: Option<Vec<u8>>,
}

/// Settings with which nothing could be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct GraphSettingsError(String);

/// The Graph API, as far as messages need it.
#[derive(Clone, Debug)]
pub struct Graph {
    client: Client,
    settings: GraphSettings,
}

impl Graph {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// Authorities that cannot be read.
    pub fn new(settings: GraphSettings) -> Result<Self, GraphSettingsError> {
        let tls = http::tls(settings.ca_pem.as_deref()).map_err(GraphSettingsError)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .no_proxy()
            // What takes longer has not begun to send anything; then it is certain that nothing arrived.
            .connect_timeout(settings.limit / 2)
            .timeout(settings.limit)
            .build()
            .map_err(|error| GraphSettingsError(http::words(&error)))?;
        Ok(Self { client, settings })
    }

    /// The longest that one call may take.
    pub(super) fn limit(&self) -> Duration {
        self.settings.limit
    }

    /// Sends a message, to be known by `key` in its receipts.
    pub(super) async fn send(
        &self,
        to: &str,
        template: &Template,
        values: [&str; 4],
        key: &str,
    ) -> Result<Taken, Trouble> {
        let parameters: Vec<_> = values.iter().map(|text| json!({ "type": "text", "text": text })).collect();
        let body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": to,
            "type": "template",
            "template": {
                "name": template.name,
                "language": { "code": template.language },
                "components": [{ "type": "body", "parameters": parameters }],
            },
            "biz_opaque_callback_data": key,
        });
        let url = format!("{}/{}/messages", self.settings.url, self.settings.phone_number_id);
        let request = self.client.post(url).bearer_auth(self.settings.token.expose_secret());
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.map_err(|error| self.failure(&error))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        match whole(answer).await {
            Ok(body) => judge(status, &body, hints(&headers)).map_err(|trouble| self.without_token(trouble)),
            // The status has been said, and it says what became of the message.
            Err(why) if (200..300).contains(&status) => {
                let answer =
                    format!("{status}, and the answer broke off ({why}): its id is known from its receipts");
                Ok(Taken { provider_id: None, answer })
            }
            Err(why) => Err(unclear(status, format!("{status}, and the answer broke off: {why}"))),
        }
    }

    /// Whether the token is good for the number; what the API says of it.
    ///
    /// # Errors
    /// Why it is not, or that nobody answers.
    pub async fn check(&self) -> Result<String, SendError> {
        Ok(self.number().await?)
    }

    async fn number(&self) -> Result<String, Trouble> {
        let url = format!(
            "{}/{}?fields=display_phone_number,verified_name,quality_rating",
            self.settings.url, self.settings.phone_number_id
        );
        let request = self.client.get(url).bearer_auth(self.settings.token.expose_secret());
        let answer = request.send().await.map_err(|error| self.failure(&error))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = whole(answer).await.map_err(Trouble::Later)?;
        let number: serde_json::Value = match status {
            200 => serde_json::from_slice(&body).unwrap_or_default(),
            _ => serde_json::Value::Null,
        };
        let Some(phone) = number["display_phone_number"].as_str() else {
            let trouble = judge(status, &body, hints(&headers)).err();
            let trouble = trouble.unwrap_or_else(|| Trouble::Later(format!("{status} without a number")));
            return Err(self.without_token(trouble));
        };
        let of = |field: &str| number[field].as_str().unwrap_or("unknown").to_owned();
        Ok(format!("{phone} ({}), quality {}", of("verified_name"), of("quality_rating")))
    }

    fn failure(&self, error: &reqwest::Error) -> Trouble {
        if error.is_connect() || error.is_builder() {
            return Trouble::Away { why: http::words(error), pause: None };
        }
        Trouble::Doubt(match error.is_timeout() {
            true => format!("no answer within {} s", self.settings.limit.as_secs_f32()),
            false => http::words(error),
        })
    }

    /// The API quotes a token that it takes for none.
    fn without_token(&self, trouble: Trouble) -> Trouble {
        let clean = |text: String| text.replace(self.settings.token.expose_secret(), "[the token]");
        match trouble {
            Trouble::Refused(why) => Trouble::Refused(clean(why)),
            Trouble::Later(why) => Trouble::Later(clean(why)),
            Trouble::Away { why, pause } => Trouble::Away { why: clean(why), pause },
            Trouble::Doubt(why) => Trouble::Doubt(clean(why)),
        }
    }
}

/// An answer to its end, or why there is none.
async fn whole(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| http::words(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("it has more than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn hints(headers: &HeaderMap) -> Hints<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Hints { retry_after: text("retry-after"), usage: text("x-business-use-case-usage") }
}
