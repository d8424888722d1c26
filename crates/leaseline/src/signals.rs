//! Ctrl-C and SIGTERM as a cancellation.

use anyhow::Context;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Cancels `stop` at the first SIGINT or SIGTERM; the watching task ends with `tasks`.
pub(crate) fn cancel_on_signal(
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = stop.cancelled() => {}
        }
        stop.cancel();
        Ok(())
    });
    Ok(())
}
