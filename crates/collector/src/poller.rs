//! One router: its session, its links, its rounds.

mod writing;

use std::collections::HashMap;
use std::sync::Arc;

use routeros::Client;
use store::{CompanyId, LinkId, RoundOutcome, Router, RouterId, RouterTarget, RouterWitness, Store};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::clock_check::ClockCheck;
use crate::clocks::{Clocks, Moment};
use crate::config::CollectorConfig;
use crate::error::RoundError;
use crate::exchange::{Observation, observe};
use crate::findings::{Answers, Asked, Trouble, findings, found_elsewhere, troubles};
use crate::link_record::{Finding, PolledLink};
use crate::piece::Cause;
use crate::pinging::{PingPlan, Pinged, ping_all};
use crate::ppp::{Elsewhere, PppBoard};
use crate::round_writer::RoundWriter;
use crate::schedule::{RoundKind, Slot};
use crate::session::Session;
use crate::timeline::{Rules, Seen};
use crate::witness::Witness;

/// Pings of a probe, for links whose terms count a silent target as down; enough to tell silence from loss.
const PROBE_PINGS: u32 = 2;

/// What all routers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) writer: RoundWriter,
    pub(crate) clocks: Clocks,
    pub(crate) check: ClockCheck,
    pub(crate) config: CollectorConfig,
    pub(crate) rules: Rules,
    pub(crate) witness: Witness,
    pub(crate) ppp: PppBoard,
    /// Rounds that may still begin.
    pub(crate) permits: Semaphore,
}

/// How a router's round went.
#[derive(Debug, Default)]
pub(crate) struct RoundReport {
    pub(crate) links: usize,
    pub(crate) samples: usize,
    /// Why there is no reading of this router.
    pub(crate) error: Option<String>,
    /// Why none of its targets could be pinged, if its user may not.
    pub(crate) no_pings: Option<String>,
    /// What was wrong with single links.
    pub(crate) troubles: Vec<Trouble>,
}

/// A router that is polled.
#[derive(Debug)]
pub(crate) struct Poller {
    shared: Arc<Shared>,
    router: Router,
    links: Vec<PolledLink>,
    session: Session,
    /// Rounds skipped since the last one that was written.
    skipped: i64,
    reachable: Option<bool>,
    /// What the database held of this router when the program started: when it was seen last, and its uptime then.
    stored: Option<(i64, i64)>,
    /// Our clock was set back and has not yet passed what is written.
    clock_behind: bool,
    /// Lasting troubles of links, as already logged.
    logged: HashMap<LinkId, String>,
}

/// What a round found, before it is written.
struct Found {
    outcome: RoundOutcome,
    findings: Vec<Finding>,
    /// When the round began, by both clocks.
    asked: Moment,
    /// When it was looked.
    moment: Moment,
    observation: Option<Observation>,
    error: Option<String>,
    no_pings: Option<String>,
    troubles: Vec<Trouble>,
}

impl Shared {
    /// Whether some round has begun and not yet come to its writing.
    pub(crate) fn rounds_under_way(&self) -> bool {
        self.permits.available_permits() < self.config.rounds_at_once.clamp(1, Semaphore::MAX_PERMITS)
    }
}

impl Poller {
    pub(crate) fn new(shared: Arc<Shared>, target: RouterTarget) -> Self {
        let session = Session::new(&target.router, &shared.config);
        let links: Vec<_> = target.links.into_iter().map(PolledLink::new).collect();
        let stored = links.iter().filter_map(PolledLink::last_contact).max();
        Self {
            shared,
            router: target.router,
            links,
            session,
            skipped: 0,
            reachable: None,
            stored,
            clock_behind: false,
            logged: HashMap::new(),
        }
    }

