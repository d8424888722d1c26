/// Writes the pieces that frozen inputs consist of.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// LEB128: seven bits a byte, the lowest first, the eighth says that more follow.
    pub(crate) fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.unsigned(length as u64);
    }

    /// Zigzag: small numbers of either sign are few bytes.
    pub(crate) fn signed(&mut self, number: i64) {
        self.unsigned(zigzag(number));
    }

    /// A number as its difference to the one before, around the end of the numbers if need be.
    pub(crate) fn difference(&mut self, number: i64, before: &mut i64) {
        self.signed(number.wrapping_sub(*before));
        *before = number;
    }

    /// Nothing as 0, a difference as one more than itself.
    pub(crate) fn optional(&mut self, number: Option<i64>, before: &mut i64) {
        let Some(number) = number else { return self.byte(0) };
        let difference = zigzag(number.wrapping_sub(*before));
        *before = number;
        match difference.checked_add(1) {
            Some(more) => self.unsigned(more),
            // 2^64, the one number that is too large for the loop.
            None => self.bytes(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]),
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        match text {
            None => self.byte(0),
            Some(text) => {
                self.length(text.len() + 1);
                self.bytes(text.as_bytes());
            }
        }
    }

    /// The first moment, then how far the next is and for how many in a row that holds.
    pub(crate) fn times(&mut self, times: impl Iterator<Item = i64>) {
        let mut times = times;
        let Some(mut before) = times.next() else { return };
        self.signed(before);
        let steps = times.map(|at| {
            let step = at.wrapping_sub(before);
            before = at;
            zigzag(step)
        });
        self.runs(steps);
    }

    /// Numbers as how often each is repeated.
    pub(crate) fn runs(&mut self, mut numbers: impl Iterator<Item = u64>) {
        let Some(mut current) = numbers.next() else { return };
        let mut count = 1;
        for number in numbers {
            if number == current {
                count += 1;
            } else {
                self.unsigned(current);
                self.unsigned(count);
                (current, count) = (number, 1);
            }
        }
        self.unsigned(current);
        self.unsigned(count);
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}
