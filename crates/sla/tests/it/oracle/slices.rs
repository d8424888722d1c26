//! Every moment looked up in every row.

use jiff::{civil::date, tz::TimeZone};
use sla::{Inputs, LinkState, StateSpan, Terms};

/// A piece of contracted time in which nothing changes.
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) state: LinkState,
    pub(super) excluded: bool,
    pub(super) outage: Option<usize>,
}

impl Slice {
    pub(super) fn len(&self) -> i64 {
        self.to - self.from
    }
}

/// Down spans of one cause, put together until no two of them touch.
pub(super) struct Group<'a> {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) cause: Option<&'a str>,
}

pub(super) fn groups(spans: &[StateSpan]) -> Vec<Group<'_>> {
    let down = spans.iter().filter(|span| span.state == LinkState::Down);
    let mut all: Vec<Group> =
        down.map(|span| Group { from: span.from_ms, to: span.to_ms, cause: span.cause.as_deref() }).collect();
    let touching = |all: &[Group]| {
        for a in 0..all.len() {
            for b in a + 1..all.len() {
                if all[a].cause == all[b].cause && all[a].from <= all[b].to && all[b].from <= all[a].to {
                    return Some((a, b));
                }
            }
        }
        None
    };
    while let Some((a, b)) = touching(&all) {
        let other = all.remove(b);
        all[a].from = all[a].from.min(other.from);
        all[a].to = all[a].to.max(other.to);
    }
    all
}

pub(super) struct Month<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) groups: Vec<Group<'a>>,
    pub(super) month_to: i64,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl<'a> Month<'a> {
    pub(super) fn new(inputs: &'a Inputs) -> Self {
        let zone = TimeZone::get(&inputs.timezone).expect("a known zone");
        let (year, month) = inputs
            .month
            .to_string()
            .split_once('-')
            .map(|(y, m)| (y.parse::<i16>().expect("a year"), m.parse::<i8>().expect("a month")))
            .expect("YYYY-MM");
        let first = |year, month| {
            date(year, month, 1)
                .at(0, 0, 0, 0)
                .to_zoned(zone.clone())
                .expect("a day")
                .timestamp()
                .as_millisecond()
        };
        let (from, to) =
            (first(year, month), if month == 12 { first(year + 1, 1) } else { first(year, month + 1) });
        Self {
            inputs,
            groups: groups(&inputs.spans),
            month_to: to,
            from,
            to: inputs.as_of_ms.unwrap_or(to).min(to),
        }
    }

    pub(super) fn contracted(&self, at: i64) -> bool {
        let active = self.inputs.active;
        (self.from..self.to).contains(&at) && active.from_ms <= at && active.to_ms.is_none_or(|to| at < to)
    }

    pub(super) fn terms(&self, at: i64) -> Option<Terms> {
        let valid = self.inputs.terms.iter().filter(|terms| terms.valid_from_ms <= at);
        valid.max_by_key(|terms| terms.valid_from_ms).copied()
    }

    pub(super) fn excluded(&self, at: i64) -> bool {
        self.inputs.exclusions.iter().any(|one| one.from_ms <= at && at < one.to_ms)
    }

    pub(super) fn state(&self, at: i64) -> LinkState {
        let span = self.inputs.spans.iter().find(|span| span.from_ms <= at && at < span.to_ms);
        span.map_or(LinkState::Unknown, |span| span.state)
    }

    /// Of the groups that cover a moment, the one that began first.
    pub(super) fn outage(&self, at: i64) -> Option<usize> {
        let covering = (0..self.groups.len()).filter(|&index| {
            let group = &self.groups[index];
            group.from <= at && at < group.to
        });
        covering.min_by_key(|&index| (self.groups[index].from, self.groups[index].cause))
    }

    /// All time that anybody speaks of, cut wherever anybody speaks of it.
    pub(super) fn slices(&self) -> Vec<Slice> {
        let inputs = self.inputs;
        let mut cuts = vec![self.from, self.to, inputs.active.from_ms];
        cuts.extend(inputs.active.to_ms);
        cuts.extend(inputs.spans.iter().flat_map(|span| [span.from_ms, span.to_ms]));
        cuts.extend(inputs.exclusions.iter().flat_map(|one| [one.from_ms, one.to_ms]));
        cuts.extend(inputs.terms.iter().map(|terms| terms.valid_from_ms));
        cuts.sort_unstable();
        cuts.dedup();
        let slice = |pair: &[i64]| Slice {
            from: pair[0],
            to: pair[1],
            state: self.state(pair[0]),
            excluded: self.excluded(pair[0]),
            outage: self.outage(pair[0]),
        };
        cuts.windows(2).map(slice).collect()
    }
}
