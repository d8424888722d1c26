use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use store::{LIVE_AHEAD_MS, Link, LiveReading, LiveTrouble, LiveWish};
use tokio::time::{Instant, sleep_until};

use crate::app::App;
use crate::error::PageError;
use crate::live_hub::{LinkNews, LiveView, Refused};
use crate::pages::{link_id, theirs};
use crate::session::{self, ClientSession};
use crate::view::figures::directions;

/// Proxies close what is silent for long; and a reader who is gone is noticed by writing.
const HEART_BEAT: Duration = Duration::from_secs(15);
/// How often a stream looks whether its session is still good.
const SESSION_EVERY: Duration = Duration::from_secs(2);
/// A reading is of now for so long.
const FRESH: Duration = Duration::from_secs(6);
/// What is wrong is said every 3 s, and holds for so long.
const TROUBLE_FRESH: Duration = Duration::from_secs(12);
/// For so long the router is being asked; after that it seems that nobody asks it.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the live view stands, in a word for the page's script and in words for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Standing {
    state: &'static str,
    words: String,
}

impl Standing {
    fn new(state: &'static str, words: impl Into<String>) -> Self {
        Self { state, words: words.into() }
    }
}

/// One event: what is new since the last one. The columns are of one length; `null` is a gap.
#[derive(Debug, Serialize)]
struct News {
    #[serde(flatten)]
    standing: Standing,
    now_ms: i64,
    at_ms: Vec<i64>,
    /// Bits per second, as the customer sees them.
    download: Vec<Option<i64>>,
    upload: Vec<Option<i64>>,
}

/// `GET /client/links/{id}/traffic/events`: the seconds so far, then each new one, as events whose data are JSON.
pub(crate) async fn events(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let link = theirs(app.store.link_of_client(session.client_id(), link_id(&id)?).await)?;
    if app.settings.live.limits.links == 0 {
        return Err(PageError::NotFound);
    }
    let view = match app.live.open(session.client_id(), session.token_hash, link.id).await {
        Ok(view) => view,
        Err(Refused::Absent) => return Err(PageError::NotFound),
        Err(Refused::Store(error)) => return Err(error.into()),
        Err(refused) => return Ok(not_now(&refused)),
    };
    let opened = Instant::now();
    let viewer = Viewer {
        ends: opened + app.settings.live.watch,
        app,
        session,
        link,
        view,
        said: None,
        last_ms: i64::MIN,
        heard: opened,
        session_checked: opened,
        is_over: false,
    };
    let events = stream::unfold(viewer, |mut viewer| async move {
        let event = viewer.next().await?;
        Some((Ok::<_, Infallible>(event), viewer))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEART_BEAT));
    let headers = [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, events).into_response())
}

/// Why there is no view, in words that the page shows.
fn not_now(refused: &Refused) -> Response {
    let (status, words) = match refused {
        Refused::Views => (
            StatusCode::TOO_MANY_REQUESTS,
            "As many live views as may be are open for your account. Close one, or try again later.",
        ),
        Refused::Wish(LiveWish::Full | LiveWish::RouterFull) => (
            StatusCode::TOO_MANY_REQUESTS,
            "As many links as may be are watched live at the moment. Try again in a few minutes.",
        ),
        Refused::Wish(LiveWish::ClientFull) => (
            StatusCode::TOO_MANY_REQUESTS,
            "As many links as may be are watched live for your account. Close a view, or try again in half a minute.",
        ),
        _ => (StatusCode::CONFLICT, "This link is not measured at the moment, so it cannot be watched."),
    };
    (status, [(CACHE_CONTROL, "no-store")], words).into_response()
}

/// One open live view.
struct Viewer {
    app: App,
    session: ClientSession,
    link: Link,
    view: LiveView,
    ends: Instant,
    /// What the page was told last.
    said: Option<Standing>,
    /// The newest reading that the page has.
    last_ms: i64,
    /// When there was something new.
    heard: Instant,
    session_checked: Instant,
    is_over: bool,
}

