use std::fmt::Write;

use sla::Interval;
use store::{Link, Sample};

use crate::view::figures::directions;
use crate::zone::Zone;

/// A chart whose measurements can be taken along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Traffic,
    Latency,
    Loss,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Latency => "latency",
            Self::Loss => "loss",
        }
    }

    /// The first line. Times are the company's with their offset, rates bits per second, round trips milliseconds.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Traffic => "circuit,time,state,download_bps,upload_bps\r\n",
            Self::Latency => "circuit,time,state,rtt_min_ms,rtt_avg_ms,rtt_max_ms,sent,received\r\n",
            Self::Loss => "circuit,time,state,sent,received,lost,loss_pct\r\n",
        }
    }

    /// The lines of these samples, one each, with empty fields where there is no figure.
    pub(crate) fn lines(self, link: &Link, samples: &[Sample], zone: &Zone) -> String {
        let circuit = cell(&link.circuit);
        let mut lines = String::with_capacity(samples.len() * 80);
        for sample in samples {
            let _ = write!(lines, "{circuit},{},{}", zone.iso(sample.at_ms), sample.state.as_str());
            match self {
                Self::Traffic => {
                    let rates = directions(link.facing, sample.rx_bps, sample.tx_bps);
                    let _ = write!(lines, ",{},{}", number(rates.download), number(rates.upload));
                }
                Self::Latency => {
                    for rtt_us in [sample.rtt_min_us, sample.rtt_avg_us, sample.rtt_max_us] {
                        let _ = write!(lines, ",{}", rtt_us.map(thousandths).unwrap_or_default());
                    }
                    let _ = write!(lines, ",{},{}", number(sample.sent), number(sample.received));
                }
                Self::Loss => {
                    let lost =
                        sample.sent.zip(sample.received).map(|(sent, received)| (sent - received).max(0));
                    let share = lost.zip(sample.sent).filter(|&(_, sent)| sent > 0);
                    let pct =
                        share.map(|(lost, sent)| thousandths(lost * 100_000 / sent)).unwrap_or_default();
                    let (sent, received) = (number(sample.sent), number(sample.received));
                    let _ = write!(lines, ",{sent},{received},{},{pct}", number(lost));
                }
            }
            lines.push_str("\r\n");
        }
        lines
    }

    /// `MN-BLR-0101_traffic_20261122T1800_20261123T1800.csv`: nothing that a file system or a header could mistake.
    pub(crate) fn file_name(self, link: &Link, window: Interval, zone: &Zone) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '-' };
        let circuit: String = link.circuit.chars().map(plain).take(60).collect();
        let at = |ms| zone.form(ms).replace(['-', ':'], "");
        let circuit = circuit.trim_matches(['.', '-']);
        format!("{circuit}_{}_{}_{}.csv", self.name(), at(window.from_ms), at(window.to_ms))
    }
}

/// A text as a field that no spreadsheet takes for a formula: what begins like one gets a quote mark before it.
pub(crate) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

pub(crate) fn number(value: Option<i64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// An integer of thousandths as a decimal: 8240 is `8.240`.
fn thousandths(value: i64) -> String {
    format!("{}.{:03}", value / 1_000, value.abs() % 1_000)
}

#[cfg(test)]
mod tests {
    use store::Facing;

    use super::*;
    use crate::view::points::tests::{link, sample};

    /// 2026-11-23 12:30:00 UTC, 18:00 in Kolkata.
    const NOW_MS: i64 = 1_795_437_000_000;

    #[test]
    fn a_line_holds_what_was_measured_and_nothing_where_there_is_no_figure() {
        let zone = Zone::named("Asia/Kolkata");
        let samples = [sample(NOW_MS, Some(5), Some(40_000_000)), {
            let mut bare = sample(NOW_MS + 300_000, None, None);
            (bare.sent, bare.received, bare.rtt_min_us, bare.rtt_avg_us, bare.rtt_max_us) =
                Default::default();
            bare
        }];
        let lines = |kind: Kind| kind.lines(&link(Facing::Customer), &samples, &zone);
        assert_eq!(
            lines(Kind::Traffic),
            "\"C-1\",2026-11-23T18:00:00+05:30,up,40000000,5\r\n\"C-1\",2026-11-23T18:05:00+05:30,up,,\r\n"
        );
        assert_eq!(
            lines(Kind::Latency),
            "\"C-1\",2026-11-23T18:00:00+05:30,up,1.000,2.000,3.000,5,4\r\n\"C-1\",2026-11-23T18:05:00+05:30,up,,,,,\r\n"
        );
        assert_eq!(
            lines(Kind::Loss),
            "\"C-1\",2026-11-23T18:00:00+05:30,up,5,4,1,20.000\r\n\"C-1\",2026-11-23T18:05:00+05:30,up,,,,\r\n"
        );
        for kind in [Kind::Traffic, Kind::Latency, Kind::Loss] {
            let fields = kind.header().matches(',').count();
            assert!(lines(kind).lines().all(|line| line.matches(',').count() == fields), "{kind:?}");
        }
    }

    #[test]
    fn a_name_is_no_formula_and_no_path() {
        assert_eq!(cell("=HYPERLINK(\"http://evil\")"), "\"'=HYPERLINK(\"\"http://evil\"\")\"");
        for first in ["+", "-", "@", "\t", "\r", "＝"] {
            assert!(cell(&format!("{first}1")).starts_with("\"'"), "{first:?}");
        }
        let mut link = link(Facing::Customer);
        link.circuit = "../..\\a\"b\r\nX: y/ü".to_owned();
        let name = Kind::Loss.file_name(&link, Interval::new(NOW_MS, NOW_MS + 60_000), &Zone::named("UTC"));
        assert_eq!(name, "a-b--X--y_loss_20261123T1230_20261123T1231.csv");
    }
}
