//! From signals to a token that everything drains on.

use std::{os::unix::process::parent_id, time::Duration};

use reweave_core::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the parent is still there.
const PARENT_LOOK: Duration = Duration::from_millis(500);

/// A token that SIGTERM or SIGINT cancels. A second signal ends the process at once, for someone who will not wait.
///
/// Must be called inside a runtime; fails when the handlers cannot be installed.
pub fn on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let signal = either(&mut terminate, &mut interrupt).await;
        tracing::info!(signal, "draining");
        cancelled.cancel();
        let signal = either(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal, "second signal: exiting without draining");
        std::process::exit(ExitCode::Environment as i32);
    });
    Ok(token)
}

/// Cancels `shutdown` when the process that started this one is gone; ends when `shutdown` is cancelled by somebody else.
pub async fn with_parent(shutdown: CancellationToken) {
    let parent = parent_id();
    let mut look = tokio::time::interval(PARENT_LOOK);
    while parent_id() == parent {
        tokio::select! {
            _ = look.tick() => {}
            () = shutdown.cancelled() => return,
        }
    }
    tracing::warn!(parent, "draining: the process that started this one is gone");
    shutdown.cancel();
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
