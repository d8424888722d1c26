use std::collections::HashMap;
use std::sync::Arc;

use store::{Latest, Link, LinkId, Outage, RatePoint, ReportFilter, ReportRow};

use crate::app::App;
use crate::error::PageError;
use crate::pages::month::{MonthOfLinks, running_month};
use crate::session::ClientSession;
use crate::view::board::CARDS_MAX;
use crate::view::range::DAY_MS;
use crate::view::spark::SPARK_MS;

/// Statements at the foot of the dashboard.
const REPORTS_SHOWN: i64 = 5;
/// How far back "what happened lately" reaches …
pub(crate) const LATELY_MS: i64 = 30 * DAY_MS;
/// … and the most outages that it tells of.
const LATELY_MAX: i64 = 8;

/// All that the dashboard of a client is made from, whoever looks at it and however.
pub(crate) struct ClientLinks {
    /// Those under contract, by circuit.
    pub(crate) links: Vec<(Link, Option<Latest>)>,
    /// For the small pictures; none where the links stand in a table.
    pub(crate) points: HashMap<LinkId, Vec<RatePoint>>,
    pub(crate) month: MonthOfLinks,
    /// The newest first.
    pub(crate) outages: Vec<Outage>,
    pub(crate) reports: Vec<ReportRow>,
}

impl ClientLinks {
    /// Read once for as long as nothing in the store changes.
    pub(crate) async fn load(
        app: &App,
        session: &ClientSession,
        now_ms: i64,
    ) -> Result<Arc<Self>, PageError> {
        let month = running_month(&session.zone, now_ms)?;
        let key = (session.client_id(), month);
        app.boards.get(&session.version, key, async || Self::read(app, session, now_ms).await).await
    }

    async fn read(app: &App, session: &ClientSession, now_ms: i64) -> Result<Self, PageError> {
        let client = session.client_id();
        let links = app.store.latest_for_client(client).await?;
        let is_active = |link: &Link| link.terminated_at_ms.is_none_or(|end_ms| end_ms > now_ms);
        let links: Vec<_> = links.into_iter().filter(|(link, _)| is_active(link)).collect();
        let latest = ReportFilter { latest_only: true, ..ReportFilter::default() };
        let rates = async {
            match links.len() {
                ..=CARDS_MAX => app.store.recent_rates(client, now_ms - SPARK_MS).await,
                _ => Ok(Vec::new()),
            }
        };
        let month = running_month(&session.zone, now_ms)?;
        let (rates, month, outages, (reports, _)) = tokio::try_join!(
            async { rates.await.map_err(PageError::from) },
            MonthOfLinks::load(app, session, &links, month),
            async {
                let since_ms = now_ms - LATELY_MS;
                let found = app.store.outages_for_client_links(client, since_ms, i64::MAX, LATELY_MAX);
                found.await.map_err(PageError::from)
            },
            async {
                let found = app.store.reports_for_client(client, &latest, REPORTS_SHOWN, 0);
                found.await.map_err(PageError::from)
            },
        )?;
        let mut points: HashMap<LinkId, Vec<RatePoint>> = HashMap::new();
        for point in rates {
            points.entry(point.0).or_default().push(point);
        }
        Ok(Self { links, points, month, outages, reports })
    }
}
