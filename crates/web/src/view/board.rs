use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use sla::LinkState;

use crate::view::card::{Counts, LinkCard};

/// Up to so many links of a client each have a card; more stand in a dense table.
pub(crate) const CARDS_MAX: usize = 24;
/// Rows of the dense table on one page.
const ROWS_MAX: usize = 100;
/// Rows on one page when they stand by site: sites where all is well are folded.
const GROUPED_ROWS_MAX: usize = 500;
/// Up to so many links the board has nothing to search.
const UNFILTERED_MAX: usize = 3;
/// What is searched for is cut to this.
const SEARCH_CHARS_MAX: usize = 80;

/// What the address asks the board for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    page: String,
}

/// In what order the links stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Down, unknown, over the error budget, then the rest by name.
    #[default]
    Worst,
    /// By title and circuit.
    Name,
    /// The busiest first, as a share of the committed bandwidth.
    Usage,
    /// The least available of the month first.
    Availability,
    /// The longest round trip first.
    Latency,
}

const SORTS: [(Sort, &str, &str); 5] = [
    (Sort::Worst, "worst", "Worst first"),
    (Sort::Name, "name", "Name"),
    (Sort::Usage, "usage", "Busiest first"),
    (Sort::Availability, "availability", "Least available first"),
    (Sort::Latency, "latency", "Highest latency first"),
];
const STATES: [(LinkState, &str); 3] =
    [(LinkState::Down, "Down"), (LinkState::Unknown, "Unknown"), (LinkState::Up, "Up")];
const BY_SITE: &str = "site";

/// Which links are shown, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// As it was written.
    pub(crate) search: String,
    /// Only links in this state.
    pub(crate) state: Option<LinkState>,
    pub(crate) sort: Sort,
    pub(crate) by_site: bool,
    /// From 1.
    page: usize,
}

/// A line of a list to choose from.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) words: &'static str,
    pub(crate) chosen: bool,
}

impl Selection {
    /// `None` for a state, an order or a grouping that there is not.
    pub(crate) fn of(asked: &Asked) -> Option<Self> {
        let state = match asked.state.as_str() {
            "" => None,
            text => Some(text.parse().ok()?),
        };
        let sort = match asked.sort.as_str() {
            "" => Sort::default(),
            text => SORTS.iter().find(|(_, value, _)| *value == text)?.0,
        };
        let by_site = match asked.group.as_str() {
            "" => false,
            BY_SITE => true,
            _ => return None,
        };
        let search = asked.q.trim().chars().take(SEARCH_CHARS_MAX).collect();
        Some(Self { search, state, sort, by_site, page: asked.page.parse().unwrap_or(1).max(1) })
    }

    /// Whether some links may be left out.
    pub(crate) fn narrows(&self) -> bool {
        !self.search.is_empty() || self.state.is_some()
    }

    pub(crate) fn states(&self) -> [Choice; 3] {
        STATES.map(|(state, words)| Choice {
            value: state.as_str(),
            words,
            chosen: self.state == Some(state),
        })
    }

    pub(crate) fn sorts(&self) -> [Choice; 5] {
        SORTS.map(|(sort, value, words)| Choice { value, words, chosen: self.sort == sort })
    }

