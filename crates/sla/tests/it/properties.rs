//! What must hold whatever the month was.

use sla::{Figures, Inputs, LinkState, StateSpan, Statement, Verdict, Verdicts};

use crate::cases::{Dice, inputs};

const CASES: u64 = 3_000;

fn judge(inputs: &Inputs) -> Statement {
    sla::evaluate(inputs).expect("no contradiction")
}

fn each_case(mut check: impl FnMut(u64, &mut Dice, Inputs)) {
    for seed in 0..CASES {
        let mut dice = Dice::new(seed);
        let inputs = inputs(&mut dice);
        check(seed, &mut dice, inputs);
    }
}

#[test]
fn the_buckets_add_up_and_so_do_the_parts() {
    each_case(|seed, _, inputs| {
        let statement = judge(&inputs);
        let all = |figures: &Figures| {
            [
                figures.excluded_ms,
                figures.unknown_ms,
                figures.down_ms,
                figures.up_ms,
                figures.sent,
                figures.received,
                figures.rx_n,
                figures.traffic_expected_n,
            ]
        };
        let figures = &statement.figures;
        assert_eq!(all(figures)[..4].iter().sum::<i64>(), figures.contracted_ms, "case {seed}");
        assert_eq!(figures.down_ms + figures.up_ms, figures.eligible_ms, "case {seed}");
        let parts = statement.parts.iter().map(|part| all(&part.figures));
        let sum = parts.fold([0; 8], |sum, part| std::array::from_fn(|at| sum[at] + part[at]));
        assert_eq!(sum, all(figures), "case {seed}");
        assert!(statement.parts.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "case {seed}");

        let down: i64 = statement.outages.iter().map(|outage| outage.down_ms).sum();
        assert_eq!(down, figures.down_ms, "case {seed}: outages are all of the down time");
        let seen = &statement.experienced;
        assert_eq!(seen.up_ms + seen.down_ms + seen.unknown_ms, figures.contracted_ms, "case {seed}");
        let excluded: i64 = statement.outages.iter().map(|outage| outage.excluded_ms).sum();
        assert_eq!(seen.down_ms, down + excluded, "case {seed}: down is down, excluded or not");
    });
}

#[test]
fn more_down_time_never_raises_availability_nor_the_verdict() {
    let kept = |verdict: Verdict| match verdict {
        Verdict::Breached => 0,
        Verdict::Undetermined => 1,
        Verdict::Met | Verdict::None => 2,
    };
    each_case(|seed, dice, inputs| {
        let before = judge(&inputs);
        let mut worse = inputs;
        let up = |span: &StateSpan| span.state == LinkState::Up;
        if !worse.spans.iter().any(up) {
            return;
        }
        // One stretch of up time turns down, wherever spans say so.
        let chosen = worse
            .spans
            .iter()
            .filter(|span| up(span))
            .nth(dice.below(worse.spans.iter().filter(|span| up(span)).count() as u64) as usize)
            .cloned();
        let chosen = chosen.expect("there is one");
        let cut = |span: StateSpan| {
            let inside = (span.from_ms.max(chosen.from_ms), span.to_ms.min(chosen.to_ms));
            if !up(&span) || inside.0 >= inside.1 {
                return vec![span];
            }
            let pieces = [
                (span.from_ms, inside.0, LinkState::Up),
                (inside.0, inside.1, LinkState::Down),
                (inside.1, span.to_ms, LinkState::Up),
            ];
            let pieces = pieces.into_iter().filter(|(from_ms, to_ms, _)| from_ms < to_ms);
            pieces
                .map(|(from_ms, to_ms, state)| StateSpan { from_ms, to_ms, state, ..span.clone() })
                .collect()
        };
        worse.spans = worse.spans.into_iter().flat_map(cut).collect();
        let after = judge(&worse);
        let share = |figures: &Figures, part: i64| i128::from(figures.eligible_ms) * i128::from(part);
        let (was, is) = (&before.figures, &after.figures);
        assert!(is.down_ms >= was.down_ms, "case {seed}");
        assert_eq!(is.eligible_ms, was.eligible_ms, "case {seed}");
        assert!(share(was, is.up_ms) <= share(is, was.up_ms), "case {seed}: availability rose");
        assert!(kept(is.verdict.uptime) <= kept(was.verdict.uptime), "case {seed}: the verdict rose");
    });
}

