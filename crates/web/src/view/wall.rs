//! The wall of a network operations centre: routers with their links, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use report::{duration_words, poll_failure_words};
use sla::LinkState;
use store::{LinkId, RouterId, StaffLink, StaffRouter};

use crate::pages::staff::links::now;
use crate::pages::staff::routers::{is_unreachable, not_asked};
use crate::zone::Zone;

/// So many links that are down have a line of their own per router …
const DOWN_LINES_MAX: usize = 8;
/// … and so many that are unknown, unless it is the router that does not answer. All others are tiles.
const UNKNOWN_LINES_MAX: usize = 3;

/// All links under contract.
#[derive(Debug)]
pub(crate) struct Wall {
    pub(crate) counts: Counts,
    pub(crate) routers: Vec<WallRouter>,
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) links: usize,
    pub(crate) up: usize,
    pub(crate) down: usize,
    pub(crate) unknown: usize,
    pub(crate) routers: usize,
    /// Routers that do not answer.
    pub(crate) silent: usize,
}

/// A router with its links.
#[derive(Debug)]
pub(crate) struct WallRouter {
    pub(crate) id: RouterId,
    pub(crate) name: String,
    /// Since when it does not answer or is not asked; `None`: it answers.
    pub(crate) silent: Option<Silent>,
    pub(crate) counts: Counts,
    /// Sites with trouble and their links, the worst first.
    pub(crate) sites: Vec<WallSite>,
    /// All other links, by site.
    pub(crate) tiles: Vec<WallLink>,
}

/// A router of which nothing is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silent {
    pub(crate) words: String,
    /// Whether it was asked and did not answer; else nobody asks, or its answer is an error.
    pub(crate) is_down: bool,
}

impl Silent {
    /// `None`: it answers.
    fn of(router: &StaffRouter, now_ms: i64, stale_after_ms: i64, zone: &Zone) -> Option<Self> {
        if let Some(words) = not_asked(router, now_ms, stale_after_ms, zone) {
            return Some(Self { words, is_down: false });
        }
        let since_ms = router.since_ms.unwrap_or(now_ms);
        let what = poll_failure_words(router.cause.as_deref()).to_lowercase();
        let words = format!("{what} for {}", duration_words((now_ms - since_ms).max(0)));
        (router.reachable == Some(false)).then_some(Self { words, is_down: is_unreachable(router) })
    }

    /// The name of its icon.
    pub(crate) fn class(&self) -> &'static str {
        if self.is_down { "down" } else { "unknown" }
    }
}

/// A site with trouble.
#[derive(Debug)]
pub(crate) struct WallSite {
    pub(crate) name: String,
    pub(crate) links: Vec<WallLink>,
}

/// A link on the wall.
#[derive(Clone, Debug)]
pub(crate) struct WallLink {
    pub(crate) id: LinkId,
    pub(crate) circuit: String,
    pub(crate) client: String,
    pub(crate) site: String,
    pub(crate) state: LinkState,
    pub(crate) word: &'static str,
    pub(crate) cause: String,
    pub(crate) lasted: String,
    /// The first tile of another site than the one before: it stands apart from that.
    pub(crate) begins_site: bool,
}

impl WallLink {
    /// `up`, `down` or `unknown`
    pub(crate) fn class(&self) -> &'static str {
        self.state.as_str()
    }

    /// What a tile says when it is pointed at.
    pub(crate) fn title(&self) -> String {
        let site = if self.site.is_empty() { String::new() } else { format!(", {}", self.site) };
        format!("{}: {} {}\n{}{site}", self.circuit, self.word.to_lowercase(), self.lasted, self.client)
    }
}

impl Counts {
    fn add(&mut self, state: LinkState) {
        self.links += 1;
        match state {
            LinkState::Up => self.up += 1,
            LinkState::Down => self.down += 1,
            LinkState::Unknown => self.unknown += 1,
        }
    }

