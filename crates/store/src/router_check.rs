//! What people of the ISP want to be told of a router: a wish that a page writes, and what the collector, which has the
//! router's password, answers to it. Pages wait for neither.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Tx, json, on};
use crate::text::storable;
use crate::{LinkId, Router, RouterId, StaffAct, StaffScope, Store, StoreError};

/// PostgreSQL's advisory lock of whoever counts wishes; it belongs to one database of the server.
const CHECK_LOCK: i64 = 0x6c65_6173_650b;
/// A wish that nobody has answered for so long is over, milliseconds: then no collector is at work.
pub const ROUTER_CHECK_WAIT_MS: i64 = 60_000;
/// So many routers may be waited for at the same time.
pub const ROUTER_CHECKS_WAITING_MAX: i64 = 16;
/// So many interfaces of a router are kept; a concentrator has a session's interface for each of its subscribers.
pub const FOUND_INTERFACES_MAX: usize = 2_000;
/// Names, comments and what was found are kept up to so many characters each.
pub const FOUND_CHARS_MAX: usize = 300;

/// What a connection test found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterFindings {
    /// What was tried, in order.
    pub steps: Vec<FoundStep>,
    /// The router's interfaces in its own order, at most [`FOUND_INTERFACES_MAX`].
    pub interfaces: Vec<FoundInterface>,
    /// Whether it has more.
    pub has_more: bool,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundStep {
    /// What.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// What was seen, or what is wrong.
    pub detail: String,
}

/// An interface as the router showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundInterface {
    /// Its name.
    pub name: String,
    /// `ether`, `vlan` …
    pub kind: String,
    /// Whether the link is up; `None` if the router did not say.
    pub running: Option<bool>,
    /// Whether the operator switched it off.
    pub disabled: bool,
    /// What the operator noted there.
    pub comment: String,
}

/// The newest wish and the newest answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterCheck {
    /// When somebody asked last.
    pub wanted_at_ms: i64,
    /// Who: `staff:<user name>`.
    pub wanted_by: String,
    /// Whether that was not answered yet.
    pub waiting: bool,
    /// What was found last, and when; `None`: nothing yet, or at another address than the router has now.
    pub answer: Option<(i64, RouterFindings)>,
}

impl RouterCheck {
    /// Whether an answer may still come.
    pub fn is_awaited(&self, now_ms: i64) -> bool {
        self.waiting && stands(self.wanted_at_ms, now_ms)
    }
}

/// What lies ahead is of a clock that was set back.
fn stands(wanted_at_ms: i64, now_ms: i64) -> bool {
    (now_ms - ROUTER_CHECK_WAIT_MS < wanted_at_ms) && wanted_at_ms <= now_ms + ROUTER_CHECK_WAIT_MS
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterAsked {
    /// The collector will see it.
    Wanted,
    /// Somebody asked a moment ago; that answer is this one's too.
    Already,
    /// As many routers are waited for as may be.
    Full,
    /// It is not polled any more.
    NotPolled,
}

/// A router that somebody wants to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedCheck {
    /// The router; its password is asked for apart.
    pub router: Router,
    /// Which wish this answers.
    pub wanted_at_ms: i64,
    /// A probe target of one of its links.
    pub probe_target: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    wanted_at_ms: i64,
    wanted_by: String,
    waiting: bool,
    answered_at_ms: Option<i64>,
    findings: Option<String>,
}

const STANDING: &str = "SELECT wanted_at_ms FROM router_checks WHERE router_id = $1 AND waiting";

impl Store {
    /// Wishes that the collector tests the connection to a router. One wish of a router stands at a time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a router out of the scope.
    pub async fn staff_ask_router(
        &self,
        act: &StaffAct<'_>,
        id: RouterId,
    ) -> Result<RouterAsked, StoreError> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
        const PUT: &str = "INSERT INTO router_checks (router_id, wanted_at_ms, wanted_by, waiting)
            VALUES ($1, $2, $3, TRUE) ON CONFLICT (router_id) DO UPDATE SET
                wanted_at_ms = excluded.wanted_at_ms, wanted_by = excluded.wanted_by, waiting = TRUE";
        let company = self.router_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        // Two processes that count at once would both see room for the last one.
        if let Engine::Postgres(tx) = &mut tx {
            sqlx::query(LOCK).bind(CHECK_LOCK).execute(&mut **tx).await?;
        }
        let router = crate::router::locked(&mut tx, id).await?;
        if !router.active {
            return Ok(RouterAsked::NotPolled);
        }
        let standing: Option<i64> =
            on!(&mut tx, tx => sqlx::query_scalar(STANDING).bind(id).fetch_optional(&mut **tx).await)?;
        if standing.is_some_and(|wanted_at_ms| stands(wanted_at_ms, act.now_ms)) {
            return Ok(RouterAsked::Already);
        }
        if waiting(&mut tx, act.now_ms).await? >= ROUTER_CHECKS_WAITING_MAX {
            return Ok(RouterAsked::Full);
        }
        on!(&mut tx, tx => sqlx::query(PUT)
            .bind(id)
            .bind(act.now_ms)
            .bind(act.actor)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        let subject = format!("router {}", router.name);
        act.record::<()>(&mut tx, company, ("router.test", subject), (None, None)).await?;
        tx.commit().await?;
        Ok(RouterAsked::Wanted)
    }

