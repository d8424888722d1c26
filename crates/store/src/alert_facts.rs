//! What is stored about the things that an alert may be about, as one transaction sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sla::LinkState;

use crate::alert::{AlertRow, alert_columns};
use crate::engine::{Differs, Tx, json, on};
use crate::recipient::{self, WHATSAPP_PREFIX};
use crate::{
    Alert, AlertId, AlertSubject, ClientId, ClockHealth, Company, CompanyId, LIST_ROWS_MAX, LinkId,
    NotificationEvent, NotificationRule, OutageId, PortalUserId, RECIPIENTS_MAX, RouterId, StoreError,
    Webhook, clock_health, notification_rule_store, webhook,
};

/// For how long it matters that an alert was told, or an outage was there: the longest cooldown or window, twice.
pub const ALERTS_REMEMBERED_MS: i64 = 2 * crate::RULE_SECONDS_MAX * 1_000;

/// What may have to be told in a company.
#[derive(Clone, Debug)]
pub struct AlertFacts {
    /// Whose.
    pub company: Company,
    /// One for each event.
    pub rules: Vec<NotificationRule>,
    /// Since when somebody watches without a break: what was seen before may be out of date.
    pub watch_since_ms: i64,
    /// Alerts whose condition held, or whose end is still to be told.
    pub pending: Vec<PendingAlert>,
    /// Alerts that ended not long ago, the latest of each event and subject.
    pub recent: Vec<RecentAlert>,
    /// Links about which there may be something to say.
    pub links: BTreeMap<LinkId, WatchedLink>,
    /// How the clock stands.
    pub clock: ClockHealth,
    /// All routers that are polled.
    pub routers: Vec<WatchedRouter>,
    /// The operations list.
    pub operations: Vec<String>,
    /// The people of the clients whose links are above.
    pub people: BTreeMap<ClientId, Vec<AlertPerson>>,
    /// Addresses that hear of alerts over HTTP.
    pub webhooks: Vec<Webhook>,
}

/// An address or a number of a client's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertPerson {
    /// Where messages go.
    pub recipient: String,
    /// What nobody who reads there wants to be told.
    pub unwanted: BTreeSet<NotificationEvent>,
}

/// An alert with those who were told that it began.
#[derive(Clone, Debug)]
pub struct PendingAlert {
    /// The alert.
    pub alert: Alert,
    /// Who was told.
    pub told_to: Vec<ToldTo>,
}

/// Recipient, for whom it stood there as a client's person, and the `Message-ID` of the mail.
pub type ToldTo = (String, Option<ClientId>, Option<String>);

/// What matters of an alert that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentAlert {
    /// Of what kind.
    pub event: NotificationEvent,
    /// Of what.
    pub subject: AlertSubject,
    /// Since when.
    pub opened_at_ms: i64,
    /// Until when.
    pub closed_at_ms: i64,
    /// When it was told, if it was.
    pub told_at_ms: Option<i64>,
}

/// A link under contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same fields are described at Link, Latest and LinkTerms")]
pub struct WatchedLink {
    pub id: LinkId,
    pub circuit: String,
    pub site: Option<String>,
    pub client_id: ClientId,
    pub client: String,
    pub router_id: RouterId,
    pub router: String,
    pub interface: String,
    pub state: LinkState,
    pub since_ms: i64,
    pub cause: Option<String>,
    /// The last look at it; 0: never.
    pub looked_at_ms: i64,
    pub latency_ms: Option<String>,
    pub loss_pct: Option<String>,
    /// Those that are open, recent or not yet examined, in order.
    pub outages: Vec<WatchedOutage>,
    /// Recent and present maintenance, `[from, to)`.
    pub maintenance: Vec<(i64, Option<i64>)>,
}

/// An outage of a watched link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same fields are described at Outage")]
pub struct WatchedOutage {
    pub id: OutageId,
    pub from_ms: i64,
    pub to_ms: Option<i64>,
    pub cause: Option<String>,
    pub evidence: serde_json::Value,
    /// Whether it was told, or its not being told noted.
    pub examined: bool,
}

