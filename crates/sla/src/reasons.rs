//! Why an objective was missed, or cannot be decided, in plain words.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::evaluate::Judged;
use crate::objective::{COVERAGE_MIN_PCT, UptimeAccount, is_covered};
use crate::segment::Buckets;
use crate::{Decimal, Interval, Verdict, duration_words, percent_truncated};

/// Decimal places of a figure, unless its objective has more or the difference needs more.
const PLACES: u32 = 2;
/// Most decimal places of a figure.
const PLACES_MAX: u32 = 12;
/// How many objectives one sentence names.
const OBJECTIVES_NAMED_MAX: usize = 3;

/// One sentence for each objective that was missed or is undecided: uptime for the month, the others by stretch.
pub(crate) fn reasons(zone: &TimeZone, month: Option<&UptimeAccount>, judged: &[Judged]) -> Vec<String> {
    let place = |part: &Judged| match judged.len() {
        1 => String::new(),
        _ => format!(" {}", stretch_words(zone, part.at)),
    };
    let uptime = month.and_then(|month| uptime_reason(zone, month, judged));
    let latency = judged.iter().filter_map(|part| latency_reason(part, &place(part)));
    let loss = judged.iter().filter_map(|part| loss_reason(part, &place(part)));
    uptime.into_iter().chain(latency).chain(loss).collect()
}

fn uptime_reason(zone: &TimeZone, month: &UptimeAccount, judged: &[Judged]) -> Option<String> {
    let verdict = month.verdict();
    let (objectives, places) = uptime_objectives(zone, judged);
    let Buckets { down_ms, up_ms, unknown_ms, .. } = month.buckets;
    let percent = |part_ms, whole_ms| percent_truncated(part_ms, whole_ms, places);
    match verdict {
        Verdict::None | Verdict::Met => None,
        Verdict::Breached => {
            let uptime = percent(up_ms, month.buckets.eligible_ms())?;
            let excess = match month.allowed_ms() {
                0 => format!("{} down, none is allowed", length_words(down_ms)),
                allowed_ms => format!(
                    "{} over the {} allowed",
                    length_words(down_ms - allowed_ms),
                    length_words(allowed_ms)
                ),
            };
            Some(format!("Uptime {uptime} % against {objectives}: {excess}"))
        }
        Verdict::Undetermined => {
            let base_ms = month.buckets.base_ms();
            let (lower, upper) = (percent(up_ms, base_ms)?, percent(up_ms + unknown_ms, base_ms)?);
            let unknown = length_words(unknown_ms);
            Some(format!(
                "Uptime between {lower} % and {upper} % against {objectives}: {unknown} are unknown"
            ))
        }
    }
}

/// What was promised, and with how many decimal places. An availability below its objective, truncated to at least as
/// many places, is never printed equal to it.
fn uptime_objectives(zone: &TimeZone, judged: &[Judged]) -> (String, u32) {
    let promised = judged.iter().filter_map(|part| Some((part.at, part.terms?.uptime_pct?)));
    let promised: Vec<(Interval, Decimal)> = promised.collect();
    let places = promised.iter().map(|(_, target)| target.places()).fold(PLACES, u32::max);
    let equal = promised.windows(2).all(|pair| pair[0].1.millionths() == pair[1].1.millionths());
    let words = match promised.as_slice() {
        [(_, target), ..] if equal => format!("{target} %"),
        few if few.len() <= OBJECTIVES_NAMED_MAX => {
            let named = few.iter().map(|(at, target)| format!("{target} % {}", stretch_words(zone, *at)));
            named.collect::<Vec<_>>().join(" and ")
        }
        many => format!("the objectives of {} stretches", many.len()),
    };
    (words, places)
}

fn latency_reason(part: &Judged, place: &str) -> Option<String> {
    let target = part.terms?.latency_ms?;
    // Microseconds to milliseconds.
    let figure = Ratio { part: part.tally.rtt_us, whole: i128::from(part.tally.timed) * 1_000 };
    reason("Latency", "ms", part, part.verdict.latency, &figure, target, place)
}

