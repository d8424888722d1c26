//! An ISP of a hundred routers with twenty links each, and a bad half hour.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::json;
use sla::{ExclusionKind, LinkState};
use store::{
    ClientId, CompanyId, Facing, Latest, LinkId, NewExclusion, NewLink, NewRouter, NotificationEvent, Round,
    RoundOutcome, RouterId, RouterTls, RuleEdit, Span, SpanTail, Store,
};

use crate::isp::{HOUR, at};

pub(crate) const SECOND: i64 = 1_000;
/// Between two rounds, and two looks of the engine, while something happens.
const STEP_S: i64 = 20;
/// And while nothing does.
const CALM_STEP_S: i64 = 60;
/// The storm is over, and all that it caused is told.
pub(crate) const END_S: i64 = 1_800;

const ROUTERS: usize = 100;
const LINKS_PER_ROUTER: usize = 20;
const CLIENTS: usize = 10;
/// These die at once; of the last one all links are in maintenance.
const DEAD: std::ops::Range<usize> = 0..30;
const IN_MAINTENANCE: usize = 29;
/// These of them restart, so that their links were down for a while.
const REBOOTED: std::ops::Range<usize> = 0..10;
/// The first link of each of these flaps.
const FLAPPING: std::ops::Range<usize> = 31..81;
/// The first links of these are in maintenance: down within it, down beyond it, flapping, and well.
const SHORT: usize = 90;
const LONG: usize = 91;
const FLAPPING_INSIDE: usize = 92;
const WELL: usize = 93;
const MAINTENANCE_ENDS_S: i64 = 900;

pub(crate) struct Storm {
    pub(crate) start_ms: i64,
    routers: Vec<RouterId>,
    /// By router, then by place on it.
    links: Vec<Vec<LinkId>>,
}

/// The moment after this one.
pub(crate) fn next_s(now_s: i64) -> i64 {
    let is_calm = (720..1_500).contains(&now_s) || now_s >= 1_560;
    now_s + if is_calm { CALM_STEP_S } else { STEP_S }
}

fn client_of(router: usize) -> usize {
    router % CLIENTS
}

fn client_mail(router: usize) -> String {
    format!("it@client{}.example", client_of(router))
}

fn circuit(router: usize) -> String {
    format!("R{router:02}-L00")
}