/// A router that is polled.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the same fields are described at RouterStatus")]
pub struct WatchedRouter {
    pub id: RouterId,
    pub name: String,
    pub at_ms: i64,
    pub reachable: bool,
    pub since_ms: i64,
    pub cause: Option<String>,
    pub cause_since_ms: i64,
    pub last_ok_at_ms: Option<i64>,
    pub last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    id: LinkId,
    circuit: String,
    site: Option<String>,
    client_id: ClientId,
    client: String,
    router_id: RouterId,
    router: String,
    interface: String,
    state: Option<String>,
    since_ms: Option<i64>,
    cause: Option<String>,
    at_ms: Option<i64>,
    latency_ms: Option<String>,
    loss_pct: Option<String>,
}

/// Reads it all. `more` names links to look at besides those about which the store itself knows something.
pub(crate) async fn read(
    tx: &mut Tx,
    company: Company,
    more: &[LinkId],
    watch_since_ms: i64,
    now_ms: i64,
) -> Result<AlertFacts, StoreError> {
    let id = company.id;
    let rules = notification_rule_store::rules_in(tx, id).await?;
    let pending = pending(tx, id).await?;
    let routers = routers(tx, id).await?;
    let clock = clock_health::read(tx, now_ms).await?;
    let mut ids: BTreeSet<LinkId> = more.iter().copied().collect();
    ids.extend(newsworthy(tx, id, now_ms).await?);
    ids.extend(without_port(tx, id).await?);
    let mut of_routers: BTreeSet<RouterId> =
        routers.iter().filter(|router| !router.reachable).map(|router| router.id).collect();
    for pending in &pending {
        match pending.alert.subject {
            AlertSubject::Link(link) => _ = ids.insert(link),
            AlertSubject::Router(router) => _ = of_routers.insert(router),
            AlertSubject::Company(_) => {}
        }
    }
    let mut facts = AlertFacts {
        company,
        rules,
        watch_since_ms,
        pending,
        recent: Vec::new(),
        links: BTreeMap::new(),
        clock,
        routers,
        operations: Vec::new(),
        people: BTreeMap::new(),
        webhooks: webhook::of_company(tx, id, None).await?,
    };
    if !ids.is_empty() || !of_routers.is_empty() {
        facts.links = links(tx, id, &ids, &of_routers, now_ms).await?;
        fill_links(tx, &mut facts.links, now_ms).await?;
        let clients: BTreeSet<ClientId> = facts.links.values().map(|link| link.client_id).collect();
        facts.people = people(tx, &clients).await?;
    }
    facts.recent = recent(tx, id, now_ms).await?;
    facts.operations = operations(tx, id).await?;
    Ok(facts)
}

async fn pending(tx: &mut Tx, company: CompanyId) -> Result<Vec<PendingAlert>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        alert_columns!(),
        " FROM alerts WHERE company_id = $1 AND (closed_at_ms IS NULL OR owes) ORDER BY id LIMIT $2"
    );
    const TOLD: Differs = Differs {
        sqlite: "SELECT alert_id, recipient, client_id, message_id FROM notification_logs
            WHERE alert_id IN (SELECT value FROM json_each($1)) AND phase = 'raised' AND outcome = 'queued'
            ORDER BY id",
        postgres: "SELECT alert_id, recipient, client_id, message_id FROM notification_logs
            WHERE alert_id IN (SELECT value::text::bigint FROM json_array_elements($1::json))
                AND phase = 'raised' AND outcome = 'queued'
            ORDER BY id",
    };
    let rows: Vec<AlertRow> = on!(&mut *tx, tx => sqlx::query_as(SQL)
        .bind(company).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    let alerts = rows.into_iter().map(Alert::try_from).collect::<Result<Vec<_>, _>>()?;
    let told: Vec<AlertId> =
        alerts.iter().filter(|alert| alert.told_at_ms.is_some()).map(|alert| alert.id).collect();
    let mut told_to: HashMap<AlertId, Vec<ToldTo>> = HashMap::new();
    if !told.is_empty() {
        let (sql, ids) = (TOLD.on(tx), json(&told)?);
        let rows: Vec<(AlertId, String, Option<ClientId>, Option<String>)> =
            on!(tx, tx => sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await)?;
        for (alert, recipient, client, message_id) in rows {
            told_to.entry(alert).or_default().push((recipient, client, message_id));
        }
    }
    Ok(alerts
        .into_iter()
        .map(|alert| PendingAlert { told_to: told_to.remove(&alert.id).unwrap_or_default(), alert })
        .collect())
}

