use report::rate_words;
use store::{Facing, Sample};

use crate::view::figures::{NONE, directions, latency_words, loss_words};
use crate::view::series::{Probes, mean};
use crate::zone::Zone;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// One hour of the table that says in figures what the charts show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HourRow {
    pub(crate) hour: String,
    pub(crate) download_mean: String,
    pub(crate) download_peak: String,
    pub(crate) upload_mean: String,
    pub(crate) upload_peak: String,
    pub(crate) latency: String,
    pub(crate) loss: String,
}

/// The hours of the samples, the newest first. Hours without any sample are left out.
pub(crate) fn hour_rows(samples: &[Sample], facing: Facing, zone: &Zone) -> Vec<HourRow> {
    let hours = samples.chunk_by(|a, b| zone.hour_start_ms(a.at_ms) == zone.hour_start_ms(b.at_ms));
    let mut rows: Vec<HourRow> = hours.filter_map(|samples| row(samples, facing, zone)).collect();
    rows.reverse();
    rows
}

fn row(samples: &[Sample], facing: Facing, zone: &Zone) -> Option<HourRow> {
    let from_ms = zone.hour_start_ms(samples.first()?.at_ms);
    let means = directions(facing, mean(samples, |s| s.rx_bps), mean(samples, |s| s.tx_bps));
    let peak = |figure: fn(&Sample) -> Option<i64>| samples.iter().filter_map(figure).max();
    let peaks = directions(facing, peak(|s| s.rx_bps), peak(|s| s.tx_bps));
    let probes = Probes::of(samples);
    let words = |bps: Option<i64>| bps.map_or_else(|| NONE.to_owned(), rate_words);
    Some(HourRow {
        hour: format!("{} to {}", zone.clock(from_ms), zone.clock(from_ms + HOUR_MS)),
        download_mean: words(means.download),
        download_peak: words(peaks.download),
        upload_mean: words(means.upload),
        upload_peak: words(peaks.upload),
        latency: latency_words(probes.rtt_avg_us),
        loss: loss_words(probes.sent, probes.received),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::series::tests::sample;

    #[test]
    fn hours_come_newest_first_with_mean_and_peak() {
        let samples = [
            sample(0, Some(1_000), Some(10)),
            sample(1, Some(3_000), Some(10)),
            sample(HOUR_MS, None, Some(20)),
        ];
        let rows = hour_rows(&samples, Facing::Upstream, &Zone::named("UTC"));
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].hour.as_str(), rows[0].download_mean.as_str()), ("01:00 to 02:00", NONE));
        assert_eq!(
            (rows[1].download_mean.as_str(), rows[1].download_peak.as_str()),
            ("2.00 kbit/s", "3.00 kbit/s")
        );
    }
}
