//! What is stored of a time that is over, and what would have been decided about it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use closing::CloseError;
use jiff::tz::TimeZone;
use sla::{LinkState, Month};
use store::{
    ALERTS_REMEMBERED_MS, AlertFacts, Company, ExclusionFilter, LedgerFilter, LinkId, NotificationEvent,
    NotificationRule, Resolution, Span, Store, WatchedLink, WatchedRouter,
};

use super::{
    book::Book,
    budget,
    condition::Standing,
    decide::decide,
    engine::zone,
    gate,
    link_rules::INTERFACE_MISSING,
    moments::{Moments, quiet_edges},
    quality::{Measure, Reading},
    quality_read,
    router_rules::{OWN_LIMIT, OWN_NETWORK, POLL_FAILED, ROUTER_UNREACHABLE},
    track::{LOOK_MS, Seen, Track},
};

const DAY_MS: i64 = 24 * 3_600_000;

/// What is stored of the past.
pub(crate) struct Past {
    pub(crate) facts: AlertFacts,
    pub(crate) zone: TimeZone,
    from_ms: i64,
    to_ms: i64,
    pub(crate) tracks: BTreeMap<LinkId, Track>,
    limits: HashMap<LinkId, store::LatestReading>,
    quiet_edges: Vec<i64>,
}

/// What would have been decided about a link's outages.
#[derive(Debug, Default)]
pub(crate) struct LinkPast {
    pub(crate) book: Book,
    /// When it was known to be unstable, in order, `[from, to)`; `None`: it still is.
    unstable: Vec<(i64, Option<i64>)>,
}

impl LinkPast {
    fn note_unstable(&mut self, facts: &AlertFacts, now_ms: i64) {
        let is_unstable = facts.pending.iter().any(|pending| {
            pending.alert.event == NotificationEvent::LinkUnstable && pending.alert.closed_at_ms.is_none()
        });
        match self.unstable.last_mut() {
            Some((_, to_ms @ None)) if !is_unstable => *to_ms = Some(now_ms),
            Some((_, None)) => {}
            _ if is_unstable => self.unstable.push((now_ms, None)),
            _ => {}
        }
    }

    fn was_unstable(&self, at_ms: i64) -> bool {
        let place = self.unstable.partition_point(|(from_ms, _)| *from_ms <= at_ms);
        let last = place.checked_sub(1).map(|place| self.unstable[place]);
        last.is_some_and(|(_, to_ms)| to_ms.is_none_or(|to_ms| at_ms < to_ms))
    }
}

impl Past {
    /// `None` once `may_go_on`, which hears how many links there are, says no.
    pub(crate) async fn read(
        store: &Store,
        company: &Company,
        rules: &[NotificationRule],
        from_ms: i64,
        to_ms: i64,
        mut may_go_on: impl FnMut(usize) -> bool,
    ) -> Result<Option<Self>, CloseError> {
        if !may_go_on(0) {
            return Ok(None);
        }
        let filter = LedgerFilter { company: Some(company.id), ..LedgerFilter::active(from_ms, to_ms) };
        let links: Vec<LinkId> =
            store.ledger_links(&filter).await?.into_iter().map(|link| link.link.id).collect();
        let mut facts = store.alert_facts(company.id, &links, to_ms).await?;
        facts.rules = rules.to_vec();
        facts.pending.clear();
        facts.recent.clear();
        let maintenance = maintenance(store, from_ms, to_ms).await?;
        let mut tracks = BTreeMap::new();
        let links = std::mem::take(&mut facts.links);
        let total = links.len();
        for (id, mut base) in links {
            if !may_go_on(total) {
                return Ok(None);
            }
            base.maintenance = maintenance.get(&id).cloned().unwrap_or_default();
            let outages = store.outages(id, from_ms, to_ms).await?;
            let spans = store.spans(id, from_ms, to_ms).await?;
            tracks.insert(id, Track { base, outages, spans });
        }
        let limits = store.latest_readings(company.id, to_ms).await?;
        let limits = limits.into_iter().map(|latest| (latest.link_id, latest)).collect();
        let zone = zone(company);
        let quiet_edges = quiet_edges(rules, &zone, from_ms, to_ms);
        Ok(Some(Self { facts, zone, from_ms, to_ms, tracks, limits, quiet_edges }))
    }