async fn recent(tx: &mut Tx, company: CompanyId, now_ms: i64) -> Result<Vec<RecentAlert>, StoreError> {
    const SQL: &str = "SELECT event, subject, opened_at_ms, closed_at_ms, told_at_ms FROM alerts
        WHERE company_id = $1 AND closed_at_ms >= $2 ORDER BY id LIMIT $3";
    type Row = (String, String, i64, i64, Option<i64>);
    let rows: Vec<Row> = on!(tx, tx => sqlx::query_as(SQL)
        .bind(company)
        .bind(now_ms - ALERTS_REMEMBERED_MS)
        .bind(LIST_ROWS_MAX)
        .fetch_all(&mut **tx)
        .await)?;
    let alert = |(event, subject, opened_at_ms, closed_at_ms, told_at_ms): Row| {
        let event = event.parse().map_err(StoreError::corrupt)?;
        Ok(RecentAlert { event, subject: subject.parse()?, opened_at_ms, closed_at_ms, told_at_ms })
    };
    rows.into_iter().map(alert).collect()
}

async fn routers(tx: &mut Tx, company: CompanyId) -> Result<Vec<WatchedRouter>, StoreError> {
    const SQL: &str = "SELECT r.id, r.name, s.at_ms, s.reachable, s.since_ms, s.cause, s.cause_since_ms,
            s.last_ok_at_ms, s.last_error
        FROM mikrotik_routers r JOIN router_status s ON s.router_id = r.id
        WHERE r.company_id = $1 AND r.active ORDER BY r.id LIMIT $2";
    Ok(on!(tx, tx => sqlx::query_as(SQL).bind(company).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?)
}

/// Links with outages that nobody has looked at, or that are recent.
async fn newsworthy(tx: &mut Tx, company: CompanyId, now_ms: i64) -> Result<Vec<LinkId>, StoreError> {
    const SQL: &str = "SELECT DISTINCT o.link_id
        FROM outages o JOIN client_links l ON l.id = o.link_id JOIN clients c ON c.id = l.client_id
        WHERE (o.examined_at_ms IS NULL OR o.from_ms >= $2) AND c.company_id = $1 LIMIT $3";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(company)
        .bind(now_ms - crate::RULE_SECONDS_MAX * 1_000)
        .bind(LIST_ROWS_MAX)
        .fetch_all(&mut **tx)
        .await)?)
}

/// Links whose interface was not on the router at its last round.
async fn without_port(tx: &mut Tx, company: CompanyId) -> Result<Vec<LinkId>, StoreError> {
    const SQL: &str = "SELECT s.link_id
        FROM link_latest s JOIN client_links l ON l.id = s.link_id JOIN clients c ON c.id = l.client_id
        WHERE s.cause = 'interface_missing' AND c.company_id = $1 LIMIT $2";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL).bind(company).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?)
}

