//! The task of one partition: always polling or holding one message, always listening for acknowledgements.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Command, Inlet, Intake};
use crate::bus::Delivery;

/// Moves messages from `inlet` to the intake's window and acknowledgements back, until the subscription ends.
pub(crate) async fn run(mut inlet: impl Inlet, intake: Arc<Intake>, mut commands: mpsc::Receiver<Command>) {
    // A message for which the window has no room yet. Polling pauses meanwhile: that is the back-pressure.
    let mut held: Option<Delivery> = None;
    // After a stop, messages to poll and drop, because acknowledgements queue behind them in the client.
    let mut owed = 0;
    loop {
        let stopped = intake.stopped.is_cancelled();
        tokio::select! {
            biased;
            () = intake.ended.cancelled() => return,
            command = commands.recv() => match command {
                Some(Command::Acknowledge(entry)) => {
                    inlet.acknowledge(entry).await;
                    owed = inlet.queue_len_max();
                }
                Some(Command::Flush(reply)) => {
                    tokio::select! {
                        () = intake.ended.cancelled() => {}
                        // The caller that no longer waits has timed out, and says so itself.
                        flushed = inlet.flush() => drop(reply.send(flushed)),
                    }
                    return;
                }
                None => return,
            },
            () = intake.stopped.cancelled(), if !stopped => held = None,
            permit = intake.window.acquire(), if held.is_some() && !stopped => {
                let Ok(permit) = permit else { return };
                permit.forget();
                if let Some(delivery) = held.take() {
                    hand_out(&intake, delivery);
                }
            }
            delivery = inlet.next(), if held.is_none() && (!stopped || owed > 0) => match delivery {
                Some(_) if stopped => owed -= 1,
                Some(delivery) => held = intake.lock_entries().is_new(&delivery.id).then_some(delivery),
                None => {
                    intake.stopped.cancel();
                    return;
                }
            },
        }
    }
}

fn hand_out(intake: &Intake, delivery: Delivery) {
    let id = delivery.id;
    intake.lock_entries().hand_out(&id);
    // The channel is as long as the window, so it is never full; closed means that nobody receives any more.
    if intake.sender.try_send(delivery).is_err() {
        intake.stopped.cancel();
    }
}