    /// Takes over links that were added, changed or removed, and another address or user.
    pub(crate) fn update(&mut self, target: RouterTarget) {
        if self.router != target.router {
            self.session.close();
            self.router = target.router;
        }
        let mut known: HashMap<_, _> = self.links.drain(..).map(|polled| (polled.link.id, polled)).collect();
        let links = target.links.into_iter().map(|target| match known.remove(&target.link.id) {
            // Another interface under the link is another thing: what was read of the old one is no base for it.
            Some(mut polled) if polled.link.interface == target.link.interface => {
                polled.update(target);
                polled
            }
            _ => PolledLink::new(target),
        });
        self.links = links.collect();
        let links = &self.links;
        self.logged.retain(|id, _| links.iter().any(|polled| polled.link.id == *id));
    }

    /// Whether the database tells the uptime of this router at some time before.
    pub(crate) fn is_witness(&self) -> bool {
        self.stored.is_some()
    }

    /// Counts rounds that were due while one was under way.
    pub(crate) fn skipped(&mut self, rounds: i64) {
        self.skipped += rounds;
    }

    /// Whether some link has not been sampled since `since_ms`.
    pub(crate) fn wants_a_first_sample(&self, since_ms: i64) -> bool {
        self.links.iter().any(|polled| !polled.has_sample(since_ms))
    }

    /// One round: looks, measures, writes. None if `stop` came before there was something to write; what is being
    /// written is written to its end. `patient`: respects the pause after a failed connection.
    pub(crate) async fn round(
        &mut self,
        slot: Slot,
        patient: bool,
        stop: &CancellationToken,
    ) -> Option<RoundReport> {
        let shared = Arc::clone(&self.shared);
        let found = tokio::select! {
            () = stop.cancelled() => return None,
            found = async {
                let _permit = shared.permits.acquire().await.ok()?;
                Some(self.find_out(slot, patient).await)
            } => found?,
        };
        Some(self.write(slot, found).await)
    }

    async fn find_out(&mut self, slot: Slot, patient: bool) -> Found {
        let asked = self.shared.clocks.now();
        let deadline = Instant::now() + self.shared.config.round_deadline;
        let seconds = self.shared.config.round_deadline.as_secs();
        let looked = match timeout_at(deadline, self.look(patient)).await {
            Ok(looked) => looked,
            Err(_) => Err(RoundError::Deadline(seconds)),
        };
        match looked {
            Ok((client, observation)) => self.measure((slot, asked), client, observation, deadline).await,
            Err(error) => self.nothing((slot, asked), error).await,
        }
    }

    async fn look(&mut self, patient: bool) -> Result<(Client, Observation), RoundError> {
        let shared = &self.shared;
        let now = shared.clocks.now();
        let client =
            self.session.client(&self.router, &shared.store, &shared.config, now.mono_ms, patient).await?;
        let wanted = shared.ppp.wanted(self.router.company_id);
        let mut observation = observe(&client, &shared.clocks, wanted.is_some()).await?;
        let utc_ms = observation.utc_offset_ms.map(|offset_ms| observation.moment.wall_ms + offset_ms);
        shared.clocks.clock().observe(&RouterWitness {
            router: self.router.id,
            uptime_ms: observation.uptime_ms,
            utc_ms,
            stored: self.stored,
        });
        observation.shift(shared.clocks.shift_ms(observation.moment));
        if let Some(wanted) = wanted {
            let seen = || observation.seen_elsewhere(self.router.id, &wanted);
            shared.ppp.note(self.router.id, observation.moment.mono_ms, seen);
        }
        Ok((client, observation))
    }

