//! A stand-in of the Graph API as a web server: its checks of a message, its errors and limits, and how it may break.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{Graph, GraphSettings, Template, Templates, WhatsAppDelivery};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{NotificationEvent, Store};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinSet,
};

use crate::receiver::{Received, read};

pub(crate) const TOKEN: &str = "EAAG-a-good-token";
const PHONE_NUMBER_ID: &str = "104523";
/// The most characters of a whole message.
const MESSAGE_CHARS_MAX: usize = 1_024;
/// What the approved template itself says.
const TEMPLATE_CHARS: usize = 140;

/// What a gateway says.
const PAGE: &str = "<html>Log in first</html>";

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Refused with this status and code, and this header.
    Says(&'static str, i64, &'static str),
    /// A gateway's page, not the API's.
    Gateway(&'static str),
    /// The same, and it ends in the middle.
    GatewayBreaksOff(&'static str),
    /// It is taken, and nothing is said.
    TakesAndHangs,
    /// It is taken, and the connection closes.
    TakesAndCloses,
    /// It is taken, and the answer ends in the middle.
    TakesAndBreaksOff,
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) template: (String, String),
    pub(crate) values: Vec<String>,
    pub(crate) key: String,
}

#[derive(Debug, Default)]
struct State {
    calls: usize,
    taken: Vec<Taken>,
    moods: VecDeque<Mood>,
    /// Numbers that hang for ever.
    deaf: BTreeSet<String>,
    /// How many more messages the throughput allows.
    allowed: Option<usize>,
}

pub(crate) struct GraphApi {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    _serving: JoinSet<()>,
}

impl GraphApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state: Arc<Mutex<State>> = Arc::default();
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&state);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                open.spawn(async move { converse(BufReader::new(stream), &shared).await });
            }
        });
        Self { port, state, _serving: serving }
    }

    /// How it behaves with the next calls, one after the other; well after that.
    pub(crate) fn behave(&self, moods: &[Mood]) {
        self.state.lock().unwrap().moods = moods.iter().copied().collect();
    }

    pub(crate) fn allow(&self, messages: Option<usize>) {
        self.state.lock().unwrap().allowed = messages;
    }

    pub(crate) fn ignore(&self, number: &str) {
        self.state.lock().unwrap().deaf.insert(number.to_owned());
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    /// The way to it, under a token.
    pub(crate) fn delivery(&self, store: &Store, token: &str, limit: Duration) -> WhatsAppDelivery {
        let settings = GraphSettings {
            url: format!("http://127.0.0.1:{}/v24.0", self.port),
            phone_number_id: PHONE_NUMBER_ID.to_owned(),
            token: SecretString::from(token.to_owned()),
            limit,
            ca_pem: None,
        };
        let graph = Graph::new(settings).unwrap();
        let portal = Some("https://portal.isp.example".to_owned());
        WhatsAppDelivery::new(store.clone(), graph, templates("leaseline_notice"), portal)
    }
}

/// One template for every event.
pub(crate) fn templates(name: &str) -> Templates {
    let template = Template::parse(name, "en").unwrap();
    let all = NotificationEvent::ALL.into_iter();
    all.fold(Templates::default(), |templates, event| templates.with(event, template.clone()))
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: BufReader<S>, state: &Mutex<State>) {
    while let Some(message) = read(&mut stream).await {
        let (mood, is_deaf) = {
            let mut state = state.lock().unwrap();
            state.calls += 1;
            let to = serde_json::from_str::<Value>(&message.body).unwrap_or_default()["to"].clone();
            (state.moods.pop_front(), to.as_str().is_some_and(|to| state.deaf.contains(to)))
        };
        if is_deaf {
            std::future::pending::<()>().await;
        }
        let answer = match mood {
            None => judge(&message, state),
            Some(Mood::Says(status, code, header)) => refusal(status, code, header),
            Some(Mood::Gateway(status)) => answer(status, "", PAGE),
            Some(Mood::GatewayBreaksOff(status)) => broken(answer(status, "", PAGE)),
            Some(mood) => {
                let answer = judge(&message, state);
                match mood {
                    Mood::TakesAndHangs => std::future::pending().await,
                    Mood::TakesAndCloses => return,
                    _ => answer[..answer.len() - 20].to_owned(),
                }
            }
        };
        let breaks_off = matches!(mood, Some(Mood::TakesAndBreaksOff | Mood::GatewayBreaksOff(_)));
        if stream.write_all(answer.as_bytes()).await.is_err() || breaks_off {
            return;
        }
    }
}