impl Storm {
    pub(crate) async fn new(store: &Store) -> Self {
        let start_ms = at(2026, 11, 10, 12, 0);
        let company = store.insert_company("Example Net", "Asia/Kolkata", "INR", 0).await.unwrap();
        store.add_notification_recipient(company, "noc@isp.example", "test", 0).await.unwrap();
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let client = store.insert_client(company, &format!("Client {number}"), 0).await.unwrap();
            let (name, email) = (format!("user{number}"), format!("it@client{number}.example"));
            store.insert_portal_user(client, &name, &email, "-", 0).await.unwrap();
            clients.push(client);
        }
        set_rules(store, company).await;
        let (mut routers, mut links) = (Vec::new(), Vec::new());
        for number in 0..ROUTERS {
            let router = insert_router(store, company, number).await;
            let mut on_router = Vec::new();
            for place in 0..LINKS_PER_ROUTER {
                let client = clients[client_of(number)];
                on_router.push(insert_link(store, client, router, number, place, start_ms).await);
            }
            routers.push(router);
            links.push(on_router);
        }
        let storm = Self { start_ms, routers, links };
        storm.plan_maintenance(store).await;
        storm.all_is_well(store).await;
        storm
    }

    async fn plan_maintenance(&self, store: &Store) {
        let end_ms = Some(self.start_ms + MAINTENANCE_ENDS_S * SECOND);
        let open = [
            (self.links[SHORT][0], end_ms),
            (self.links[LONG][0], end_ms),
            (self.links[FLAPPING_INSIDE][0], None),
            (self.links[WELL][0], end_ms),
        ];
        let whole = self.links[IN_MAINTENANCE].iter().map(|link| (*link, None));
        let exclusions: Vec<NewExclusion<'_>> = open
            .into_iter()
            .chain(whole)
            .map(|(link_id, to_ms)| NewExclusion {
                link_id,
                from_ms: self.start_ms - HOUR,
                to_ms,
                kind: ExclusionKind::PlannedMaintenance,
                reason: "new fibre",
                entered_by: "test",
            })
            .collect();
        store.insert_exclusions(&exclusions, self.start_ms - HOUR).await.unwrap();
    }

    async fn all_is_well(&self, store: &Store) {
        let up = |link: &LinkId| latest(*link, self.start_ms, LinkState::Up, self.start_ms - HOUR);
        let rounds: Vec<Round> = (0..ROUTERS)
            .map(|number| {
                let mut round = Round::new(self.routers[number], self.start_ms, RoundOutcome::Ok);
                round.latest = self.links[number].iter().map(up).collect();
                round
            })
            .collect();
        written(store, &rounds).await;
    }

    /// What the collector writes at a moment of the storm.
    pub(crate) async fn collect(&self, store: &Store, now_s: i64) {
        let now_ms = self.start_ms + now_s * SECOND;
        let mut rounds: BTreeMap<usize, Round> = BTreeMap::new();
        for number in 0..ROUTERS {
            let silent = DEAD.contains(&number) && (60..1_200).contains(&now_s);
            let outcome =
                if silent { RoundOutcome::Unreachable("timed out".to_owned()) } else { RoundOutcome::Ok };
            let mut round = Round::new(self.routers[number], now_ms, outcome);
            if DEAD.contains(&number) && now_s == 60 {
                let unknown = |link: &LinkId| Latest {
                    cause: Some("router_unreachable".to_owned()),
                    ..latest(*link, now_ms, LinkState::Unknown, now_ms)
                };
                round.latest = self.links[number].iter().map(unknown).collect();
            }
            if DEAD.contains(&number) && now_s == 1_200 {
                self.is_back(&mut round, number, now_ms);
            }
            rounds.insert(number, round);
        }
        for number in FLAPPING.chain([FLAPPING_INSIDE]) {
            for turn in 0..5 {
                let from_s = 60 + turn * 120;
                self.falls(&mut rounds, number, (from_s, from_s + 40), now_s);
            }
        }
        self.falls(&mut rounds, SHORT, (60, 600), now_s);
        self.falls(&mut rounds, LONG, (60, 1_500), now_s);
        written(store, &rounds.into_values().collect::<Vec<_>>()).await;
    }

    /// A link is down for a while; each edge is confirmed one round later.
    fn falls(
        &self,
        rounds: &mut BTreeMap<usize, Round>,
        number: usize,
        (from_s, to_s): (i64, i64),
        now_s: i64,
    ) {
        let link = self.links[number][0];
        let ms = |s: i64| self.start_ms + s * SECOND;
        let round = rounds.get_mut(&number).expect("each has one");
        if now_s == from_s + STEP_S {
            let spans = vec![span(ms(from_s), ms(now_s), LinkState::Down, "link_down")];
            round.tails.push(SpanTail { link, from_ms: ms(from_s), spans });
            round.latest.push(latest(link, ms(now_s), LinkState::Down, ms(from_s)));
        }
        if now_s == to_s + STEP_S {
            let down_ms = ms(from_s + STEP_S);
            let mut spans = vec![span(down_ms, ms(to_s), LinkState::Down, "link_down")];
            spans.push(span(ms(to_s), ms(now_s), LinkState::Up, ""));
            spans.retain(|span| span.to_ms > span.from_ms);
            round.tails.push(SpanTail { link, from_ms: down_ms, spans });
            round.latest.push(latest(link, ms(now_s), LinkState::Up, ms(to_s)));
        }
    }

    /// The evidence after the silence: some had restarted, the others were merely out of reach.
    fn is_back(&self, round: &mut Round, number: usize, now_ms: i64) {
        let died_ms = self.start_ms + 60 * SECOND;
        for &link in &self.links[number] {
            if REBOOTED.contains(&number) {
                let up_ms = died_ms + 120 * SECOND;
                let spans = vec![
                    span(died_ms, up_ms, LinkState::Down, "router_reboot"),
                    span(up_ms, now_ms, LinkState::Up, ""),
                ];
                round.tails.push(SpanTail { link, from_ms: died_ms, spans });
                round.latest.push(latest(link, now_ms, LinkState::Up, up_ms));
            } else {
                round.latest.push(latest(link, now_ms, LinkState::Up, self.start_ms - HOUR));
            }
        }
    }
}

