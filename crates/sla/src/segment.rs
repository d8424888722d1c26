//! The contracted time cut wherever anything changes: all totals are sums over these.

use crate::timeline::TimeLine;
use crate::{Interval, LinkState};

/// A piece of contracted time within which nothing changes. Segments touch each other and cover all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) at: Interval,
    pub(crate) state: LinkState,
    pub(crate) excluded: bool,
    pub(crate) outage: Option<usize>,
}

/// Cuts `contracted`; `left_out` is in order and without overlaps, as the time line is.
pub(crate) fn segments(contracted: Interval, line: &TimeLine<'_>, left_out: &[Interval]) -> Vec<Segment> {
    let mut all = Vec::new();
    let mut pieces = line.pieces.iter().skip_while(|piece| piece.at.to_ms <= contracted.from_ms).peekable();
    let mut left_out = left_out.iter().skip_while(|one| one.to_ms <= contracted.from_ms).peekable();
    let mut at_ms = contracted.from_ms;
    while at_ms < contracted.to_ms {
        while pieces.next_if(|piece| piece.at.to_ms <= at_ms).is_some() {}
        while left_out.next_if(|one| one.to_ms <= at_ms).is_some() {}
        let (inside, piece_change_ms) = change(pieces.peek().map(|piece| piece.at), at_ms);
        let (excluded, exclusion_change_ms) = change(left_out.peek().copied().copied(), at_ms);
        let piece = pieces.peek().filter(|_| inside);
        let to_ms = contracted.to_ms.min(piece_change_ms).min(exclusion_change_ms);
        all.push(Segment {
            at: Interval::new(at_ms, to_ms),
            state: piece.map_or(LinkState::Unknown, |piece| piece.state),
            excluded,
            outage: piece.and_then(|piece| piece.outage),
        });
        at_ms = to_ms;
    }
    all
}

/// Whether a moment lies in `next`, which ends after it, and when that changes.
fn change(next: Option<Interval>, at_ms: i64) -> (bool, i64) {
    match next {
        None => (false, i64::MAX),
        Some(next) if next.from_ms <= at_ms => (true, next.to_ms),
        Some(next) => (false, next.from_ms),
    }
}

/// The segments that reach into `stretch`, cut to it.
pub(crate) fn within(segments: &[Segment], stretch: Interval) -> impl Iterator<Item = Segment> {
    let first = segments.partition_point(|segment| segment.at.to_ms <= stretch.from_ms);
    let inside = segments[first..].iter().take_while(move |segment| segment.at.from_ms < stretch.to_ms);
    inside.map(move |segment| Segment { at: segment.at.intersect(stretch), ..*segment })
}

/// Contracted time by what it was; the four add up to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Buckets {
    pub(crate) excluded_ms: i64,
    pub(crate) unknown_ms: i64,
    pub(crate) down_ms: i64,
    pub(crate) up_ms: i64,
}

impl Buckets {
    pub(crate) fn add(&mut self, segment: &Segment) {
        let bucket = match (segment.excluded, segment.state) {
            (true, _) => &mut self.excluded_ms,
            (false, LinkState::Unknown) => &mut self.unknown_ms,
            (false, LinkState::Down) => &mut self.down_ms,
            (false, LinkState::Up) => &mut self.up_ms,
        };
        *bucket += segment.at.len_ms();
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.excluded_ms += other.excluded_ms;
        self.unknown_ms += other.unknown_ms;
        self.down_ms += other.down_ms;
        self.up_ms += other.up_ms;
    }

    pub(crate) fn contracted_ms(self) -> i64 {
        self.excluded_ms + self.base_ms()
    }

    /// What is contracted and not excluded.
    pub(crate) fn base_ms(self) -> i64 {
        self.unknown_ms + self.eligible_ms()
    }

    pub(crate) fn eligible_ms(self) -> i64 {
        self.down_ms + self.up_ms
    }
}
