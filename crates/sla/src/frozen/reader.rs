use super::FrozenError;

/// Rows for which memory is set aside before they are read: a month of 5-minute rows.
const ROWS_RESERVED_MAX: usize = 8_928;

/// Reads what a `Writer` wrote, from bytes that may be anything.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, FrozenError> {
        let (&byte, rest) = self.rest.split_first().ok_or(FrozenError::Short(what))?;
        self.rest = rest;
        Ok(byte)
    }

    pub(crate) fn bytes(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], FrozenError> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(FrozenError::Short(what))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Up to 2^64, which only [`optional`](Self::optional) may find.
    fn wide(&mut self, what: &'static str) -> Result<u128, FrozenError> {
        let mut number = 0_u64;
        for (index, &byte) in self.rest.iter().take(9).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(number.into());
            }
        }
        match self.bytes(10, what)?[9] {
            last @ 0..=2 => Ok(u128::from(number) + (u128::from(last) << 63)),
            _ => Err(FrozenError::Impossible("number")),
        }
    }

    pub(crate) fn unsigned(&mut self, what: &'static str) -> Result<u64, FrozenError> {
        u64::try_from(self.wide(what)?).map_err(|_| FrozenError::Impossible("number"))
    }

    pub(crate) fn signed(&mut self, what: &'static str) -> Result<i64, FrozenError> {
        self.unsigned(what).map(unzigzag)
    }

    pub(crate) fn difference(&mut self, before: &mut i64, what: &'static str) -> Result<i64, FrozenError> {
        *before = before.wrapping_add(self.signed(what)?);
        Ok(*before)
    }

    pub(crate) fn optional(
        &mut self,
        before: &mut i64,
        what: &'static str,
    ) -> Result<Option<i64>, FrozenError> {
        let Some(difference) = self.wide(what)?.checked_sub(1) else { return Ok(None) };
        let difference = u64::try_from(difference).map_err(|_| FrozenError::Impossible("number"))?;
        *before = before.wrapping_add(unzigzag(difference));
        Ok(Some(*before))
    }

    /// A length that the bytes that are left can hold.
    pub(crate) fn length(&mut self, what: &'static str) -> Result<usize, FrozenError> {
        let length = usize::try_from(self.unsigned(what)?).ok();
        length.filter(|&length| length <= self.left()).ok_or(FrozenError::Short(what))
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<String, FrozenError> {
        let length = self.length(what)?;
        self.utf8(length, what)
    }

    pub(crate) fn optional_text(&mut self, what: &'static str) -> Result<Option<String>, FrozenError> {
        let Some(length) = self.unsigned(what)?.checked_sub(1) else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| FrozenError::Short(what))?;
        self.utf8(length, what).map(Some)
    }

    fn utf8(&mut self, length: usize, what: &'static str) -> Result<String, FrozenError> {
        let text = std::str::from_utf8(self.bytes(length, what)?);
        text.map(str::to_owned).map_err(|_| FrozenError::Impossible("text"))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T], what: &'static str) -> Result<T, FrozenError> {
        let index = usize::from(self.byte(what)?);
        all.get(index).copied().ok_or(FrozenError::Impossible(what))
    }

    /// A length and so many rows.
    pub(crate) fn rows<T>(
        &mut self,
        what: &'static str,
        mut row: impl FnMut(&mut Self) -> Result<T, FrozenError>,
    ) -> Result<Vec<T>, FrozenError> {
        let length = self.length(what)?;
        let mut rows = Vec::with_capacity(length.min(ROWS_RESERVED_MAX));
        for _ in 0..length {
            rows.push(row(self)?);
        }
        Ok(rows)
    }

    /// Fills in moments.
    pub(crate) fn times<'t>(&mut self, times: impl Iterator<Item = &'t mut i64>) -> Result<(), FrozenError> {
        let mut times = times;
        let Some(first) = times.next() else { return Ok(()) };
        *first = self.signed("times")?;
        let mut before = *first;
        self.each_run(times, |at, step| {
            before = before.wrapping_add(unzigzag(step));
            *at = before;
            Ok(())
        })
    }

    /// Fills in repeated counts.
    pub(crate) fn runs<'t>(&mut self, counts: impl Iterator<Item = &'t mut u32>) -> Result<(), FrozenError> {
        self.each_run(counts, |count, number| {
            *count = u32::try_from(number).map_err(|_| FrozenError::Impossible("count"))?;
            Ok(())
        })
    }

    fn each_run<T>(
        &mut self,
        rows: impl Iterator<Item = T>,
        mut fill: impl FnMut(T, u64) -> Result<(), FrozenError>,
    ) -> Result<(), FrozenError> {
        let (mut number, mut left) = (0, 0_u64);
        for row in rows {
            if left == 0 {
                (number, left) = (self.unsigned("a run")?, self.unsigned("a run")?);
                if left == 0 {
                    return Err(FrozenError::Impossible("run"));
                }
            }
            fill(row, number)?;
            left -= 1;
        }
        if left > 0 { Err(FrozenError::Impossible("run")) } else { Ok(()) }
    }
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
