use bytes::{BufMut, BytesMut};

/// Appends the length prefix of a word of `len` bytes: one to five bytes, big endian, always the shortest form.
pub fn encode_length(len: u32, out: &mut BytesMut) {
    match len {
        0..=0x7F => out.put_u8(len as u8),
        0x80..=0x3FFF => out.put_u16(len as u16 | 0x8000),
        0x4000..=0x1F_FFFF => out.put_uint(u64::from(len | 0xC0_0000), 3),
        0x20_0000..=0x0FFF_FFFF => out.put_u32(len | 0xE000_0000),
        _ => {
            out.put_u8(0xF0);
            out.put_u32(len);
        }
    }
}

/// A length prefix read by [`decode_length`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodedLength {
    /// Bytes of the word that follows. Up to 35 bits: the caller's cap decides what is acceptable.
    pub len: u64,
    /// Bytes of the prefix itself, 1 to 5.
    pub prefix: usize,
}

/// The byte is one of the reserved control bytes (0xF8 and above): nobody can know how the stream goes on, and
/// the manual says to close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("control byte 0x{0:02x} in place of a word length")]
pub struct LengthError(pub u8);

/// Reads the length prefix at the start of `bytes`; `None` if more bytes are needed.
///
/// Longer forms than necessary are accepted, as RouterOS does.
///
/// # Errors
/// [`LengthError`] for a reserved control byte.
pub fn decode_length(bytes: &[u8]) -> Result<Option<DecodedLength>, LengthError> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (prefix, top_bits) = match first {
        0..=0x7F => (1, first),
        0x80..=0xBF => (2, first & 0x3F),
        0xC0..=0xDF => (3, first & 0x1F),
        0xE0..=0xEF => (4, first & 0x0F),
        0xF0..=0xF7 => (5, first & 0x07),
        0xF8.. => return Err(LengthError(first)),
    };
    let Some(rest) = bytes.get(1..prefix) else { return Ok(None) };
    let len = rest.iter().fold(u64::from(top_bits), |len, &byte| len << 8 | u64::from(byte));
    Ok(Some(DecodedLength { len, prefix }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(len: u32) -> Vec<u8> {
        let mut out = BytesMut::new();
        encode_length(len, &mut out);
        out.to_vec()
    }

    /// Both sides of every edge of the manual's table; an off-by-one here desynchronises the whole stream.
    #[test]
    fn edges_of_the_five_widths() {
        let cases: [(u32, &[u8]); 10] = [
            (0, &[0]),
            (0x7F, &[0x7F]),
            (0x80, &[0x80, 0x80]),
            (0x3FFF, &[0xBF, 0xFF]),
            (0x4000, &[0xC0, 0x40, 0x00]),
            (0x1F_FFFF, &[0xDF, 0xFF, 0xFF]),
            (0x20_0000, &[0xE0, 0x20, 0, 0]),
            (0x0FFF_FFFF, &[0xEF, 0xFF, 0xFF, 0xFF]),
            (0x1000_0000, &[0xF0, 0x10, 0, 0, 0]),
            (u32::MAX, &[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]),
        ];
        for (len, bytes) in cases {
            assert_eq!(encoded(len), bytes, "{len:#x}");
            let decoded = DecodedLength { len: u64::from(len), prefix: bytes.len() };
            assert_eq!(decode_length(bytes), Ok(Some(decoded)));
            for cut in 0..bytes.len() {
                assert_eq!(decode_length(&bytes[..cut]), Ok(None), "{len:#x} cut at {cut}");
            }
        }
    }

    #[test]
    fn control_bytes_are_refused() {
        for byte in 0xF8..=0xFF {
            assert_eq!(decode_length(&[byte, 1, 2, 3, 4]), Err(LengthError(byte)));
        }
    }
}