/// Who must have got what, how often; a mail is known by the beginning of its subject.
pub(crate) fn expected_inboxes() -> BTreeMap<(String, String), usize> {
    let mut inboxes = BTreeMap::new();
    let mut add = |to: &str, subject: String| *inboxes.entry((to.to_owned(), subject)).or_insert(0) += 1;
    for number in FLAPPING {
        let name = circuit(number);
        for to in ["noc@isp.example", &client_mail(number)] {
            for what in ["DOWN", "UP", "UNSTABLE", "STABLE"] {
                let again = if what == "STABLE" { " again" } else { "" };
                add(to, format!("{what}: {name} (Pune){again}"));
            }
        }
    }
    for number in DEAD.filter(|number| *number != IN_MAINTENANCE) {
        add("noc@isp.example", format!("UNREACHABLE: router R{number:02}"));
        add("noc@isp.example", format!("REACHABLE: router R{number:02}"));
        add(&client_mail(number), "NO CONTACT: 20 links of yours".to_owned());
        add(&client_mail(number), "MONITORED AGAIN: 20 links".to_owned());
    }
    for to in ["noc@isp.example", &client_mail(LONG)] {
        add(to, format!("DOWN: {} (Pune)", circuit(LONG)));
        add(to, format!("UP: {} (Pune)", circuit(LONG)));
    }
    inboxes
}

/// What must stand in the log besides the messages, how often.
pub(crate) fn expected_untold() -> BTreeMap<(String, String, String), usize> {
    let flapping = FLAPPING.len();
    let line = |event: &str, outcome: &str, reason: &str, count: usize| {
        ((event.to_owned(), outcome.to_owned(), reason.to_owned()), count)
    };
    BTreeMap::from([
        // The second and the third fall of each.
        line("link_down", "held", "cooldown", 2 * flapping),
        line("link_down", "suppressed", "over before it could be told: cooldown", 2 * flapping),
        // The fourth, which makes it unstable, and the fifth.
        line("link_down", "suppressed", "the link is unstable", 2 * flapping),
        // The short one, the long one until the end of its window, five falls of the flapping one.
        line("link_down", "suppressed", "maintenance", 1 + 1 + 5),
        line("link_down", "suppressed", "over before it could be told: maintenance", 1 + 5),
        line("link_down", "suppressed", "told with its router", REBOOTED.len() * LINKS_PER_ROUTER),
        line("router_unreachable", "suppressed", "maintenance", 1),
        line("router_unreachable", "suppressed", "over before it could be told: maintenance", 1),
    ])
}

async fn set_rules(store: &Store, company: CompanyId) {
    let to_client = || RuleEdit { to_client: Some(Some(true)), ..RuleEdit::default() };
    let down = RuleEdit { clear_after_s: Some(Some(0)), ..to_client() };
    let unstable = RuleEdit { clear_after_s: Some(Some(600)), window_s: Some(Some(900)), ..to_client() };
    for (event, edit) in [
        (NotificationEvent::LinkDown, down),
        (NotificationEvent::LinkUnstable, unstable),
        (NotificationEvent::RouterUnreachable, to_client()),
    ] {
        store.edit_notification_rule(company, event, &edit, "test", 0).await.unwrap();
    }
}

async fn insert_router(store: &Store, company_id: CompanyId, number: usize) -> RouterId {
    let (name, password) = (format!("R{number:02}"), SecretString::from("secret"));
    let router = NewRouter {
        company_id,
        name: &name,
        address: "192.0.2.1",
        port: 8728,
        username: "portal",
        password: &password,
        tls: RouterTls::Off,
    };
    store.insert_router(&router, 0).await.unwrap()
}

async fn insert_link(
    store: &Store,
    client_id: ClientId,
    router_id: RouterId,
    number: usize,
    place: usize,
    start_ms: i64,
) -> LinkId {
    let (circuit, interface) = (format!("R{number:02}-L{place:02}"), format!("ether{place}"));
    let link = NewLink {
        client_id,
        router_id,
        interface: &interface,
        circuit: &circuit,
        service_ref: None,
        kind: "ILL",
        committed_bps: 100_000_000,
        probe_target: None,
        facing: Facing::Customer,
        site: Some("Pune"),
        activated_at_ms: start_ms - 24 * HOUR,
        terminated_at_ms: None,
    };
    store.insert_link(&link).await.unwrap()
}

async fn written(store: &Store, rounds: &[Round]) {
    for outcome in store.write_rounds(rounds).await.unwrap() {
        outcome.unwrap();
    }
}

fn span(from_ms: i64, to_ms: i64, state: LinkState, cause: &str) -> Span {
    let cause = Some(cause.to_owned()).filter(|cause| !cause.is_empty());
    Span { from_ms, to_ms, state, cause, evidence: json!({ "kind": "looks", "looks": 2 }) }
}

pub(crate) fn latest(link: LinkId, at_ms: i64, state: LinkState, since_ms: i64) -> Latest {
    Latest {
        link,
        at_ms,
        state,
        since_ms,
        cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
        sample_at_ms: None,
        rx_bps: None,
        tx_bps: None,
        sent: None,
        received: None,
        rtt_avg_us: None,
        rtt_min_us: None,
        rtt_max_us: None,
        memory: json!({}),
    }
}
