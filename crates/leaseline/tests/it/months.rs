//! An installation with a month that is over, for the commands of the ledger.

use jiff::tz::TimeZone;
use sla::{Interval, LinkState, Month};
use store::{LinkId, Round, RoundOutcome, Sample, Span, SpanTail};

use crate::{first_router::now_ms, installation::Installation};

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Longer than 99.5 % of any month allow.
pub(crate) const OUTAGE_MS: i64 = 5 * HOUR;

/// A client with two people and a link C-1, whose last month had an outage on its tenth day.
pub(crate) struct Months {
    pub(crate) installation: Installation,
    pub(crate) month: Month,
    pub(crate) period: Interval,
    pub(crate) outage: Interval,
}

impl Months {
    pub(crate) fn new() -> Self {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        let of = |at_ms| Month::containing(at_ms, &zone).expect("a month");
        let interval = |month: Month| month.interval(&zone).expect("a month");
        let month = of(interval(of(now_ms())).from_ms - 1);
        let period = interval(month);
        let outage = Interval::new(period.from_ms + 9 * DAY, period.from_ms + 9 * DAY + OUTAGE_MS);
        let installation = Installation::new();
        let password = installation.file("user.txt", "a long enough password\n");
        installation.ok(&["client", "add", "--name", "Acme"]);
        for name in ["asha", "ravi"] {
            let email = format!("{name}@acme.example");
            let user = ["user", "add", "--client", "Acme", "--username", name, "--email", &email];
            installation.ok(&[&user[..], &["--password-file", &password]].concat());
        }
        installation.add_router("edge", "192.0.2.1:8728".parse().expect("an address"), "secret");
        let activated = of(period.from_ms - 1).to_string() + "-01";
        installation.add_link_from("C-1", "edge", "ether1", &activated);
        let months = Self { installation, month, period, outage };
        months.write();
        months
    }

    /// The time line and an hourly reading, until now.
    fn write(&self) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let store = self.installation.store().await;
            let link = store.link_by_circuit("C-1").await.expect("read").expect("a link");
            let now = now_ms();
            let span = |from_ms, to_ms, state: LinkState| Span {
                from_ms,
                to_ms,
                state,
                cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
                evidence: serde_json::json!({ "link_downs": 3 }),
            };
            let spans = vec![
                span(self.period.from_ms - DAY, self.outage.from_ms, LinkState::Up),
                span(self.outage.from_ms, self.outage.to_ms, LinkState::Down),
                span(self.outage.to_ms, now, LinkState::Up),
            ];
            let mut round = Round::new(link.router_id, now, RoundOutcome::Ok);
            round.tails.push(SpanTail { link: link.id, from_ms: spans[0].from_ms, spans });
            let hours = (self.period.from_ms..self.period.to_ms).step_by(HOUR as usize);
            round.samples = hours.map(|at_ms| sample(link.id, at_ms)).collect();
            store.write_round(&round).await.expect("written");
            store.close().await;
        });
    }
}

fn sample(link: LinkId, at_ms: i64) -> Sample {
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: None,
        tx_bytes: None,
        rx_packets: None,
        tx_packets: None,
        rx_errors: None,
        tx_errors: None,
        rx_drops: None,
        tx_drops: None,
        rx_bps: Some(40_000_000),
        tx_bps: Some(60_000_000 + at_ms % 7_919),
        sent: Some(5),
        received: Some(5),
        rtt_min_us: Some(7_000),
        rtt_avg_us: Some(8_123),
        rtt_max_us: Some(9_000),
    }
}