fn judge(message: &Received, state: &Mutex<State>) -> String {
    if message.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
        let given = message.headers.get("authorization").cloned().unwrap_or_default();
        let error = json!({ "error": {
            "message": format!("Malformed access token {}", given.trim_start_matches("Bearer ")),
            "type": "OAuthException", "code": 190, "fbtrace_id": "Az8or2" } });
        return answer("401 Unauthorized", "", &error.to_string());
    }
    if message.path != format!("/v24.0/{PHONE_NUMBER_ID}/messages") {
        return refusal("404 Not Found", 100, "");
    }
    let body: Value = serde_json::from_str(&message.body).unwrap();
    let mut state = state.lock().unwrap();
    if let Some(allowed) = &mut state.allowed {
        if *allowed == 0 {
            return refusal("429 Too Many Requests", 130_429, "retry-after: 90\r\n");
        }
        *allowed -= 1;
    }
    match checked(&body) {
        Ok(mut taken) => {
            taken.id = format!("wamid.{:04}", state.taken.len());
            let accepted = json!({
                "messaging_product": "whatsapp",
                "contacts": [{ "input": taken.to, "wa_id": taken.to.trim_start_matches('+') }],
                "messages": [{ "id": taken.id, "message_status": "accepted" }],
            });
            state.taken.push(taken);
            answer("200 OK", "", &accepted.to_string())
        }
        Err((status, code)) => refusal(status, code, ""),
    }
}

/// What the API checks before it takes a message.
fn checked(body: &Value) -> Result<Taken, (&'static str, i64)> {
    const BAD: &str = "400 Bad Request";
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or((BAD, 100));
    if body["messaging_product"] != "whatsapp" || body["type"] != "template" {
        // Free words are allowed within 24 hours of the recipient's own alone.
        return Err((BAD, 131_047));
    }
    let to = text(&body["to"])?;
    let digits = to.trim_start_matches('+');
    if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err((BAD, 131_009));
    }
    let template = &body["template"];
    let template_name = (text(&template["name"])?, text(&template["language"]["code"])?);
    if template_name != ("leaseline_notice".to_owned(), "en".to_owned()) {
        return Err(("404 Not Found", 132_001));
    }
    let parameters = template["components"][0]["parameters"].as_array().ok_or((BAD, 132_000))?;
    let values: Vec<String> =
        parameters.iter().map(|parameter| text(&parameter["text"])).collect::<Result<_, _>>()?;
    if values.len() != 4 {
        return Err((BAD, 132_000));
    }
    let is_bad =
        |value: &String| value.is_empty() || value.contains(['\n', '\r', '\t']) || value.contains("     ");
    if values.iter().any(is_bad) {
        return Err((BAD, 132_012));
    }
    if TEMPLATE_CHARS + values.iter().map(|value| value.chars().count()).sum::<usize>() > MESSAGE_CHARS_MAX {
        return Err((BAD, 132_005));
    }
    let key = text(&body["biz_opaque_callback_data"])?;
    Ok(Taken { id: String::new(), to, template: template_name, values, key })
}

fn refusal(status: &str, code: i64, header: &str) -> String {
    let titles: BTreeMap<i64, &str> = BTreeMap::from([
        (131_026, "Message undeliverable"),
        (131_047, "Re-engagement message"),
        (132_001, "Template name does not exist in the translation"),
        (130_429, "Rate limit hit"),
        (131_000, "Something went wrong"),
    ]);
    let title = titles.get(&code).copied().unwrap_or("Something else");
    let error = json!({ "error": {
        "message": format!("(#{code}) {title}"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": "what there is to say" }, "fbtrace_id": "Az8or2",
    }});
    answer(status, header, &error.to_string())
}

fn broken(mut answer: String) -> String {
    answer.truncate(answer.len() - PAGE.len() / 2);
    answer
}

fn answer(status: &str, header: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
