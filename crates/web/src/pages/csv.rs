//! The measurements behind a chart as a file, row by row as they were stored.

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use import::BYTE_ORDER_MARK;
use sla::Interval;
use store::{Link, StoreError};

use crate::app::App;
use crate::audit::audit_download;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::{link_id, theirs};
use crate::session::{self, ClientSession};
use crate::view::csv::Kind;
use crate::view::range::{Asked, ChartRange, DAY_MS};

/// How much time is read and sent at once. The longest range is that of the charts.
const PIECE_MS: i64 = DAY_MS;

/// What a download is asked with.
pub(crate) struct Request {
    session: ClientSession,
    id: String,
    asked: Result<Query<Asked>, QueryRejection>,
    caller: Caller,
}

macro_rules! download {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        pub(crate) async fn $name(
            State(app): State<App>,
            session: ClientSession,
            Path(id): Path<String>,
            asked: Result<Query<Asked>, QueryRejection>,
            caller: Caller,
        ) -> Result<Response, PageError> {
            send(&app, $kind, Request { session, id, asked, caller }).await
        }
    };
}

download!(
    /// `GET /client/links/{id}/traffic.csv?range|from&to`
    traffic,
    Kind::Traffic
);
download!(
    /// `GET /client/links/{id}/latency.csv?range|from&to`
    latency,
    Kind::Latency
);
download!(
    /// `GET /client/links/{id}/loss.csv?range|from&to`
    loss,
    Kind::Loss
);

async fn send(app: &App, kind: Kind, request: Request) -> Result<Response, PageError> {
    let Request { session, id, asked, caller } = request;
    let client = session.client_id();
    let link = theirs(app.store.link_of_client(client, link_id(&id)?).await)?;
    let Query(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let now_ms = app.clock.now_ms();
    let window = ChartRange::resolve(&asked, now_ms, &session.zone)
        .map_err(|problem| PageError::Unusable(problem.to_string()))?
        .window;
    let name = kind.file_name(&link, window, &session.zone);
    audit_download(app, &caller, &session, &name, format!("link {}", link.circuit)).await?;
    let pieces = Pieces { app: app.clone(), session, link, kind, left: window };
    let first = format!("{BYTE_ORDER_MARK}{}", kind.header());
    let body = Body::from_stream(try_unfold((Some(first), pieces), |(first, mut pieces)| async move {
        let text = match first {
            Some(header) => Some(header),
            None => pieces.next().await?,
        };
        Ok::<_, PageError>(text.map(|text| (Bytes::from(text), (None, pieces))))
    }));
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}

/// The rest of a file.
struct Pieces {
    app: App,
    session: ClientSession,
    link: Link,
    kind: Kind,
    left: Interval,
}

impl Pieces {
    /// The next lines; `None` at the end. A link that is the client's no longer ends the file; a session that is over
    /// breaks it off, so that half of it does not pass for the whole.
    async fn next(&mut self) -> Result<Option<String>, PageError> {
        if !session::is_good(&self.app, &self.session).await? {
            return Err(StoreError::NotFound { what: "session" }.into());
        }
        while !self.left.is_empty() {
            let Interval { from_ms, to_ms } = self.left;
            let piece = Interval::new(from_ms, to_ms.min(from_ms + PIECE_MS));
            self.left.from_ms = piece.to_ms;
            let (store, client) = (&self.app.store, self.session.client_id());
            let found = store.samples_for_client(client, self.link.id, piece.from_ms, piece.to_ms).await?;
            let Some(samples) = found else { return Ok(None) };
            if !samples.is_empty() {
                return Ok(Some(self.kind.lines(&self.link, &samples, &self.session.zone)));
            }
        }
        Ok(None)
    }
}
