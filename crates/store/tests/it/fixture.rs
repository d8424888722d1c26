use secrecy::SecretString;
use sla::{Experienced, Figures, Inputs, LinkState, Month, Statement, Verdict, Verdicts};
use store::{
    ClientId, CompanyId, Facing, Latest, LinkId, NewLink, NewMail, NewReport, NewRouter, NewStaffUser,
    RouterId, RouterTls, Sample, Span, StaffRole, StaffScope, StaffUserId, Store,
};

/// 2026-11-10 00:00 UTC: a whole hour and day, in the middle of a month.
pub(crate) const START_MS: i64 = 1_794_268_800_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// One company with two clients, a router, and two links of each client.
pub(crate) struct Isp {
    pub(crate) company: CompanyId,
    pub(crate) clients: [ClientId; 2],
    pub(crate) router: RouterId,
    /// Two of the first client, then two of the second.
    pub(crate) links: [LinkId; 4],
}

pub(crate) async fn isp(store: &Store) -> Isp {
    let company = store.insert_company("Example Net", "Asia/Kolkata", "INR", START_MS).await.unwrap();
    let first = store.insert_client(company, "Acme", START_MS).await.unwrap();
    let second = store.insert_client(company, "Bolt", START_MS).await.unwrap();
    let router = insert_router(store, company, "edge-1").await;
    let mut links = Vec::new();
    for (index, client) in [first, first, second, second].into_iter().enumerate() {
        links.push(insert_link(store, client, router, &format!("C-{index}"), &format!("ether{index}")).await);
    }
    Isp { company, clients: [first, second], router, links: links.try_into().unwrap() }
}

/// A person of the ISP.
pub(crate) async fn staff_user(
    store: &Store,
    username: &str,
    role: StaffRole,
    scope: StaffScope,
) -> StaffUserId {
    let email = format!("{username}@isp.example");
    let new = NewStaffUser { username, display_name: "", email: &email, role, password_hash: "hash", scope };
    store.insert_staff_user(&new, START_MS).await.unwrap()
}

pub(crate) async fn insert_router(store: &Store, company: CompanyId, name: &str) -> RouterId {
    let password = SecretString::from(format!("secret of {name}"));
    let new = NewRouter {
        company_id: company,
        name,
        address: "192.0.2.1",
        port: 8728,
        username: "leaseline",
        password: &password,
        tls: RouterTls::Off,
    };
    store.insert_router(&new, START_MS).await.unwrap()
}

pub(crate) fn new_link<'a>(
    client: ClientId,
    router: RouterId,
    circuit: &'a str,
    interface: &'a str,
) -> NewLink<'a> {
    NewLink {
        client_id: client,
        router_id: router,
        interface,
        circuit,
        service_ref: Some("SR-7"),
        kind: "ILL",
        committed_bps: 100_000_000,
        probe_target: Some("198.51.100.9"),
        facing: Facing::Customer,
        site: None,
        activated_at_ms: START_MS - 30 * DAY_MS,
        terminated_at_ms: None,
    }
}

pub(crate) async fn insert_link(
    store: &Store,
    client: ClientId,
    router: RouterId,
    circuit: &str,
    interface: &str,
) -> LinkId {
    store.insert_link(&new_link(client, router, circuit, interface)).await.unwrap()
}

/// A sample whose figures all differ, so that exchanged columns show.
pub(crate) fn sample(link: LinkId, at_ms: i64) -> Sample {
    let base = link.0 * 1_000_000 + (at_ms - START_MS) / 1_000;
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: Some(base + 1),
        tx_bytes: Some(base + 2),
        rx_packets: Some(base + 3),
        tx_packets: Some(base + 4),
        rx_errors: Some(base + 5),
        tx_errors: Some(base + 6),
        rx_drops: Some(base + 7),
        tx_drops: Some(base + 8),
        rx_bps: Some(base + 9),
        tx_bps: Some(base + 10),
        sent: Some(5),
        received: Some(4),
        rtt_min_us: Some(900),
        rtt_avg_us: Some(1_000),
        rtt_max_us: Some(1_100),
    }
}

/// A sample of a link that is down: no figures at all.
pub(crate) fn bare(link: LinkId, at_ms: i64) -> Sample {
    Sample {
        state: LinkState::Down,
        rx_bytes: None,
        tx_bytes: None,
        rx_packets: None,
        tx_packets: None,
        rx_errors: None,
        tx_errors: None,
        rx_drops: None,
        tx_drops: None,
        rx_bps: None,
        tx_bps: None,
        sent: None,
        received: None,
        rtt_min_us: None,
        rtt_avg_us: None,
        rtt_max_us: None,
        ..sample(link, at_ms)
    }
}