#[test]
fn cutting_spans_changes_nothing() {
    each_case(|seed, dice, inputs| {
        let mut cut = inputs.clone();
        cut.spans = inputs
            .spans
            .iter()
            .flat_map(|span| {
                let middle = dice.between(span.from_ms, span.to_ms);
                let pieces = [(span.from_ms, middle), (middle, span.to_ms)];
                let pieces = pieces.into_iter().filter(|(from_ms, to_ms)| from_ms < to_ms);
                pieces
                    .map(|(from_ms, to_ms)| StateSpan { from_ms, to_ms, ..span.clone() })
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(judge(&cut), judge(&inputs), "case {seed}");
    });
}

#[test]
fn the_order_of_rows_changes_nothing() {
    each_case(|seed, dice, inputs| {
        let mut other = inputs.clone();
        dice.shuffle(&mut other.spans);
        dice.shuffle(&mut other.exclusions);
        dice.shuffle(&mut other.terms);
        dice.shuffle(&mut other.probes);
        dice.shuffle(&mut other.traffic);
        assert_eq!(judge(&other), judge(&inputs), "case {seed}");
        assert_eq!(other.digest(), inputs.digest(), "case {seed}");
    });
}

#[test]
fn terms_that_repeat_themselves_change_no_verdict_on_uptime() {
    each_case(|seed, dice, mut inputs| {
        let Some(first) = inputs.terms.iter().min_by_key(|terms| terms.valid_from_ms).copied() else {
            return;
        };
        inputs.terms = vec![first];
        let one = judge(&inputs);
        let mut again = first;
        again.valid_from_ms = dice.between(one.from_ms, one.to_ms).max(first.valid_from_ms + 1);
        inputs.terms.push(again);
        let two = judge(&inputs);
        assert_eq!(two.figures.verdict.uptime, one.figures.verdict.uptime, "case {seed}");
        assert_eq!(two.figures.allowed_ms, one.figures.allowed_ms, "case {seed}");
        assert_eq!(two.figures.availability_pct, one.figures.availability_pct, "case {seed}");
    });
}

#[test]
fn the_month_so_far_at_its_end_is_the_month() {
    each_case(|seed, _, mut inputs| {
        inputs.as_of_ms = None;
        let whole = judge(&inputs);
        inputs.as_of_ms = Some(whole.to_ms);
        assert_eq!(judge(&inputs), whole, "case {seed}");
    });
}

#[test]
fn the_bounds_hold_whatever_the_unknown_time_was() {
    each_case(|seed, dice, inputs| {
        let before = judge(&inputs).figures;
        let mut known = inputs.clone();
        // Unknown spans get a state; what no span covers stays as it is.
        let state = dice.of(&[LinkState::Up, LinkState::Down]);
        known.spans.retain_mut(|span| {
            if span.state == LinkState::Unknown {
                span.state = state;
            }
            true
        });
        let Ok(statement) = sla::evaluate(&known) else { return };
        let after = statement.figures;
        let decided = |verdict| matches!(verdict, Verdict::Met | Verdict::Breached);
        let Verdicts { uptime, .. } = before.verdict;
        assert!(!decided(uptime) || after.verdict.uptime == uptime, "case {seed}: {uptime} did not hold");
        assert!(
            after.up_ms >= before.up_ms && after.up_ms <= before.up_ms + before.unknown_ms,
            "case {seed}"
        );
    });
}

#[test]
fn what_is_allowed_depends_neither_on_what_happened_nor_on_how_far_the_month_has_come() {
    each_case(|seed, _, inputs| {
        let figures = judge(&inputs).figures;
        let empty = Inputs { spans: Vec::new(), as_of_ms: None, ..inputs };
        let whole = judge(&empty).figures;
        assert_eq!(figures.allowed_ms, whole.allowed_ms, "case {seed}");
    });
}

#[test]
fn a_running_month_is_breached_only_when_it_can_no_longer_be_met() {
    each_case(|seed, _, mut inputs| {
        let as_of_ms = judge(&inputs).to_ms;
        inputs.as_of_ms = Some(as_of_ms);
        let so_far = judge(&inputs).figures.verdict;
        // All that is unknown was up, and the rest of the month is up.
        let mut best = Inputs { as_of_ms: None, ..inputs };
        best.spans.retain(|span| span.state == LinkState::Down && span.from_ms < as_of_ms);
        best.spans.iter_mut().for_each(|span| span.to_ms = span.to_ms.min(as_of_ms));
        let down = best.spans.clone();
        let (mut at_ms, end_ms) = (-1 << 50, 1 << 50);
        let mut ordered: Vec<_> = down.iter().map(|span| (span.from_ms, span.to_ms)).collect();
        ordered.sort_unstable();
        for (from_ms, to_ms) in ordered.into_iter().chain([(end_ms, end_ms)]) {
            if at_ms < from_ms {
                let up =
                    sla::StateSpan { from_ms: at_ms, to_ms: from_ms, state: LinkState::Up, ..down_like() };
                best.spans.push(up);
            }
            at_ms = at_ms.max(to_ms);
        }
        let best = judge(&best).figures.verdict;
        assert_eq!(
            so_far.uptime == Verdict::Breached,
            best.uptime == Verdict::Breached && so_far.uptime != Verdict::None,
            "case {seed}: {so_far:?}, at best {best:?}"
        );
    });
}

fn down_like() -> sla::StateSpan {
    sla::StateSpan {
        from_ms: 0,
        to_ms: 0,
        state: LinkState::Down,
        cause: None,
        evidence: serde_json::Value::Null,
    }
}