    fn rule(&self, event: NotificationEvent) -> NotificationRule {
        let found = self.facts.rules.iter().find(|rule| rule.event == event);
        found.cloned().unwrap_or_else(|| NotificationRule::default_of(event))
    }

    /// How long after something happened something else may have to be done about it.
    fn delays(&self, events: &[NotificationEvent]) -> Vec<i64> {
        let rules = events.iter().map(|event| self.rule(*event));
        let seconds =
            rules.flat_map(|rule| [rule.sustained_s, rule.clear_after_s, rule.cooldown_s, rule.window_s]);
        let seconds: BTreeSet<i64> = seconds.filter(|seconds| *seconds > 0).collect();
        seconds.into_iter().map(|seconds| seconds * 1_000).collect()
    }

    fn empty(&self) -> AlertFacts {
        AlertFacts {
            links: BTreeMap::new(),
            routers: Vec::new(),
            clock: store::ClockHealth::UNCHECKED,
            ..self.facts.clone()
        }
    }

    /// A link's outages; `None` once `may_go_on` says no.
    pub(crate) fn link(&self, id: LinkId, mut may_go_on: impl FnMut() -> bool) -> Option<LinkPast> {
        let mut past = LinkPast::default();
        let track = &self.tracks[&id];
        let missing = || track.spans.iter().filter(|span| span.cause.as_deref() == Some(INTERFACE_MISSING));
        if track.outages.is_empty() && missing().next().is_none() {
            return Some(past);
        }
        let delays = self.delays(&[
            NotificationEvent::LinkDown,
            NotificationEvent::LinkUnstable,
            NotificationEvent::PortMissing,
        ]);
        let edges = track.outages.iter().flat_map(|outage| {
            let seen_ms = outage.from_ms + LOOK_MS;
            [Some(seen_ms), outage.to_ms.map(|to_ms| to_ms.max(seen_ms))]
        });
        // After an outage of which nobody knew the end, it is up only when somebody has looked again.
        let ups =
            track.spans.iter().filter(|span| span.state == LinkState::Up).map(|span| Some(span.from_ms));
        let maintenance = track.base.maintenance.iter().flat_map(|&(from_ms, to_ms)| [Some(from_ms), to_ms]);
        let missing = missing().flat_map(|span| [Some(span.from_ms), Some(span.to_ms)]);
        let edges = edges.chain(ups).chain(maintenance).chain(missing).flatten();
        let mut moments = Moments::new(edges, &delays, &self.quiet_edges);
        let (mut facts, mut seen) = (self.empty(), Seen::default());
        while let Some(now_ms) = moments.next(self.from_ms, self.to_ms) {
            if !may_go_on() {
                return None;
            }
            // What is known of the outages goes from look to look: a link that flaps has thousands.
            if let Some(link) = facts.links.remove(&id) {
                seen.outages = link.outages;
            }
            seen.look(&track.outages, now_ms);
            let link = WatchedLink { outages: std::mem::take(&mut seen.outages), ..track.at(now_ms) };
            facts.links.insert(id, link);
            facts.recent.retain(|alert| alert.closed_at_ms >= now_ms - ALERTS_REMEMBERED_MS);
            let decisions = decide(&facts, &[], &self.zone, now_ms);
            if !decisions.is_empty() {
                past.book.carry_out(&mut facts, decisions, now_ms);
                past.note_unstable(&facts, now_ms);
                moments.after(now_ms);
            }
        }
        Some(past)
    }