async fn links(
    tx: &mut Tx,
    company: CompanyId,
    ids: &BTreeSet<LinkId>,
    routers: &BTreeSet<RouterId>,
    now_ms: i64,
) -> Result<BTreeMap<LinkId, WatchedLink>, StoreError> {
    macro_rules! links_in {
        ($ids:literal, $routers:literal) => {
            concat!(
                "SELECT l.id, l.circuit, l.site, l.client_id, c.name AS client, l.router_id, r.name AS router,
                    l.interface, s.state, s.since_ms, s.cause, s.at_ms, t.latency_ms, t.loss_pct
                FROM client_links l
                JOIN clients c ON c.id = l.client_id
                JOIN mikrotik_routers r ON r.id = l.router_id
                LEFT JOIN link_latest s ON s.link_id = l.id
                LEFT JOIN link_terms t ON t.link_id = l.id AND t.valid_from_ms = (SELECT MAX(p.valid_from_ms)
                    FROM link_terms p WHERE p.link_id = l.id AND p.valid_from_ms <= $4)
                WHERE c.company_id = $1 AND l.activated_at_ms <= $4
                    AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $4)
                    AND l.id IN (",
                $ids,
                " UNION SELECT k.id FROM client_links k WHERE k.terminated_at_ms IS NULL AND k.router_id IN (",
                $routers,
                ")) LIMIT $5"
            )
        };
    }
    const SQL: Differs = Differs {
        sqlite: links_in!("SELECT value FROM json_each($2)", "SELECT value FROM json_each($3)"),
        postgres: links_in!(
            "SELECT value::text::bigint FROM json_array_elements($2::json)",
            "SELECT value::text::bigint FROM json_array_elements($3::json)"
        ),
    };
    let sql = SQL.on(tx);
    let (ids, routers) = (json(ids)?, json(routers)?);
    let rows: Vec<LinkRow> = on!(tx, tx => sqlx::query_as(sql)
        .bind(company)
        .bind(ids)
        .bind(routers)
        .bind(now_ms)
        .bind(LIST_ROWS_MAX)
        .fetch_all(&mut **tx)
        .await)?;
    let link = |row: LinkRow| {
        let state = row.state.map_or(Ok(LinkState::Unknown), |state| state.parse());
        let link = WatchedLink {
            id: row.id,
            circuit: row.circuit,
            site: row.site,
            client_id: row.client_id,
            client: row.client,
            router_id: row.router_id,
            router: row.router,
            interface: row.interface,
            state: state.map_err(StoreError::corrupt)?,
            since_ms: row.since_ms.unwrap_or(0),
            cause: row.cause,
            looked_at_ms: row.at_ms.unwrap_or(0),
            latency_ms: row.latency_ms,
            loss_pct: row.loss_pct,
            outages: Vec::new(),
            maintenance: Vec::new(),
        };
        Ok((row.id, link))
    };
    rows.into_iter().map(link).collect()
}

/// Outages and maintenance.
async fn fill_links(
    tx: &mut Tx,
    links: &mut BTreeMap<LinkId, WatchedLink>,
    now_ms: i64,
) -> Result<(), StoreError> {
    const OUTAGES: Differs = Differs {
        sqlite: "SELECT o.link_id, o.id, o.from_ms, o.to_ms, o.cause, o.evidence, o.examined_at_ms
            FROM json_each($1) i CROSS JOIN outages o ON o.link_id = i.value
            WHERE o.to_ms IS NULL OR o.to_ms >= $2 OR o.examined_at_ms IS NULL ORDER BY o.link_id, o.from_ms",
        postgres: "SELECT o.link_id, o.id, o.from_ms, o.to_ms, o.cause, o.evidence, o.examined_at_ms
            FROM json_array_elements($1::json) i JOIN outages o ON o.link_id = i.value::text::bigint
            WHERE o.to_ms IS NULL OR o.to_ms >= $2 OR o.examined_at_ms IS NULL ORDER BY o.link_id, o.from_ms",
    };
    const MAINTENANCE: Differs = Differs {
        sqlite: "SELECT e.link_id, e.from_ms, e.to_ms FROM json_each($1) i CROSS JOIN exclusions e ON e.link_id = i.value
            WHERE e.removed_at_ms IS NULL AND e.kind IN ('planned_maintenance', 'emergency_maintenance')
                AND e.from_ms <= $3 AND (e.to_ms IS NULL OR e.to_ms > $2) ORDER BY e.link_id, e.from_ms",
        postgres: "SELECT e.link_id, e.from_ms, e.to_ms
            FROM json_array_elements($1::json) i JOIN exclusions e ON e.link_id = i.value::text::bigint
            WHERE e.removed_at_ms IS NULL AND e.kind IN ('planned_maintenance', 'emergency_maintenance')
                AND e.from_ms <= $3 AND (e.to_ms IS NULL OR e.to_ms > $2) ORDER BY e.link_id, e.from_ms",
    };
    type Row = (LinkId, OutageId, i64, Option<i64>, Option<String>, String, Option<i64>);
    let ids = json(&links.keys().collect::<Vec<_>>())?;
    let (outages, maintenance) = (OUTAGES.on(tx), MAINTENANCE.on(tx));
    let rows: Vec<Row> = on!(&mut *tx, tx => sqlx::query_as(outages)
        .bind(&ids)
        .bind(now_ms - ALERTS_REMEMBERED_MS)
        .fetch_all(&mut **tx)
        .await)?;
    for (link, id, from_ms, to_ms, cause, evidence, examined) in rows {
        let evidence = serde_json::from_str(&evidence).map_err(StoreError::corrupt)?;
        let outage = WatchedOutage { id, from_ms, to_ms, cause, evidence, examined: examined.is_some() };
        links.entry(link).and_modify(|link| link.outages.push(outage));
    }
    let rows: Vec<(LinkId, i64, Option<i64>)> = on!(tx, tx => sqlx::query_as(maintenance)
        .bind(&ids)
        .bind(now_ms - ALERTS_REMEMBERED_MS)
        .bind(now_ms)
        .fetch_all(&mut **tx)
        .await)?;
    for (link, from_ms, to_ms) in rows {
        links.entry(link).and_modify(|link| link.maintenance.push((from_ms, to_ms)));
    }
    Ok(())
}