    /// What the head of the wall says.
    pub(crate) fn headline(&self) -> String {
        let links = |n: usize| if n == 1 { "1 link".to_owned() } else { format!("{n} links") };
        match self {
            Self { links: 0, .. } => "No link under contract".to_owned(),
            Self { down: 0, unknown: 0, links: all, .. } => format!("{}, all up", links(*all)),
            Self { down: 0, unknown, .. } => format!("{} unknown", links(*unknown)),
            Self { down, unknown: 0, .. } => format!("{} down", links(*down)),
            Self { down, unknown, .. } => format!("{} down, {unknown} unknown", links(*down)),
        }
    }

    /// `50 links, 2 down, 1 unknown`
    pub(crate) fn words(&self) -> String {
        if self.links == 0 {
            return "no link under contract".to_owned();
        }
        let mut words = if self.links == 1 { "1 link".to_owned() } else { format!("{} links", self.links) };
        for (count, word) in [(self.down, "down"), (self.unknown, "unknown")] {
            if count > 0 {
                words += &format!(", {count} {word}");
            }
        }
        if self.down + self.unknown == 0 { words + ", up" } else { words }
    }
}

impl WallRouter {
    /// How bad it is, the worst first.
    fn badness(&self) -> (u8, Reverse<usize>) {
        let kind = match (&self.silent, self.counts) {
            (Some(Silent { is_down: true, .. }), _) => 0,
            (_, Counts { down: 1.., .. }) => 1,
            (Some(_), _) | (_, Counts { unknown: 1.., .. }) => 2,
            _ => 3,
        };
        (kind, Reverse(self.counts.down * 1_000 + self.counts.unknown))
    }

    /// Style class of its panel.
    pub(crate) fn class(&self) -> &'static str {
        match self.badness().0 {
            0 | 1 => "down",
            2 => "unknown",
            _ => "up",
        }
    }
}

impl Wall {
    pub(crate) fn new(
        links: &[StaffLink],
        routers: &[StaffRouter],
        now_ms: i64,
        stale_after_ms: i64,
        zone: &Zone,
    ) -> Self {
        let mut by_router: BTreeMap<RouterId, (String, Vec<WallLink>)> = BTreeMap::new();
        for link in links {
            let (_, list) =
                by_router.entry(link.router_id).or_insert_with(|| (link.router.clone(), Vec::new()));
            list.push(wall_link(link, now_ms, stale_after_ms, zone));
        }
        let mut silent: BTreeMap<RouterId, Silent> = BTreeMap::new();
        for router in routers {
            let Some(words) = Silent::of(router, now_ms, stale_after_ms, zone) else { continue };
            // One that does not answer has its panel also without a link: it is counted, so it is shown.
            if words.is_down {
                by_router.entry(router.id).or_insert_with(|| (router.name.clone(), Vec::new()));
            }
            silent.insert(router.id, words);
        }
        let mut counts = Counts {
            routers: routers.len(),
            silent: silent.values().filter(|silent| silent.is_down).count(),
            ..Counts::default()
        };
        let mut walls: Vec<WallRouter> = by_router
            .into_iter()
            .map(|(id, (name, links))| wall_router(id, name, silent.remove(&id), links))
            .collect();
        walls.sort_by(|a, b| a.badness().cmp(&b.badness()).then_with(|| a.name.cmp(&b.name)));
        for router in &walls {
            counts.links += router.counts.links;
            counts.up += router.counts.up;
            counts.down += router.counts.down;
            counts.unknown += router.counts.unknown;
        }
        Self { counts, routers: walls }
    }
}

fn wall_link(link: &StaffLink, now_ms: i64, stale_after_ms: i64, zone: &Zone) -> WallLink {
    let now = now(link, now_ms, stale_after_ms, zone);
    WallLink {
        id: link.id,
        circuit: link.circuit.clone(),
        client: link.client.clone(),
        site: link.site.clone().unwrap_or_default(),
        state: now.state,
        word: now.word(),
        cause: now.cause,
        lasted: now.lasted,
        begins_site: false,
    }
}