    /// A link's latency or loss, over the days that have a bad reading in them; `None` once `may_go_on` says no. While the link
    /// was told to be unstable, that stands for both.
    pub(crate) async fn quality(
        &self,
        store: &Store,
        id: LinkId,
        (measure, event): (Measure, NotificationEvent),
        link: &LinkPast,
        mut may_go_on: impl FnMut() -> bool,
    ) -> Result<Option<Book>, CloseError> {
        let mut book = Book::default();
        let rule = self.rule(event);
        let Some(latest) = self.limits.get(&id).filter(|_| rule.enabled) else { return Ok(Some(book)) };
        let Some(limit) = quality_read::limit(measure, &rule, latest) else { return Ok(Some(book)) };
        let is_bad = |day: &store::Rollup| match measure {
            Measure::Latency => day.rtt_max_us.is_some_and(|us| us > limit.millionths() / 1_000),
            Measure::Loss => day.received < day.sent,
        };
        let days = store.figures(id, Resolution::Day, self.from_ms, self.to_ms).await?;
        let bad: BTreeSet<i64> = days.iter().filter(|day| is_bad(day)).map(|day| day.from_ms).collect();
        let windows = quality_read::windows(&rule);
        let mut facts = self.empty();
        let mut known: Vec<Reading> = Vec::new();
        // What a bad day leaves behind ends on the next.
        for day_ms in bad.iter().flat_map(|day_ms| [*day_ms, day_ms + DAY_MS]).collect::<BTreeSet<_>>() {
            if !may_go_on() {
                return Ok(None);
            }
            let fresh = store.samples(id, day_ms, (day_ms + DAY_MS).min(self.to_ms)).await?;
            known.retain(|reading| reading.at_ms >= day_ms - DAY_MS);
            let place = known.len();
            known.extend(fresh.iter().filter_map(quality_read::reading));
            for now_ms in known[place..].iter().map(|reading| reading.at_ms) {
                let standing = measure.standing(&known, limit, windows, now_ms);
                if facts.pending.is_empty() && !matches!(standing.0, Standing::Holds { .. }) {
                    continue;
                }
                let mut condition = quality_read::condition(latest, event, limit, standing);
                condition.stood_for = link.was_unstable(now_ms).then_some(gate::UNSTABLE);
                facts.links = BTreeMap::from([(id, self.tracks[&id].at(now_ms))]);
                let decisions = decide(&facts, &[condition], &self.zone, now_ms);
                book.carry_out(&mut facts, decisions, now_ms);
            }
        }
        Ok(Some(book))
    }

    /// Routers, and our own network, as far as the time lines of links tell of them; half of it once `may_go_on` says no.
    pub(crate) fn routers(&self, mut may_go_on: impl FnMut() -> bool) -> Book {
        let mut book = Book::default();
        let delays = self.delays(&[
            NotificationEvent::RouterUnreachable,
            NotificationEvent::PollFailed,
            NotificationEvent::CollectorStalled,
        ]);
        let blind = |span: &&Span| span.cause.as_deref().is_some_and(is_of_router);
        let spans = self.tracks.values().flat_map(|track| track.spans.iter().filter(blind));
        let edges: BTreeSet<i64> = spans.flat_map(|span| [span.from_ms, span.to_ms]).collect();
        let edges = edges.into_iter().flat_map(|at_ms| [at_ms, at_ms + LOOK_MS]);
        let mut moments = Moments::new(edges, &delays, &self.quiet_edges);
        let mut facts = self.empty();
        // Each moment looks at all links: of many there may be much to look at.
        while may_go_on()
            && let Some(now_ms) = moments.next(self.from_ms, self.to_ms)
        {
            facts.links = self.tracks.iter().map(|(id, track)| (*id, track.at(now_ms))).collect();
            facts.routers =
                self.facts.routers.iter().map(|router| router_at(router, &facts.links, now_ms)).collect();
            let decisions = decide(&facts, &[], &self.zone, now_ms);
            if !decisions.is_empty() {
                book.carry_out(&mut facts, decisions, now_ms);
                moments.after(now_ms);
            }
        }
        book
    }

