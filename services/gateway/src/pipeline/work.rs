//! The work on one spec: the stream from synthesis, from the request to its end.

use std::error::Error as _;

use reweave_chassis::status;
use reweave_core::{Outcome, OutcomeEvent, Progress, Refusal, RefusalCode, Spec, SpecId, SpecKind};
use reweave_proto::{
    convert,
    wire::synthesis::{
        SynthesizeRequest, synthesis_service_client::SynthesisServiceClient, synthesize_response::Event,
    },
};
use tonic::{Status, transport::Channel};

/// How the work ended.
#[derive(Debug)]
pub(super) enum End {
    Outcome(Box<OutcomeEvent>),
    Refused(Refusal),
    Failed(Failure),
}

/// A failure that may not come again.
#[derive(Debug)]
pub(super) struct Failure {
    /// What to refuse the spec with when no try is left.
    pub(super) refusal: Refusal,
    /// Whether synthesis had the spec: only then can the spec be what broke it.
    pub(super) reached: bool,
}

/// Has synthesis work on `spec`; each step forward goes to `step`. Dropping the future stops the work.
pub(super) async fn synthesize(
    client: &SynthesisServiceClient<Channel>,
    spec_id: SpecId,
    spec: Spec,
    mut step: impl FnMut(Progress),
) -> End {
    let request = SynthesizeRequest { spec_id: spec_id.to_string(), spec: Some(spec.into()), local: false };
    let mut stream = match client.clone().synthesize(request).await {
        Ok(response) => response.into_inner(),
        Err(status) => return failed(&status),
    };
    loop {
        match stream.message().await {
            Err(status) => return failed(&status),
            Ok(None) => return broken("synthesis ended the stream without an outcome"),
            Ok(Some(response)) => match response.event {
                Some(Event::Outcome(outcome)) => return read_outcome(spec_id, outcome.try_into()),
                Some(Event::Progress(event)) => match convert::read_progress(event) {
                    Ok((_, progress)) => step(progress),
                    Err(error) => tracing::warn!(%spec_id, %error, "progress that cannot be read"),
                },
                None => {}
            },
        }
    }
}

/// The priority among waiting specs; a batch goes by its highest item.
pub(super) fn priority(spec: &Spec) -> i32 {
    match &spec.kind {
        SpecKind::Refactor(plan) => plan.priority,
        SpecKind::Edit(edit) => edit.priority,
        SpecKind::Batch(batch) => batch.items.iter().map(reweave_core::BatchItem::priority).max().unwrap_or(0),
        SpecKind::Issue(_) => 0,
    }
}

fn read_outcome(spec_id: SpecId, outcome: Result<OutcomeEvent, convert::Malformed>) -> End {
    match outcome {
        Ok(outcome) if outcome.spec_id == spec_id => match neighbour_away(&outcome) {
            // Synthesis lives and says so: the spec is not what broke it.
            Some(refusal) => End::Failed(Failure { refusal: refusal.clone(), reached: false }),
            None => End::Outcome(Box::new(outcome)),
        },
        Ok(other) => broken(&format!("synthesis answered spec {}", other.spec_id)),
        Err(error) => broken(&format!("synthesis sent an outcome that cannot be read: {error}")),
    }
}

/// A refusal that is about a service behind synthesis and not about the spec, and may not come again.
fn neighbour_away(event: &OutcomeEvent) -> Option<&Refusal> {
    match &event.outcome {
        Outcome::Refusal(refusal) if refusal.code == RefusalCode::ServiceUnavailable => Some(refusal),
        Outcome::Refusal(_) | Outcome::Patch(_) | Outcome::Unchanged(_) | Outcome::Batch(_) => None,
    }
}

fn broken(reason: &str) -> End {
    End::Failed(Failure { refusal: Refusal::new(RefusalCode::Internal, reason), reached: true })
}

/// What comes from the transport, or from a service under strain, may not come again.
fn failed(status: &Status) -> End {
    let refusal = status::to_refusal(status);
    let passing = matches!(
        refusal.code,
        RefusalCode::ServiceUnavailable
            | RefusalCode::ResourceExhausted
            | RefusalCode::Cancelled
            | RefusalCode::DeadlineExceeded
            | RefusalCode::Internal
    );
    if !passing {
        return End::Refused(refusal);
    }
    let refusal = Refusal { code: final_code(refusal.code), ..refusal };
    End::Failed(Failure { refusal, reached: !never_connected(status) })
}

/// A stream that the other side cut is not a cancellation by the caller, nor a deadline of the spec.
fn final_code(code: RefusalCode) -> RefusalCode {
    if matches!(code, RefusalCode::Cancelled | RefusalCode::DeadlineExceeded) {
        return RefusalCode::ServiceUnavailable;
    }
    code
}

fn never_connected(status: &Status) -> bool {
    std::iter::successors(status.source(), |&error| error.source()).any(|error| error.is::<tonic::ConnectError>())
}