fn badness(link: &WallLink) -> u8 {
    match link.state {
        LinkState::Down => 0,
        LinkState::Unknown => 1,
        LinkState::Up => 2,
    }
}

fn wall_router(id: RouterId, name: String, silent: Option<Silent>, mut links: Vec<WallLink>) -> WallRouter {
    let mut counts = Counts::default();
    links.iter().for_each(|link| counts.add(link.state));
    // Sorting keeps the order of what is equal: by site and circuit.
    links.sort_by_key(badness);
    let unknown_max = if silent.is_some() { 0 } else { UNKNOWN_LINES_MAX };
    let (mut lines, mut tiles) = (Vec::new(), Vec::new());
    let mut room = [DOWN_LINES_MAX, unknown_max, 0];
    for link in links {
        let room = &mut room[usize::from(badness(&link))];
        if *room > 0 {
            *room -= 1;
            lines.push(link);
        } else {
            tiles.push(link);
        }
    }
    for place in 1..tiles.len() {
        tiles[place].begins_site = tiles[place].site != tiles[place - 1].site;
    }
    let mut sites: Vec<WallSite> = Vec::new();
    for link in lines {
        match sites.iter_mut().find(|site| site.name == link.site) {
            Some(site) => site.links.push(link),
            None => sites.push(WallSite { name: link.site.clone(), links: vec![link] }),
        }
    }
    WallRouter { id, name, silent, counts, sites, tiles }
}

#[cfg(test)]
mod tests {
    use store::{ClientId, CompanyId};

    use super::*;

    const NOW_MS: i64 = 1_795_437_000_000;

    fn link(id: i64, router: i64, site: &str, state: LinkState) -> StaffLink {
        StaffLink {
            id: LinkId(id),
            circuit: format!("C-{id}"),
            interface: "ether1".to_owned(),
            site: Some(site.to_owned()),
            kind: "ILL".to_owned(),
            committed_bps: 1,
            terminated_at_ms: None,
            client_id: ClientId(1),
            client: "Acme".to_owned(),
            router_id: RouterId(router),
            router: format!("edge-{router}"),
            state: Some(state),
            at_ms: Some(NOW_MS - 1_000),
            since_ms: Some(NOW_MS - 60_000),
            cause: None,
        }
    }

    fn router(id: i64, reachable: bool) -> StaffRouter {
        StaffRouter {
            id: RouterId(id),
            company_id: CompanyId(1),
            company: "Net".to_owned(),
            name: format!("edge-{id}"),
            address: String::new(),
            port: 8728,
            tls_mode: "off".to_owned(),
            active: true,
            reachable: Some(reachable),
            cause: None,
            at_ms: Some(NOW_MS),
            since_ms: Some(NOW_MS - 120_000),
            last_error: None,
            version: None,
            links: 1,
        }
    }

    fn wall(links: &[StaffLink], routers: &[StaffRouter]) -> Wall {
        Wall::new(links, routers, NOW_MS, 60_000, &Zone::named("UTC"))
    }

