use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use store::{LatestMark, LinkId};
use tokio::time::{Instant, sleep, sleep_until};

use crate::app::App;
use crate::error::PageError;
use crate::pages::{link_id, theirs};
use crate::session::{self, ClientSession};
use crate::watcher::Subscription;

/// A stream ends after so long, and the browser opens another one: nothing that is left open stays for ever.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How soon the browser comes back.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies close what is silent for long; and a reader who is gone is noticed by writing.
const HEART_BEAT: Duration = Duration::from_secs(15);
/// A page is told at most this often.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// How often a stream looks whether its session is still good, when nothing else happens.
const SESSION_EVERY: Duration = Duration::from_secs(15);

/// `GET /client/dashboard/events`: says when something changed for this client.
pub(crate) async fn board(State(app): State<App>, session: ClientSession) -> Result<Response, PageError> {
    Ok(open(app, session, None))
}

/// `GET /client/links/{id}/events`: says when something changed for this link.
pub(crate) async fn link(
    State(app): State<App>,
    session: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let link = theirs(app.store.link_of_client(session.client_id(), link_id(&id)?).await)?;
    Ok(open(app, session, Some(link.id)))
}

fn open(app: App, session: ClientSession, link: Option<LinkId>) -> Response {
    let Ok(subscription) = app.watcher.subscribe(session.client_id(), session.token_hash) else {
        // The page then goes on asking by itself.
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    let listener = Listener {
        app,
        session,
        link,
        subscription,
        known: None,
        ends: Instant::now() + LIFETIME,
        told: None,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEART_BEAT));
    let headers = [(CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, events).into_response()
}

/// One open page.
struct Listener {
    app: App,
    session: ClientSession,
    link: Option<LinkId>,
    subscription: Subscription,
    /// What the page knows of.
    known: Option<std::collections::BTreeMap<LinkId, LatestMark>>,
    ends: Instant,
    told: Option<Instant>,
}

impl Listener {
    /// The next thing to say; `None` ends the stream: its time or its session is over, or the process stops.
    async fn next(&mut self) -> Option<Event> {
        let stop = self.app.settings.stop.clone();
        tokio::select! {
            () = stop.cancelled() => None,
            () = sleep_until(self.ends) => None,
            event = self.news() => event,
        }
    }

    /// `ready` once, then `changed` whenever there is something new; a browser passes over events without data.
    async fn news(&mut self) -> Option<Event> {
        if let Some(told) = self.told {
            sleep_until(told + TELL_EVERY).await;
        }
        loop {
            // Each look of the watcher leads here, and a log-out is a commit like any other.
            match session::is_good(&self.app, &self.session).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    tracing::warn!("a stream ends, its session cannot be looked up: {error}");
                    return None;
                }
            }
            let marks = self.subscription.seen.borrow_and_update().of(self.session.client_id(), self.link);
            if marks.is_some() && marks != self.known {
                let word = if self.known.is_none() { "ready" } else { "changed" };
                self.known = marks;
                self.told = Some(Instant::now());
                return Some(Event::default().event(word).data(word).retry(RETRY));
            }
            tokio::select! {
                changed = self.subscription.seen.changed() => changed.ok()?,
                () = sleep(SESSION_EVERY) => {}
            }
        }
    }
}