    /// Nothing could be seen: who is to blame? The look is dated from when it asked; it gave up only a deadline later.
    async fn nothing(&mut self, (slot, asked): (Slot, Moment), error: RoundError) -> Found {
        let now = self.shared.clocks.now();
        let cause = match error.proven_cause() {
            Some(cause) => cause,
            None if self.shared.witness.network_gone().await => Cause::OwnNetwork,
            None => error.assumed_cause(),
        };
        if error.ends_session(cause) {
            self.session.failed(&error, cause, now.mono_ms);
        }
        let outcome = error.outcome(cause);
        let error = error.to_string();
        if self.reachable.replace(false) != Some(false) {
            tracing::warn!(router = %self.router.name, cause = cause.as_str(), "no look at this router: {error}");
        }
        self.shared.ppp.note(self.router.id, asked.mono_ms, || Err(cause));
        let nothing = Finding { seen: Seen::Nothing { at_ms: asked.wall_ms, cause }, measured: None };
        let (place, fresh_ms) = (self.place(), self.shared.rules.normal_ms);
        let finding = |polled: &PolledLink| {
            let measures = slot.kind == RoundKind::Sample && !polled.has_sample(slot.at_ms);
            match elsewhere(&self.shared, place, polled, (asked.mono_ms, fresh_ms)) {
                Some(Elsewhere::Connected(seen)) => found_elsewhere(&seen, measures),
                _ => nothing.clone(),
            }
        };
        let findings = self.links.iter().map(finding).collect();
        Found {
            outcome,
            findings,
            asked,
            moment: asked,
            observation: None,
            error: Some(error),
            no_pings: None,
            troubles: Vec::new(),
        }
    }

    async fn measure(
        &mut self,
        (slot, round_asked): (Slot, Moment),
        client: Client,
        observation: Observation,
        deadline: Instant,
    ) -> Found {
        if self.reachable.replace(true) == Some(false) {
            tracing::info!(router = %self.router.name, "this router answers again");
        }
        let now_ms = observation.moment.wall_ms;
        self.links.iter_mut().for_each(|polled| polled.forget_samples_after(now_ms));
        let (place, fresh_ms) = (self.place(), self.shared.rules.normal_ms);
        let at = |polled: &PolledLink, mono_ms| elsewhere(&self.shared, place, polled, (mono_ms, fresh_ms));
        let others = (self.shared.ppp.has_others(place), fresh_ms);
        let asked: Vec<Asked<'_>> =
            self.links.iter().map(|polled| Asked::new(polled, &observation, slot, others, at)).collect();
        let may_ping = self.session.may_ping(observation.moment.mono_ms);
        let targets: Vec<_> = asked.iter().map(|asked| asked.ping_target.filter(|_| may_ping)).collect();
        let config = &self.shared.config;
        let count = if slot.kind == RoundKind::Sample {
            config.ping_count
        } else {
            PROBE_PINGS.min(config.ping_count)
        };
        let plan = PingPlan { count, interval: config.ping_interval, deadline };
        let (mut pinged, traffic, ports, logouts) = tokio::join!(
            ping_all(&client, &targets, plan),
            traffic(&client, &asked, deadline),
            ports(&client, &asked, deadline),
            logouts(&client, &asked, deadline)
        );
        if pinged.lost_any()
            && let Ok(Ok(after)) = timeout_at(deadline, client.interfaces()).await
        {
            pinged.drop_those_that_fell(|index| asked[index].fell_between(&observation, &after));
        }
        let answers = Answers { traffic, ports, logouts };
        let findings = findings(self.router.id, &asked, &observation, &pinged, &answers);
        let troubles = troubles(&asked, &pinged);
        let wanted = asked.iter().any(|asked| asked.ping_target.is_some());
        self.note_troubles(&troubles);
        let no_pings = self.note_pings(&pinged, wanted, observation.moment.mono_ms);
        let (outcome, moment, observation) = (RoundOutcome::Ok, observation.moment, Some(observation));
        Found { outcome, findings, asked: round_asked, moment, observation, error: None, no_pings, troubles }
    }

    /// The router and its company.
    fn place(&self) -> (RouterId, CompanyId) {
        (self.router.id, self.router.company_id)
    }