    #[test]
    fn the_worst_stands_first_and_every_link_stands_once() {
        use LinkState::{Down, Unknown, Up};
        let links = [
            link(1, 1, "Pune", Up),
            link(2, 2, "Thane", Unknown),
            link(3, 3, "Akola", Up),
            link(4, 3, "Akola", Down),
            link(5, 3, "Latur", Down),
            link(6, 4, "Nagpur", Unknown),
        ];
        let routers = [router(1, true), router(2, true), router(3, true), router(4, false), router(5, true)];
        let shown = wall(&links, &routers);
        let names: Vec<_> =
            shown.routers.iter().map(|router| (router.name.as_str(), router.class())).collect();
        assert_eq!(names, [("edge-4", "down"), ("edge-3", "down"), ("edge-2", "unknown"), ("edge-1", "up")]);
        let third = &shown.routers[1];
        let sites: Vec<_> = third.sites.iter().map(|site| (site.name.as_str(), site.links.len())).collect();
        assert_eq!(sites, [("Akola", 1), ("Latur", 1)]);
        assert_eq!(third.tiles.iter().map(|link| link.id.0).collect::<Vec<_>>(), [3]);
        let first = wall(&[link(1, 1, "A", Up), link(2, 1, "A", Up), link(3, 1, "B", Up)], &[]);
        let apart: Vec<_> = first.routers[0].tiles.iter().map(|link| link.begins_site).collect();
        assert_eq!(apart, [false, false, true]);
        assert_eq!(shown.routers[0].silent.as_ref().unwrap().words, "does not answer for 2 m");
        let counts = Counts { links: 6, up: 2, down: 2, unknown: 2, routers: 5, silent: 1 };
        assert_eq!(shown.counts, counts);
        assert_eq!(shown.counts.headline(), "2 links down, 2 unknown");
    }

    #[test]
    fn a_dead_network_is_not_a_thousand_lines() {
        let links: Vec<_> =
            (0..2_000).map(|n| link(n, n % 2, &format!("S{n}"), LinkState::Unknown)).collect();
        let shown = wall(&links, &[]);
        for router in &shown.routers {
            let lines: usize = router.sites.iter().map(|site| site.links.len()).sum();
            assert_eq!((lines, router.tiles.len()), (UNKNOWN_LINES_MAX, 1_000 - UNKNOWN_LINES_MAX));
        }
        let dead = Wall::new(&links, &[router(0, false)], NOW_MS, 60_000, &Zone::named("UTC"));
        assert_eq!((dead.routers[0].sites.len(), dead.routers[0].tiles.len()), (0, 1_000), "said once");
        let down: Vec<_> = (0..30).map(|n| link(n, 1, "", LinkState::Down)).collect();
        let down = Wall::new(&down, &[], NOW_MS, 60_000, &Zone::named("UTC"));
        assert_eq!(down.routers[0].tiles.len(), 30 - DOWN_LINES_MAX);
    }

    #[test]
    fn a_link_that_nobody_looks_at_is_not_up() {
        let stale = StaffLink { at_ms: Some(NOW_MS - 61_000), ..link(1, 1, "", LinkState::Up) };
        let never = StaffLink { at_ms: None, state: None, since_ms: None, ..link(2, 1, "", LinkState::Up) };
        let wall = wall(&[stale, never], &[]);
        assert_eq!((wall.counts.up, wall.counts.unknown), (0, 2));
        assert_eq!(wall.counts.headline(), "2 links unknown");
    }

    #[test]
    fn a_router_that_does_not_answer_is_shown_also_without_a_link() {
        let shown = wall(&[link(1, 1, "", LinkState::Up)], &[router(1, true), router(2, false)]);
        let names: Vec<_> = shown.routers.iter().map(|router| router.name.as_str()).collect();
        assert_eq!((names, shown.counts.silent), (vec!["edge-2", "edge-1"], 1));
        assert_eq!(shown.routers[0].counts.words(), "no link under contract");
    }

    #[test]
    fn a_router_that_nobody_asks_neither_answers_nor_fails_to() {
        let asked = StaffRouter { at_ms: Some(NOW_MS - 61_000), ..router(1, false) };
        let shown = wall(&[link(1, 1, "", LinkState::Unknown)], std::slice::from_ref(&asked));
        let silent = shown.routers[0].silent.as_ref().unwrap();
        assert_eq!((silent.words.as_str(), silent.class()), ("not asked since 2026-11-23 12:28", "unknown"));
        assert_eq!((shown.counts.silent, shown.routers[0].class()), (0, "unknown"));
        assert_eq!(wall(&[], &[asked]).routers.len(), 0, "a panel that says nothing");
    }
}