pub(crate) fn span(from_ms: i64, to_ms: i64, state: LinkState, cause: Option<&str>) -> Span {
    Span {
        from_ms,
        to_ms,
        state,
        cause: cause.map(str::to_owned),
        evidence: serde_json::json!({"seen": "probe"}),
    }
}

pub(crate) fn latest(link: LinkId, at_ms: i64) -> Latest {
    Latest {
        link,
        at_ms,
        state: LinkState::Down,
        since_ms: at_ms - 1,
        cause: Some("link_down".to_owned()),
        sample_at_ms: Some(at_ms - 2),
        rx_bps: Some(11),
        tx_bps: Some(12),
        sent: Some(5),
        received: Some(3),
        rtt_avg_us: Some(21),
        rtt_min_us: Some(20),
        rtt_max_us: Some(22),
        memory: serde_json::json!({"rx_bytes": 9_007_199_254_740_993_i64, "name": "ether\u{0}1 \"quoted\" ü"}),
    }
}

/// A statement of a month whose figures differ, so that exchanged columns show.
pub(crate) fn statement(month: &str, overall: Verdict) -> Statement {
    let figures = Figures {
        contracted_ms: 100,
        excluded_ms: 10,
        unknown_ms: 20,
        down_ms: 30,
        up_ms: 40,
        eligible_ms: 70,
        availability_pct: Some("57.14285".to_owned()),
        coverage_pct: Some("77.77777".to_owned()),
        lower_pct: None,
        upper_pct: None,
        sent: 5,
        received: 4,
        loss_pct: Some("20.00000".to_owned()),
        latency_avg_us: Some(8_123),
        latency_p50_us: None,
        latency_p95_us: None,
        latency_p99_us: None,
        p95_rx_bps: Some(7),
        p95_tx_bps: Some(8),
        rx_n: 1,
        tx_n: 2,
        traffic_expected_n: 3,
        allowed_ms: Some(4),
        budget_left_ms: Some(-26),
        verdict: Verdicts { uptime: overall, latency: Verdict::Met, loss: Verdict::None, overall },
    };
    Statement {
        algorithm: 1,
        timezone: "Asia/Kolkata".to_owned(),
        month: month.parse().unwrap(),
        from_ms: START_MS,
        to_ms: START_MS + 30 * DAY_MS,
        so_far: false,
        figures,
        outages: Vec::new(),
        reasons: vec!["Uptime 57.14 % against 99.50 %".to_owned(), "quoted \"ü\"".to_owned()],
        parts: Vec::new(),
        experienced: Experienced { up_ms: 1, down_ms: 2, unknown_ms: 3, availability_pct: None },
        mttr_ms: None,
        mtbf_ms: None,
        longest_outage_ms: Some(30),
    }
}

/// Inputs that are not those of another zone or month.
pub(crate) fn inputs(timezone: &str, month: Month) -> Inputs {
    Inputs {
        timezone: timezone.to_owned(),
        month,
        as_of_ms: None,
        active: sla::Active { from_ms: 0, to_ms: None },
        spans: Vec::new(),
        exclusions: Vec::new(),
        terms: Vec::new(),
        probes: vec![sla::Probe { at_ms: START_MS, sent: 5, received: 4, rtt_avg_us: Some(900) }],
        traffic: Vec::new(),
    }
}

pub(crate) fn new_report(isp: &Isp, link: usize, statement: &Statement) -> NewReport<'static> {
    // Test statements live until the process ends.
    let statement: &'static Statement = Box::leak(Box::new(statement.clone()));
    NewReport {
        link_id: isp.links[link],
        client_id: isp.clients[link / 2],
        reason: "exclusion added",
        statement,
        inputs: inputs(&statement.timezone, statement.month).to_bytes(),
        digest: format!("digest of link {link}"),
        facts: serde_json::json!({"circuit": format!("C-{link}")}),
        created_by: "schedule",
        mails: Vec::new(),
        news: &[],
    }
}

pub(crate) fn new_mail(recipient: &str) -> NewMail {
    NewMail {
        kind: "sla_breach".to_owned(),
        recipient: recipient.to_owned(),
        payload: serde_json::json!({"n": 9_007_199_254_740_993_i64}),
    }
}