    /// Logs what somebody must mend once, however many rounds it lasts.
    fn note_troubles(&mut self, troubles: &[Trouble]) {
        let router = &self.router.name;
        for Trouble { link, circuit, error, lasting } in troubles {
            if !lasting {
                tracing::debug!(%router, "link {circuit}: {error}");
            } else if self.logged.get(link) != Some(error) {
                tracing::warn!(%router, "link {circuit}: {error}");
                self.logged.insert(*link, error.clone());
            }
        }
        self.logged.retain(|link, _| troubles.iter().any(|trouble| trouble.link == *link));
    }

    /// Why pings that were wanted were not made, as long as they are refused; logged when it begins.
    fn note_pings(&mut self, pinged: &Pinged, wanted: bool, mono_ms: i64) -> Option<String> {
        let begins = pinged.not_permitted && self.session.pings_refused(mono_ms);
        if !wanted || self.session.may_ping(mono_ms) {
            return None;
        }
        let router = &self.router;
        let text = format!(
            "user {} may not ping: no latency nor loss until its group has the policy `test` \
             (/user group set GROUP policy=api,read,test)",
            router.username
        );
        if begins {
            tracing::warn!(router = %router.name, "{text}");
        }
        Some(text)
    }
}

/// Where else the PPP user of a link is connected, by what the other routers said; none for a link over an interface. What
/// is older than the link's timeline adds nothing to it.
fn elsewhere(
    shared: &Shared,
    place: (RouterId, CompanyId),
    polled: &PolledLink,
    now: (i64, i64),
) -> Option<Elsewhere> {
    let user = polled.link.port().ppp_user()?;
    let last = polled.last_ppp_look(user).and_then(|look| look.ppp.as_ref());
    let mut found = shared.ppp.elsewhere(place, user, last.map(|ppp| ppp.router), now);
    if let Elsewhere::Connected(seen) = &mut found
        && let Some(mono_ms) = seen.look.mono_ms
    {
        // The other router's round may have been before a correction of our clock.
        seen.look.shift(shared.clocks.shift_ms(Moment { wall_ms: seen.look.at_ms, mono_ms }));
    }
    Some(match found {
        Elsewhere::Connected(seen) if polled.watermark_ms().is_some_and(|ms| ms > seen.look.at_ms) => {
            Elsewhere::Unheard(Cause::NotPolled)
        }
        found => found,
    })
}

/// When PPP users whose session ended logged out. Only `/ppp/secret` knows, which users of RADIUS are not in.
async fn logouts(
    client: &Client,
    asked: &[Asked<'_>],
    deadline: Instant,
) -> Vec<(routeros::Value, jiff::civil::DateTime)> {
    let users: Vec<&str> = asked.iter().filter_map(|asked| asked.logout_of).collect();
    match timeout_at(deadline, client.ppp_logouts(&users)).await {
        Ok(Ok(logouts)) => logouts,
        Ok(Err(error)) => {
            tracing::debug!("no logout times: {error}");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// The router's own rates of the last second, asked only when some link has no reading yet to take a rate from.
async fn traffic(client: &Client, asked: &[Asked<'_>], deadline: Instant) -> Vec<routeros::Traffic> {
    let names: Vec<&str> = asked.iter().filter_map(|asked| asked.traffic_name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    match timeout_at(deadline, client.interface_traffic(&names)).await {
        Ok(Ok(traffic)) => traffic,
        Ok(Err(error)) => {
            tracing::debug!("no traffic figures: {error}");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// What the Ethernet ports of measured links negotiated. Without an answer their factory names have to do.
async fn ports(client: &Client, asked: &[Asked<'_>], deadline: Instant) -> Vec<routeros::EthernetLink> {
    let mut ids: Vec<&str> = asked.iter().filter_map(|asked| asked.port_id).collect();
    ids.sort_unstable();
    ids.dedup();
    match timeout_at(deadline, client.ethernet_links(&ids)).await {
        Ok(Ok(ports)) => ports,
        Ok(Err(error)) => {
            tracing::debug!("no negotiated rates: {error}");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}