impl Viewer {
    /// The next thing to say; `None` ends the stream: everything is said, or its session is over, or the process stops.
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let stop = self.app.settings.stop.clone();
        let ends = self.ends;
        tokio::select! {
            () = stop.cancelled() => None,
            () = sleep_until(ends) => {
                let minutes = self.app.settings.live.watch.as_secs() / 60;
                self.last_word(format!("The live view ended after {minutes} minutes."))
            }
            event = self.news() => event,
        }
    }

    /// After the stream has been opened at once, then whenever there is a new second or another state.
    async fn news(&mut self) -> Option<Event> {
        loop {
            if self.session_checked.elapsed() >= SESSION_EVERY {
                self.session_checked = Instant::now();
                match session::is_good(&self.app, &self.session).await {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => {
                        tracing::warn!("a live view ends, its session cannot be looked up: {error}");
                        return None;
                    }
                }
            }
            if let Some(news) = self.view.news() {
                if news.over {
                    return self.last_word("This link is no longer watched.".to_owned());
                }
                if let Some(event) = self.event(&news) {
                    return Some(event);
                }
            }
            if !self.view.looked().await {
                return None;
            }
        }
    }

    fn event(&mut self, known: &LinkNews) -> Option<Event> {
        let now_ms = self.app.clock.now_ms();
        if self.last_ms > now_ms + LIVE_AHEAD_MS {
            // The clock was set back. The page notices as well, and begins anew.
            self.last_ms = i64::MIN;
        }
        // The last look may be of before that.
        let is_new =
            |reading: &LiveReading| reading.at_ms > self.last_ms && reading.at_ms <= now_ms + LIVE_AHEAD_MS;
        let new: Vec<LiveReading> = known.readings.iter().copied().filter(is_new).collect();
        let fresh = new.last().filter(|reading| {
            let holds = if reading.trouble.is_some() { TROUBLE_FRESH } else { FRESH };
            now_ms - reading.at_ms <= i64::try_from(holds.as_millis()).unwrap_or(i64::MAX)
        });
        if let Some(newest) = new.last() {
            self.last_ms = newest.at_ms;
        }
        let standing = match fresh {
            Some(reading) => {
                self.heard = Instant::now();
                standing(reading)
            }
            // What was said holds for a while; then the page must not look as if it were live.
            None => match &self.said {
                Some(said) if said.state == "trouble" && self.heard.elapsed() < TROUBLE_FRESH => said.clone(),
                Some(said) if self.heard.elapsed() < FRESH => said.clone(),
                _ if self.heard.elapsed() < PATIENCE => Standing::new("asking", "Asking the router …"),
                _ => Standing::new("trouble", "The router is not being asked at the moment. Still trying …"),
            },
        };
        if new.is_empty() && self.said.as_ref() == Some(&standing) {
            return None;
        }
        self.said = Some(standing.clone());
        let rates: Vec<_> =
            new.iter().map(|reading| directions(self.link.facing, reading.rx_bps, reading.tx_bps)).collect();
        let news = News {
            standing,
            now_ms,
            at_ms: new.iter().map(|reading| reading.at_ms).collect(),
            download: rates.iter().map(|rates| rates.download).collect(),
            upload: rates.iter().map(|rates| rates.upload).collect(),
        };
        Event::default().event("traffic").json_data(news).ok()
    }

    fn last_word(&mut self, words: String) -> Option<Event> {
        self.is_over = true;
        Event::default().event("ended").json_data(Standing::new("ended", words)).ok()
    }
}

fn standing(reading: &LiveReading) -> Standing {
    match reading.trouble {
        None => Standing::new("live", "Live, second by second."),
        Some(LiveTrouble::Silent) => Standing::new("trouble", "The router does not answer. Still trying …"),
        Some(LiveTrouble::Refused) => {
            Standing::new("trouble", "The router refuses to be asked; only your provider can mend that.")
        }
        Some(LiveTrouble::NoInterface) => {
            Standing::new("trouble", "The router has no port for this link at the moment.")
        }
    }
}