    /// The alerts about budgets that passed the threshold within the time: they had not when it began.
    pub(crate) async fn budgets(&self, store: &Store, company: &Company) -> Result<Book, CloseError> {
        let mut book = Book::default();
        let rule = self.rule(NotificationEvent::ErrorBudget);
        let Some(threshold) = rule.threshold.filter(|_| rule.enabled) else { return Ok(book) };
        let mut month = Month::containing(self.from_ms, &self.zone)?;
        loop {
            let period = month.interval(&self.zone)?;
            if period.from_ms >= self.to_ms {
                return Ok(book);
            }
            let mut before = BTreeSet::new();
            if period.from_ms < self.from_ms {
                let spent =
                    budget::spent_so_far(store, company, month, period, threshold, self.from_ms).await?;
                before = spent.into_iter().map(|condition| condition.subject).collect();
            }
            let end_ms = self.to_ms.min(period.to_ms);
            let mut spent = budget::spent_so_far(store, company, month, period, threshold, end_ms).await?;
            spent.retain(|condition| !before.contains(&condition.subject));
            let mut facts = self.empty();
            facts.links = self.tracks.iter().map(|(id, track)| (*id, track.base.clone())).collect();
            for link in facts.links.values_mut() {
                (link.state, link.maintenance, link.outages) = (LinkState::Unknown, Vec::new(), Vec::new());
            }
            let decisions = decide(&facts, &spent, &self.zone, end_ms);
            book.carry_out(&mut facts, decisions, end_ms);
            month = Month::containing(period.to_ms, &self.zone)?;
        }
    }
}

/// Whether a link's cause is one of its router. Time that was not polled may as well be the collector's.
fn is_of_router(cause: &str) -> bool {
    cause != "not_polled"
        && ([ROUTER_UNREACHABLE, OWN_NETWORK, OWN_LIMIT].contains(&cause) || POLL_FAILED.contains(&cause))
}

/// Polls of a router fail while a link says that they do.
fn router_at(router: &WatchedRouter, links: &BTreeMap<LinkId, WatchedLink>, now_ms: i64) -> WatchedRouter {
    let of_router = links.values().filter(|link| link.router_id == router.id);
    let blind = of_router
        .filter(|link| link.state == LinkState::Unknown && link.cause.as_deref().is_some_and(is_of_router));
    let silent = blind.min_by_key(|link| link.since_ms);
    let since_ms = silent.map_or_else(
        || {
            let of_router = links.values().filter(|link| link.router_id == router.id);
            of_router.map(|link| link.since_ms).min().unwrap_or(now_ms)
        },
        |link| link.since_ms,
    );
    WatchedRouter {
        at_ms: now_ms,
        reachable: silent.is_none(),
        since_ms,
        cause: silent.and_then(|link| link.cause.clone()),
        cause_since_ms: since_ms,
        ..router.clone()
    }
}

/// Each link's maintenance within the time.
async fn maintenance(
    store: &Store,
    from_ms: i64,
    to_ms: i64,
) -> Result<HashMap<LinkId, Vec<(i64, Option<i64>)>>, CloseError> {
    let filter = ExclusionFilter { from_ms: Some(from_ms), to_ms: Some(to_ms), ..ExclusionFilter::default() };
    let mut maintenance: HashMap<LinkId, Vec<(i64, Option<i64>)>> = HashMap::new();
    for exclusion in store.exclusions(&filter).await? {
        use sla::ExclusionKind::{EmergencyMaintenance, PlannedMaintenance};
        if matches!(exclusion.kind, PlannedMaintenance | EmergencyMaintenance) {
            maintenance.entry(exclusion.link_id).or_default().push((exclusion.from_ms, exclusion.to_ms));
        }
    }
    Ok(maintenance)
}
