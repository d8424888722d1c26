use sla::Interval;

/// At a month's width a column of an hour is two thirds of a point wide.
pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// What the readings of one column were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) min: i64,
    pub(super) max: i64,
    sum: i128,
    n: i64,
}

impl Column {
    pub(super) fn mean(&self) -> i64 {
        (self.sum / i128::from(self.n)) as i64
    }

    fn add(&mut self, value: i64, weight: i64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += i128::from(value) * i128::from(weight);
        self.n += weight;
    }
}

/// Readings by columns of `width_ms` with their true least and greatest value. A column without readings is `None`: a
/// gap stays a gap.
///
/// A reading is a moment, a value and a weight above 0; those outside of `month` are left out.
pub(super) fn columns(
    month: Interval,
    width_ms: i64,
    readings: impl Iterator<Item = (i64, i64, i64)>,
) -> Vec<Option<Column>> {
    let count = month.len_ms().max(0) / width_ms + i64::from(month.len_ms() % width_ms > 0);
    let mut columns: Vec<Option<Column>> = vec![None; count as usize];
    for (at_ms, value, weight) in readings {
        let index = usize::try_from((at_ms - month.from_ms).div_euclid(width_ms)).ok();
        let Some(column) = index.and_then(|index| columns.get_mut(index)) else { continue };
        let fresh = Column { min: value, max: value, sum: 0, n: 0 };
        column.get_or_insert(fresh).add(value, weight);
    }
    columns
}

/// The stretches without a gap: the place of the first column, and the columns.
pub(super) fn runs(columns: &[Option<Column>]) -> Vec<(usize, Vec<Column>)> {
    let mut runs: Vec<(usize, Vec<Column>)> = Vec::new();
    let mut broken = true;
    for (index, column) in columns.iter().enumerate() {
        match column {
            None => broken = true,
            Some(column) if broken => {
                runs.push((index, vec![*column]));
                broken = false;
            }
            Some(column) => {
                if let Some((_, run)) = runs.last_mut() {
                    run.push(*column);
                }
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_stays_a_gap_and_a_peak_stays_a_peak() {
        let month = Interval::new(1_000, 1_000 + 4 * HOUR_MS);
        let at = |hour: i64, minute: i64| 1_000 + hour * HOUR_MS + minute * 60_000;
        let readings =
            [(at(0, 0), 10, 1), (at(0, 5), 900, 1), (at(0, 10), 20, 1), (at(2, 59), 7, 1), (at(3, 0), 8, 3)];
        let outside = [(999, 5, 1), (month.to_ms, 5, 1)];
        let columns = columns(month, HOUR_MS, readings.into_iter().chain(outside));
        assert_eq!(columns.len(), 4);
        let first = columns[0].expect("readings");
        assert_eq!((first.min, first.max, first.mean()), (10, 900, 310));
        assert_eq!(columns[1], None);
        let runs = runs(&columns);
        assert_eq!(runs.iter().map(|(from, run)| (*from, run.len())).collect::<Vec<_>>(), [(0, 1), (2, 2)]);
    }
}
