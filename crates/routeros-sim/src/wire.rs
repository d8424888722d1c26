//! The way out of a session, with everything that can go wrong on it.

use crate::router::Router;
use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

/// Writes and empties `out`: whole in one write, or as the faults of the router have it.
pub(crate) async fn flush<S>(router: &Router, stream: &mut S, out: &mut BytesMut) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    while !out.is_empty() {
        let (bytes, drip, breaks) = {
            let faults = &mut router.lock().faults;
            if faults.hang || faults.black_hole {
                out.clear();
                break;
            }
            let mut bytes = faults.drip.map_or(out.len(), |drip| drip.bytes.min(out.len()));
            let mut breaks = false;
            if let Some(left) = &mut faults.drop_after_bytes {
                breaks = *left <= bytes;
                bytes = bytes.min(*left);
                *left -= bytes;
            }
            if breaks {
                faults.drop_after_bytes = None;
            }
            (bytes, faults.drip, breaks)
        };
        stream.write_all(&out[..bytes]).await?;
        out.advance(bytes);
        if breaks {
            stream.flush().await?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if let Some(drip) = drip.filter(|_| !out.is_empty()) {
            stream.flush().await?;
            sleep(drip.every).await;
        }
    }
    stream.flush().await
}