async fn operations(tx: &mut Tx, company: CompanyId) -> Result<Vec<String>, StoreError> {
    const SQL: &str =
        "SELECT recipient FROM notification_recipients WHERE company_id = $1 ORDER BY recipient LIMIT $2";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(company).bind(RECIPIENTS_MAX).fetch_all(&mut **tx).await)?)
}

/// The active portal users of clients, each address and each number that may be written to once.
async fn people(
    tx: &mut Tx,
    clients: &BTreeSet<ClientId>,
) -> Result<BTreeMap<ClientId, Vec<AlertPerson>>, StoreError> {
    const PEOPLE: Differs = Differs {
        sqlite: "SELECT id, client_id, email, CASE WHEN whatsapp_since_ms IS NOT NULL THEN phone END
            FROM client_portal_users
            WHERE active AND client_id IN (SELECT value FROM json_each($1)) LIMIT $2",
        postgres: "SELECT id, client_id, email, CASE WHEN whatsapp_since_ms IS NOT NULL THEN phone END
            FROM client_portal_users
            WHERE active AND client_id IN (SELECT value::text::bigint FROM json_array_elements($1::json)) LIMIT $2",
    };
    const UNWANTED: Differs = Differs {
        sqlite: "SELECT m.portal_user_id, m.event
            FROM portal_user_mails m JOIN client_portal_users u ON u.id = m.portal_user_id
            WHERE NOT m.enabled AND u.client_id IN (SELECT value FROM json_each($1)) LIMIT $2",
        postgres: "SELECT m.portal_user_id, m.event
            FROM portal_user_mails m JOIN client_portal_users u ON u.id = m.portal_user_id
            WHERE NOT m.enabled
                AND u.client_id IN (SELECT value::text::bigint FROM json_array_elements($1::json)) LIMIT $2",
    };
    let (people, unwanted, ids) = (PEOPLE.on(tx), UNWANTED.on(tx), json(clients)?);
    let rows: Vec<(PortalUserId, ClientId, String, Option<String>)> = on!(&mut *tx, tx => sqlx::query_as(people)
        .bind(&ids).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    let said: Vec<(PortalUserId, String)> = on!(tx, tx => sqlx::query_as(unwanted)
        .bind(&ids).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    let mut of_user: HashMap<PortalUserId, BTreeSet<NotificationEvent>> = HashMap::new();
    for (user, event) in said {
        of_user.entry(user).or_default().insert(event.parse().map_err(StoreError::corrupt)?);
    }
    let mut found: BTreeMap<ClientId, BTreeMap<String, BTreeSet<NotificationEvent>>> = BTreeMap::new();
    for (user, client, email, phone) in rows {
        let unwanted = of_user.remove(&user).unwrap_or_default();
        let phone = phone.map(|phone| format!("{WHATSAPP_PREFIX}{phone}"));
        for recipient in [Some(recipient::key(&email)), phone].into_iter().flatten() {
            if !recipient::is_recipient(&recipient) {
                continue;
            }
            // Where two read the same messages, they go there if one of them wants them.
            let places = found.entry(client).or_default();
            places
                .entry(recipient)
                .and_modify(|both| both.retain(|event| unwanted.contains(event)))
                .or_insert_with(|| unwanted.clone());
        }
    }
    let person = |(recipient, unwanted)| AlertPerson { recipient, unwanted };
    Ok(found.into_iter().map(|(client, people)| (client, people.into_iter().map(person).collect())).collect())
}