fn loss_reason(part: &Judged, place: &str) -> Option<String> {
    let target = part.terms?.loss_pct?;
    let figure = Ratio { part: i128::from(part.tally.lost()) * 100, whole: part.tally.sent.into() };
    reason("Loss", "%", part, part.verdict.loss, &figure, target, place)
}

fn reason(
    name: &str,
    unit: &str,
    part: &Judged,
    verdict: Verdict,
    figure: &Ratio,
    target: Decimal,
    place: &str,
) -> Option<String> {
    match verdict {
        Verdict::None | Verdict::Met => None,
        Verdict::Breached => {
            let figure = figure.above(target, unit);
            Some(format!("{name} {figure} against {target} {unit}{place}"))
        }
        Verdict::Undetermined if is_covered(&part.tally) => {
            let figure = figure.above(target, unit);
            Some(format!("{name} {figure} so far against {target} {unit}{place}"))
        }
        Verdict::Undetermined => {
            let figure = figure.truncated(PLACES)?.0;
            let buckets = part.tally.buckets;
            let known = percent_truncated(buckets.eligible_ms(), buckets.base_ms(), PLACES)?;
            Some(format!(
                "{name} {figure} {unit} against {target} {unit}{place}: \
                 only {known} % of the time is known, {COVERAGE_MIN_PCT} % are needed"
            ))
        }
    }
}

/// A figure as the exact fraction that it is.
struct Ratio {
    part: i128,
    whole: i128,
}

impl Ratio {
    /// Printed, and the number that is printed, times ten to the power of `places`.
    fn truncated(&self, places: u32) -> Option<(String, i128)> {
        let scale = 10_i128.pow(places);
        let scaled = self.part.checked_mul(scale)?.checked_div(self.whole)?;
        Some((format!("{}.{:0width$}", scaled / scale, scaled % scale, width = places as usize), scaled))
    }

    /// With as many places as it takes to be above the target in print as it is in truth.
    fn above(&self, target: Decimal, unit: &str) -> String {
        for places in PLACES..=PLACES_MAX {
            let Some((text, scaled)) = self.truncated(places) else { break };
            if scaled.saturating_mul(1_000_000) > i128::from(target.millionths()) * 10_i128.pow(places) {
                return format!("{text} {unit}");
            }
        }
        format!("just over {target} {unit}")
    }
}

/// Like [`duration_words`], but never nothing for something.
fn length_words(length_ms: i64) -> String {
    match length_ms {
        1..1_000 => format!("{length_ms} ms"),
        _ => duration_words(length_ms),
    }
}

/// `from 1 to 9 Oct` where days are whole, else `from 1 Oct 00:00 to 10 Oct 14:30`.
fn stretch_words(zone: &TimeZone, at: Interval) -> String {
    let local = |at_ms: i64| Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_zoned(zone.clone()));
    let (Some(from), Some(to), Some(last)) = (local(at.from_ms), local(at.to_ms), local(at.to_ms - 1)) else {
        return format!("from {} to {} ms", at.from_ms, at.to_ms);
    };
    let starts_day = |moment: &Zoned| moment.start_of_day().is_ok_and(|start| start == *moment);
    if !starts_day(&from) || !starts_day(&to) {
        return format!("from {} to {}", moment_words(&from), moment_words(&to));
    }
    let (first, last) = (from.date(), last.date());
    if first == last {
        format!("on {}", first.strftime("%-d %b"))
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("from {} to {}", first.day(), last.strftime("%-d %b"))
    } else {
        format!("from {} to {}", first.strftime("%-d %b"), last.strftime("%-d %b"))
    }
}

fn moment_words(moment: &Zoned) -> String {
    let format = match (moment.millisecond(), moment.second()) {
        (0, 0) => "%-d %b %H:%M",
        (0, _) => "%-d %b %H:%M:%S",
        _ => "%-d %b %H:%M:%S%.3f",
    };
    moment.strftime(format).to_string()
}