    /// `?q=…&state=…` of the same selection on another page; empty for the plain board.
    fn query(&self, page: usize) -> String {
        let sort = SORTS.iter().find(|(sort, ..)| *sort == self.sort && self.sort != Sort::default());
        let pairs = [
            ("q", self.search.clone()),
            ("state", self.state.map(|state| state.as_str().to_owned()).unwrap_or_default()),
            ("sort", sort.map(|(_, value, _)| (*value).to_owned()).unwrap_or_default()),
            ("group", if self.by_site { BY_SITE.to_owned() } else { String::new() }),
            ("page", if page > 1 { page.to_string() } else { String::new() }),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if pairs.is_empty() {
            return String::new();
        }
        let mut query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
        query.extend_pairs(pairs).finish()
    }

    fn takes(&self, card: &LinkCard) -> bool {
        self.state.is_none_or(|state| card.now.state == state) && self.finds(card)
    }

    /// Every word that was written stands somewhere in what names the link.
    fn finds(&self, card: &LinkCard) -> bool {
        if self.search.is_empty() {
            return true;
        }
        let service = card.service_ref.as_deref().unwrap_or_default();
        let text =
            [&*card.title, &card.circuit, &card.kind, service, card.now.word()].join("\n").to_lowercase();
        self.search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The links that were asked for, as they stand on the page.
pub(crate) struct Arranged {
    /// One without a title, or one per site.
    pub(crate) groups: Vec<Group>,
    /// A table instead of cards.
    pub(crate) dense: bool,
    /// How many links were found, on all pages.
    pub(crate) found: usize,
    pub(crate) page: usize,
    pub(crate) pages: usize,
    /// What the address of this page ends with; empty or from the question mark on.
    pub(crate) query: String,
    /// The same of the pages before and after it.
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// There is something to search or sort.
    pub(crate) filterable: bool,
}

/// Links that stand together.
pub(crate) struct Group {
    /// The site; empty where nothing is grouped.
    pub(crate) title: String,
    /// The same for the same title, so that a refresh finds the group again.
    pub(crate) id: String,
    pub(crate) counts: Counts,
    /// Not folded: something is wrong there, or there is little to fold.
    pub(crate) open: bool,
    pub(crate) cards: Vec<LinkCard>,
}

impl Arranged {
    /// `cards` are all of the client's.
    pub(crate) fn new(cards: Vec<LinkCard>, selection: &Selection) -> Self {
        let all = cards.len();
        let dense = all > CARDS_MAX;
        let mut cards: Vec<LinkCard> = cards.into_iter().filter(|card| selection.takes(card)).collect();
        order(&mut cards, selection.sort);
        let found = cards.len();
        let mut groups =
            if selection.by_site { by_site(cards, selection.sort) } else { vec![Group::all(cards)] };
        let rows_max = match (dense, selection.by_site) {
            (false, _) => CARDS_MAX,
            (true, false) => ROWS_MAX,
            (true, true) => GROUPED_ROWS_MAX,
        };
        let pages = found.div_ceil(rows_max).max(1);
        let page = selection.page.min(pages);
        cut(&mut groups, (page - 1) * rows_max, rows_max);
        let folds = dense && selection.by_site && selection.search.is_empty();
        for group in &mut groups {
            group.open = !folds || group.counts.down + group.counts.unknown > 0;
        }
        let narrowed = selection.narrows() || selection.by_site || selection.sort != Sort::default();
        Self {
            groups,
            dense,
            found,
            page,
            pages,
            query: selection.query(page),
            before: (page > 1).then(|| selection.query(page - 1)),
            after: (page < pages).then(|| selection.query(page + 1)),
            filterable: all > UNFILTERED_MAX || narrowed,
        }
    }
}

impl Group {
    fn all(cards: Vec<LinkCard>) -> Self {
        Self::new(String::new(), cards)
    }

    fn new(title: String, cards: Vec<LinkCard>) -> Self {
        let mut hasher = DefaultHasher::new();
        title.hash(&mut hasher);
        let id = format!("group-{:x}", hasher.finish());
        Self { title, id, counts: Counts::of(&cards), open: true, cards }
    }

    /// `12 links, 1 down, 2 unknown`
    pub(crate) fn words(&self) -> String {
        let Counts { links, down, unknown, .. } = self.counts;
        let mut words = if links == 1 { "1 link".to_owned() } else { format!("{links} links") };
        for (count, word) in [(down, "down"), (unknown, "unknown")] {
            if count > 0 {
                words += &format!(", {count} {word}");
            }
        }
        if down + unknown == 0 { words + ", up" } else { words }
    }

    /// The worst state in it, as a style class.
    pub(crate) fn class(&self) -> &'static str {
        match self.counts {
            Counts { down: 1.., .. } => "down",
            Counts { unknown: 1.., .. } => "unknown",
            _ => "up",
        }
    }
}

fn order(cards: &mut [LinkCard], sort: Sort) {
    cards.sort_by(|a, b| a.title.cmp(&b.title).then_with(|| a.circuit.cmp(&b.circuit)));
    // Sorting keeps the order of what is equal: within each, by name.
    match sort {
        Sort::Worst => cards.sort_by_key(|card| (card.now.badness(), !card.overspent())),
        Sort::Name => {}
        Sort::Usage => cards.sort_by_key(|card| Reverse(card.usage_permille)),
        Sort::Availability => cards.sort_by_key(|card| Reverse(card.unavailable_ppm())),
        Sort::Latency => cards.sort_by_key(|card| Reverse(card.rtt_us)),
    }
}

/// Sites with trouble first if that is the order; links without a site stand under a title of their own.
fn by_site(cards: Vec<LinkCard>, sort: Sort) -> Vec<Group> {
    let mut sites: BTreeMap<String, Vec<LinkCard>> = BTreeMap::new();
    for card in cards {
        sites.entry(card.site.clone().unwrap_or_default()).or_default().push(card);
    }
    let nowhere = sites.remove("");
    let mut groups: Vec<Group> = sites.into_iter().map(|(site, cards)| Group::new(site, cards)).collect();
    groups.extend(nowhere.map(|cards| Group::new("No site given".to_owned(), cards)));
    if sort == Sort::Worst {
        groups.sort_by_key(|group| (group.counts.down == 0, group.counts.unknown == 0));
    }
    groups
}

/// Leaves `take` cards after the first `skip`; what a group says of itself stays said of the whole group.
fn cut(groups: &mut Vec<Group>, mut skip: usize, mut take: usize) {
    for group in groups.iter_mut() {
        let begun = group.cards.len();
        group.cards.drain(..skip.min(begun));
        skip -= skip.min(begun);
        group.cards.truncate(take);
        take -= group.cards.len();
    }
    groups.retain(|group| !group.cards.is_empty());
}
