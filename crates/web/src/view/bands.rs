use report::cause_words;
use serde::Serialize;
use sla::{Interval, LinkState};
use store::LinkExclusion;

use crate::view::cover::{Part, Standing};
use crate::view::state::word;

/// A stretch of a chart's time that is drawn behind its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Band {
    from_ms: i64,
    to_ms: i64,
    /// `down`, `unknown`, `outside` of the contract or `excluded` from it.
    kind: &'static str,
    word: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// Whatever was not up, in order.
pub(crate) fn bands(parts: &[Part<'_>]) -> Vec<Band> {
    parts
        .iter()
        .filter_map(|part| {
            let (kind, word) = match part.standing {
                Standing::Was(LinkState::Up) => return None,
                Standing::Was(state) => (state.as_str(), word(state)),
                Standing::Outside => ("outside", "Not under contract or not measured yet"),
            };
            let cause = part.cause.map(|cause| cause_words(cause).to_owned());
            Some(Band { from_ms: part.from_ms, to_ms: part.to_ms, kind, word, cause })
        })
        .collect()
}

/// The exclusions that touch `window`, cut to it; an open one has no end yet. They lie over the other bands, for a link
/// may be down and excused. What the staff wrote beside them stays with the staff.
pub(crate) fn exclusion_bands<'a>(
    window: Interval,
    exclusions: impl Iterator<Item = &'a LinkExclusion>,
) -> Vec<Band> {
    let parts = exclusions
        .map(|one| {
            (window.intersect(Interval::new(one.from_ms, one.to_ms.unwrap_or(i64::MAX))), one.kind.words())
        })
        .filter(|(part, _)| !part.is_empty());
    let band = |(part, word): (Interval, _)| Band {
        from_ms: part.from_ms,
        to_ms: part.to_ms,
        kind: "excluded",
        word,
        cause: None,
    };
    parts.map(band).collect()
}

#[cfg(test)]
mod tests {
    use sla::ExclusionKind;
    use store::{ExclusionId, LinkId};

    use super::*;

    #[test]
    fn up_time_has_no_band_and_the_rest_says_what_it_was() {
        let part = |from_ms, to_ms, standing, cause| Part { from_ms, to_ms, standing, cause };
        let found = bands(&[
            part(0, 10, Standing::Outside, None),
            part(10, 20, Standing::Was(LinkState::Unknown), None),
            part(20, 30, Standing::Was(LinkState::Up), None),
            part(30, 40, Standing::Was(LinkState::Down), Some("link_down")),
        ]);
        let told: Vec<_> = found.iter().map(|b| (b.from_ms, b.kind, b.word, b.cause.as_deref())).collect();
        assert_eq!(
            told,
            [
                (0, "outside", "Not under contract or not measured yet", None),
                (10, "unknown", "Unknown", None),
                (30, "down", "Down", Some("Line down at our port")),
            ]
        );
    }

    #[test]
    fn an_exclusion_is_cut_to_the_chart() {
        let exclusion = |from_ms, to_ms| LinkExclusion {
            id: ExclusionId(1),
            link_id: LinkId(1),
            from_ms,
            to_ms,
            kind: ExclusionKind::PlannedMaintenance,
            reason: "for the staff".to_owned(),
            entered_by: "omar".to_owned(),
            entered_at_ms: 0,
            removed_by: None,
            removed_at_ms: None,
        };
        let all = [exclusion(0, Some(120)), exclusion(0, Some(100)), exclusion(150, None)];
        let found = exclusion_bands(Interval::new(100, 200), all.iter());
        let told: Vec<_> = found.iter().map(|b| (b.from_ms, b.to_ms, b.kind, b.word)).collect();
        assert_eq!(
            told,
            [(100, 120, "excluded", "Planned maintenance"), (150, 200, "excluded", "Planned maintenance")]
        );
        let json = serde_json::to_string(&found).unwrap();
        assert!(!json.contains("omar") && !json.contains("for the staff"), "{json}");
    }
}
