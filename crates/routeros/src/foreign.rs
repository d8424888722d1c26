/// What listens on the port instead of the RouterOS API, as told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForeignService {
    /// A web server, such as WebFig.
    #[error("an HTTP server answered")]
    Http,
    /// A TLS service spoken to in plain text.
    #[error("a TLS service answered, but TLS is off for this router")]
    Tls,
    /// An SSH server.
    #[error("an SSH server answered")]
    Ssh,
    /// A telnet server.
    #[error("a telnet server answered")]
    Telnet,
    /// An FTP or mail server.
    #[error("an FTP or mail server answered")]
    Banner,
    /// Nothing known, but no reply word of RouterOS either.
    #[error("something that is not the RouterOS API answered")]
    Unknown,
}

/// Bytes of the shortest reply word, `!re`.
const REPLY_WORD_MIN: u8 = 3;
/// Bytes that a reply word may have: the longest known ones, `!fatal` and `!empty`, have 6.
const REPLY_WORD_MAX: u8 = 32;

/// Looks at the first bytes a peer ever sent; `None` while they can still become a RouterOS reply.
///
/// Every reply starts with a one-byte length and `!`. Without this look an `H` of `HTTP/1.1` is the length of a
/// 72-byte word, and the reader waits for the rest until the deadline.
pub(crate) fn classify(first_bytes: &[u8]) -> Option<ForeignService> {
    match first_bytes {
        [] | [0, ..] => None,
        [0xFF, ..] => Some(ForeignService::Telnet),
        // Our sentence looks like a request of HTTP/0.9 to some servers, which is answered by a bare page.
        [b'H', b'T', ..] | [b'<', b'!' | b'h' | b'H', ..] => Some(ForeignService::Http),
        [b'S', b'S', ..] => Some(ForeignService::Ssh),
        [b'2', b'2', ..] => Some(ForeignService::Banner),
        [0x15 | 0x16, 3, ..] => Some(ForeignService::Tls),
        [_] | [REPLY_WORD_MIN..=REPLY_WORD_MAX, b'!', ..] => None,
        _ => Some(ForeignService::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_no_foreigners() {
        for reply in [&b"\x05!done\0"[..], b"\x03!re", b"\x06!fatal", b"\x05", b"", b"\0"] {
            assert_eq!(classify(reply), None, "{reply:?}");
        }
    }

    #[test]
    fn foreigners_are_named() {
        for (bytes, service) in [
            (&b"HTTP/1.1 400 Bad Request"[..], ForeignService::Http),
            (b"SSH-2.0-ROSSSH", ForeignService::Ssh),
            (b"\x15\x03\x01\x00\x02\x02\x0a", ForeignService::Tls),
            (b"220 router FTP", ForeignService::Banner),
            (b"\xff\xfb\x01", ForeignService::Telnet),
            (b"<!DOCTYPE HTML>", ForeignService::Http),
            (b"<html>", ForeignService::Http),
            (b"hello", ForeignService::Unknown),
            (b"M!", ForeignService::Unknown),
        ] {
            assert_eq!(classify(bytes), Some(service));
        }
    }
}