    /// What was asked about a router last and what was found; `None`: nobody ever asked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a router out of the scope.
    pub async fn staff_router_check(
        &self,
        scope: &StaffScope,
        id: RouterId,
    ) -> Result<Option<RouterCheck>, StoreError> {
        const SQL: &str = "SELECT k.wanted_at_ms, k.wanted_by, k.waiting,
                CASE WHEN k.asked_at = r.address || ':' || r.port THEN k.answered_at_ms END AS answered_at_ms,
                CASE WHEN k.asked_at = r.address || ':' || r.port THEN k.findings END AS findings
            FROM router_checks k JOIN mikrotik_routers r ON r.id = k.router_id WHERE k.router_id = $1";
        self.router_in(scope, id).await?;
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        let check = |row: Row| {
            let findings = row.findings.as_deref().map(serde_json::from_str);
            let findings = findings.transpose().map_err(StoreError::corrupt)?;
            let (wanted_at_ms, wanted_by, waiting) = (row.wanted_at_ms, row.wanted_by, row.waiting);
            Ok(RouterCheck { wanted_at_ms, wanted_by, waiting, answer: row.answered_at_ms.zip(findings) })
        };
        row.map(check).transpose()
    }

    /// The links on a router whose contract has not ended, each with its circuit and interface.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a router out of the scope.
    pub async fn staff_interfaces_in_use(
        &self,
        scope: &StaffScope,
        id: RouterId,
        now_ms: i64,
    ) -> Result<Vec<(LinkId, String, String)>, StoreError> {
        const SQL: &str = "SELECT id, circuit, interface FROM client_links
            WHERE router_id = $1 AND (terminated_at_ms IS NULL OR terminated_at_ms > $2) ORDER BY id LIMIT $3";
        self.router_in(scope, id).await?;
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(id)
            .bind(now_ms)
            .bind(crate::LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?)
    }

    /// The wishes that nobody has answered, the oldest first. Where there are none it is one small question.
    pub async fn wanted_checks(&self, now_ms: i64) -> Result<Vec<WantedCheck>, StoreError> {
        const SQL: &str = "SELECT k.router_id, k.wanted_at_ms, (SELECT MIN(l.probe_target) FROM client_links l
                WHERE l.router_id = k.router_id AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $1)) AS target
            FROM router_checks k JOIN mikrotik_routers r ON r.id = k.router_id
            WHERE k.waiting AND r.active AND k.wanted_at_ms > $2 AND k.wanted_at_ms <= $3
            ORDER BY k.wanted_at_ms, k.router_id LIMIT $4";
        let rows: Vec<(RouterId, i64, Option<String>)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(now_ms)
            .bind(now_ms - ROUTER_CHECK_WAIT_MS)
            .bind(now_ms + ROUTER_CHECK_WAIT_MS)
            .bind(ROUTER_CHECKS_WAITING_MAX)
            .fetch_all(db)
            .await)?;
        let mut wanted = Vec::with_capacity(rows.len());
        for (id, wanted_at_ms, probe_target) in rows {
            wanted.push(WantedCheck { router: self.router(id).await?, wanted_at_ms, probe_target });
        }
        Ok(wanted)
    }

    /// Writes what was found; false if that wish does not stand any more. Interfaces and texts beyond what is kept are cut.
    pub async fn answer_check(
        &self,
        wanted: &WantedCheck,
        findings: RouterFindings,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str =
            "UPDATE router_checks SET waiting = FALSE, answered_at_ms = $3, asked_at = $4, findings = $5
            WHERE router_id = $1 AND wanted_at_ms = $2 AND waiting";
        let asked_at = format!("{}:{}", wanted.router.address, wanted.router.port);
        let findings = json(&findings.cut())?;
        let written = on!(self.writer(), db => sqlx::query(SQL)
            .bind(wanted.router.id)
            .bind(wanted.wanted_at_ms)
            .bind(now_ms)
            .bind(asked_at)
            .bind(findings)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(written > 0)
    }
}

/// How many routers are waited for.
async fn waiting(tx: &mut Tx, now_ms: i64) -> Result<i64, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM router_checks WHERE waiting AND wanted_at_ms > $1 AND wanted_at_ms <= $2";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(now_ms - ROUTER_CHECK_WAIT_MS)
        .bind(now_ms + ROUTER_CHECK_WAIT_MS)
        .fetch_one(&mut **tx)
        .await)?)
}

impl RouterFindings {
    /// What is kept of it: a router says whatever it likes.
    fn cut(mut self) -> Self {
        self.has_more |= self.interfaces.len() > FOUND_INTERFACES_MAX;
        self.interfaces.truncate(FOUND_INTERFACES_MAX);
        for step in &mut self.steps {
            clean(&mut step.detail);
        }
        for interface in &mut self.interfaces {
            // The name is what the interface is asked for by: it stays as it is.
            cut(&mut interface.name);
            [&mut interface.kind, &mut interface.comment].into_iter().for_each(clean);
        }
        self
    }
}

/// Cuts a text for people, and takes out what would steer what shows it.
fn clean(text: &mut String) {
    cut(text);
    if let Cow::Owned(clean) = storable(text) {
        *text = clean;
    }
}

fn cut(text: &mut String) {
    if let Some((place, _)) = text.char_indices().nth(FOUND_CHARS_MAX) {
        text.truncate(place);
    }
}
