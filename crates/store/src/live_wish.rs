//! Which links somebody watches just now. A wish is renewed while there is a viewer, and expires by itself.

use std::collections::BTreeMap;

use crate::engine::{Engine, Tx, on};
use crate::{ClientId, LIST_ROWS_MAX, LinkId, Router, RouterId, Store, StoreError, live_reading};

/// PostgreSQL's advisory lock of whoever counts wishes; it belongs to one database of the server.
const WISH_LOCK: i64 = 0x6c65_6173_6507;
/// So many links of one client are watched at the same time, however many may be in all: a wish outlives its view, and
/// whoever opened one after the other would leave no place for others.
pub const LIVE_LINKS_PER_CLIENT_MAX: i64 = 4;
/// No wish stands for longer than this; what reaches further is of a clock that was set back.
const WISH_MAX_MS: i64 = 60_000;

/// How many links may be watched at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// In the whole installation.
    pub links: u32,
    /// Of one router.
    pub links_per_router: u32,
}

/// What became of a wish to watch a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveWish {
    /// It stands.
    Granted,
    /// As many links are watched as may be.
    Full,
    /// As many links of this router are watched as may be.
    RouterFull,
    /// As many links of this client are watched as may be.
    ClientFull,
    /// The link is not under contract, or its router is not polled.
    NotPolled,
}

/// A router with its links that are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveTarget {
    /// The router; its password is asked for apart.
    pub router: Router,
    /// The links and their interfaces, by id.
    pub links: Vec<(LinkId, String)>,
}

/// A client's link, and how many wishes stand.
const FIND: &str = "WITH standing AS (
        SELECT w.link_id, s.router_id, s.client_id FROM live_wishes w JOIN client_links s ON s.id = w.link_id
        WHERE w.wanted_until_ms > $3 AND w.wanted_until_ms <= $4)
    SELECT (r.active AND l.activated_at_ms <= $3 AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $3)) AS polled,
        EXISTS (SELECT 1 FROM standing WHERE link_id = l.id) AS held,
        (SELECT COUNT(*) FROM standing) AS all_links,
        (SELECT COUNT(*) FROM standing WHERE router_id = l.router_id) AS of_router,
        (SELECT COUNT(*) FROM standing WHERE client_id = l.client_id) AS of_client
    FROM client_links l JOIN mikrotik_routers r ON r.id = l.router_id WHERE l.client_id = $1 AND l.id = $2";

#[derive(sqlx::FromRow)]
struct Row {
    polled: bool,
    held: bool,
    all_links: i64,
    of_router: i64,
    of_client: i64,
}

impl Row {
    /// What a wish would come to.
    fn outcome(&self, limits: LiveLimits) -> LiveWish {
        if !self.polled {
            LiveWish::NotPolled
        } else if self.held {
            LiveWish::Granted
        } else if self.of_client >= LIVE_LINKS_PER_CLIENT_MAX {
            LiveWish::ClientFull
        } else if self.all_links >= limits.links.into() {
            LiveWish::Full
        } else if self.of_router >= limits.links_per_router.into() {
            LiveWish::RouterFull
        } else {
            LiveWish::Granted
        }
    }
}

impl Store {
    /// Wishes to watch clients' links until `until_ms`, all in one transaction; a wish that stands already is renewed.
    /// The answers are in the order of the wishes; `None`: there is no such link, or it is not this client's. Where all are
    /// refused nothing is written. A wish stands for a minute at most.
    pub async fn wish_live(
        &self,
        wishes: &[(ClientId, LinkId)],
        limits: LiveLimits,
        until_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<Option<LiveWish>>, StoreError> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
        // Whoever is refused must not keep the one writer busy.
        let mut outcomes = Vec::with_capacity(wishes.len());
        for &(client, link) in wishes {
            let row: Option<Row> = on!(self.reader(), db => sqlx::query_as(FIND)
                .bind(client)
                .bind(link)
                .bind(now_ms)
                .bind(now_ms + WISH_MAX_MS)
                .fetch_optional(db)
                .await)?;
            outcomes.push(row.map(|row| row.outcome(limits)));
        }
        if !outcomes.contains(&Some(LiveWish::Granted)) {
            return Ok(outcomes);
        }
        let mut tx = self.begin().await?;
        // Two processes that count at once would both see room for the last one.
        if let Engine::Postgres(tx) = &mut tx {
            sqlx::query(LOCK).bind(WISH_LOCK).execute(&mut **tx).await?;
        }
        delete_expired(&mut tx, now_ms).await?;
        outcomes.clear();
        for &(client, link) in wishes {
            outcomes.push(wish(&mut tx, client, link, limits, until_ms, now_ms).await?);
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    /// The links that are wanted now, by router. Where there are none it is one small question.
    pub async fn live_targets(&self, now_ms: i64) -> Result<Vec<LiveTarget>, StoreError> {
        const SQL: &str = "SELECT l.router_id, l.id, l.interface FROM live_wishes w
            JOIN client_links l ON l.id = w.link_id JOIN mikrotik_routers r ON r.id = l.router_id
            WHERE w.wanted_until_ms > $1 AND w.wanted_until_ms <= $3 AND r.active AND l.activated_at_ms <= $1
                AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $1)
            ORDER BY l.id LIMIT $2";
        let rows: Vec<(RouterId, LinkId, String)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(now_ms)
            .bind(LIST_ROWS_MAX)
            .bind(now_ms + WISH_MAX_MS)
            .fetch_all(db)
            .await)?;
        let mut routers: BTreeMap<RouterId, Vec<(LinkId, String)>> = BTreeMap::new();
        for (router, link, interface) in rows {
            routers.entry(router).or_default().push((link, interface));
        }
        let mut targets = Vec::with_capacity(routers.len());
        for (router, links) in routers {
            targets.push(LiveTarget { router: self.router(router).await?, links });
        }
        Ok(targets)
    }

    /// Removes wishes that have expired and readings that are no longer new; returns how many rows.
    pub async fn delete_stale_live(&self, now_ms: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let wishes = delete_expired(&mut tx, now_ms).await?;
        let readings = live_reading::delete_old(&mut tx, now_ms).await?;
        tx.commit().await?;
        Ok(wishes + readings)
    }
}

async fn wish(
    tx: &mut Tx,
    client: ClientId,
    link: LinkId,
    limits: LiveLimits,
    until_ms: i64,
    now_ms: i64,
) -> Result<Option<LiveWish>, StoreError> {
    const PUT: &str = "INSERT INTO live_wishes (link_id, wanted_until_ms) VALUES ($1, $2)
        ON CONFLICT (link_id) DO UPDATE SET wanted_until_ms = excluded.wanted_until_ms";
    let row: Option<Row> = on!(&mut *tx, tx => sqlx::query_as(FIND)
        .bind(client)
        .bind(link)
        .bind(now_ms)
        .bind(now_ms + WISH_MAX_MS)
        .fetch_optional(&mut **tx)
        .await)?;
    let outcome = row.map(|row| row.outcome(limits));
    if outcome == Some(LiveWish::Granted) {
        let until_ms = until_ms.min(now_ms + WISH_MAX_MS);
        on!(&mut *tx, tx => sqlx::query(PUT).bind(link).bind(until_ms).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(outcome)
}

/// Removes those that expired; and what a clock that was set back left in the future.
async fn delete_expired(tx: &mut Tx, now_ms: i64) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM live_wishes WHERE wanted_until_ms <= $1 OR wanted_until_ms > $2";
    Ok(on!(tx, tx => sqlx::query(SQL)
        .bind(now_ms)
        .bind(now_ms + WISH_MAX_MS)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?)
}
