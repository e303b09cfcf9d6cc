//! One caller's canvases at a model service.

use std::time::Duration;

use reweave_decode::protocol::{Reply, Step};
use reweave_proto::{
    convert::inference::read_step_response,
    wire::inference::{self as wire, inference_service_client::InferenceServiceClient},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

use super::{Error, within};

const DOING: &str = "asking the model for a step";

/// A session. After [`Error::Fault`] it goes on; after any other error it is over and its canvases are gone.
#[derive(Debug)]
pub struct Session {
    steps: mpsc::Sender<wire::StepRequest>,
    replies: Streaming<wire::StepResponse>,
    step_max: Duration,
}

impl Session {
    pub(super) async fn open(
        mut client: InferenceServiceClient<Channel>,
        call_max: Duration,
        step_max: Duration,
    ) -> Result<Self, Error> {
        const DOING: &str = "opening a session with the model";
        // One step is under way at a time, as `step` takes the session for itself.
        let (steps, outgoing) = mpsc::channel(1);
        let opened = client.session(ReceiverStream::new(outgoing));
        let opened = async { opened.await.map_err(|status| Error::of(DOING, status)) };
        let replies = within(DOING, call_max, opened).await?.into_inner();
        Ok(Self { steps, replies, step_max })
    }

    /// Sends a step and awaits its reply. Step ids ascend.
    pub async fn step(&mut self, step: Step) -> Result<Reply, Error> {
        let (max, id) = (self.step_max, step.id);
        within(DOING, max, async {
            // If the service has closed the stream, what it said last tells why.
            _ = self.steps.send(step.into()).await;
            self.reply(id).await
        })
        .await
    }

    async fn reply(&mut self, id: u64) -> Result<Reply, Error> {
        loop {
            let message = self.replies.message().await.map_err(|status| Error::of(DOING, status))?;
            let message = message.ok_or_else(|| Error::of(DOING, Status::unavailable("the session was closed")))?;
            let (answered, stepped) = read_step_response(message)?;
            if answered == id {
                return Ok(stepped?);
            }
            // The reply to a step whose caller stopped waiting.
            if answered > id {
                return Err(Error::OutOfStep("steps than were sent"));
            }
        }
    }
}
