//! Refusals and faults between our own services travel as gRPC statuses: one table from each closed list to gRPC's codes.

use reweave_core::{Refusal, RefusalCode};
use reweave_decode::protocol::{Fault, FaultCode};
use tonic::{Code, Status, metadata::MetadataValue};

/// Metadata that carries the closed code beside gRPC's.
const CODE_KEY: &str = "reweave-code";
/// The same for a fault of the model service.
const FAULT_KEY: &str = "reweave-fault";

/// `refusal` as a status: gRPC's code by the table, the closed code in metadata, the reason as the message.
#[must_use]
pub fn from_refusal(refusal: &Refusal) -> Status {
    let mut status = Status::new(grpc_code(refusal.code), refusal.reason.clone());
    status.metadata_mut().insert(CODE_KEY, MetadataValue::from_static(refusal.code.as_str()));
    status
}

/// The refusal a status stands for. One that none of our services made (a connection lost, a time-out) gets the closed
/// code that comes nearest.
#[must_use]
pub fn to_refusal(status: &Status) -> Refusal {
    let carried = status.metadata().get(CODE_KEY).and_then(|value| value.to_str().ok());
    let code = carried.and_then(|text| text.parse().ok()).unwrap_or_else(|| closed_code(status.code()));
    Refusal::new(code, status.message())
}

/// `fault` as the status of a call that is not a session's step.
#[must_use]
pub fn from_fault(fault: &Fault) -> Status {
    let mut status = Status::new(grpc_code_of_fault(fault.code), fault.message.clone());
    status.metadata_mut().insert(FAULT_KEY, MetadataValue::from_static(fault.code.as_str()));
    status
}

/// The fault a status stands for; none where it is not the model service that speaks.
#[must_use]
pub fn to_fault(status: &Status) -> Option<Fault> {
    let name = status.metadata().get(FAULT_KEY)?.to_str().ok()?;
    Some(Fault::new(FaultCode::by_name(name)?, status.message()))
}

fn grpc_code_of_fault(code: FaultCode) -> Code {
    use FaultCode as F;
    match code {
        F::TooLong
        | F::TooMany
        | F::Canvas
        | F::Position
        | F::Token
        | F::Special
        | F::TopK
        | F::Parameter
        | F::NothingAllowed => Code::InvalidArgument,
        F::Unsupported => Code::Unimplemented,
        F::NoModel => Code::FailedPrecondition,
        F::Overloaded => Code::ResourceExhausted,
        F::NotFinite | F::Device => Code::Internal,
    }
}

fn grpc_code(code: RefusalCode) -> Code {
    use RefusalCode as R;
    match code {
        R::SpecInvalid | R::SpecTooLarge | R::EventInvalid | R::DigestMismatch | R::OperatorParameter => {
            Code::InvalidArgument
        }
        R::SpecForbidden => Code::PermissionDenied,
        R::PlanningUnavailable => Code::Unimplemented,
        R::EventIdReused => Code::AlreadyExists,
        R::EventExpired | R::DeadlineExceeded => Code::DeadlineExceeded,
        R::Cancelled => Code::Cancelled,
        R::WorkspaceUnknown | R::FileMissing | R::TargetMissing | R::OperatorUnknown | R::CheckUnknown => {
            Code::NotFound
        }
        R::AttemptsExhausted
        | R::BudgetExhausted
        | R::ResourceExhausted
        | R::WorkspaceTooLarge
        | R::FileTooLarge
        | R::OutcomeTooLarge => Code::ResourceExhausted,
        R::WorkspaceUnavailable | R::ServiceUnavailable => Code::Unavailable,
        R::StaleBase => Code::Aborted,
        R::Internal => Code::Internal,
        R::PathOutside
        | R::FileEmpty
        | R::NotText
        | R::TooDeep
        | R::TooComplex
        | R::LanguageUnsupported
        | R::SyntaxBroken
        | R::TargetAmbiguous
        | R::NameCollision
        | R::NameCaptured
        | R::Precondition
        | R::DynamicUse
        | R::NoCandidate
        | R::NoneProven
        | R::BatchOverlap
        | R::TooManyEdits
        | R::CheckToolMissing
        | R::CheckUnusable
        | R::SandboxUnavailable
        | R::ModelUnavailable
        | R::ModelFault => Code::FailedPrecondition,
    }
}

fn closed_code(code: Code) -> RefusalCode {
    match code {
        Code::Cancelled => RefusalCode::Cancelled,
        Code::DeadlineExceeded => RefusalCode::DeadlineExceeded,
        Code::ResourceExhausted => RefusalCode::ResourceExhausted,
        Code::Unavailable | Code::Aborted => RefusalCode::ServiceUnavailable,
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => RefusalCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_way_there_and_back() {
        for code in RefusalCode::ALL {
            let refusal = Refusal::new(*code, "why");
            assert_eq!(to_refusal(&from_refusal(&refusal)), refusal);
        }
    }

    #[test]
    fn every_fault_survives_the_way_there_and_back_and_nothing_else_is_one() {
        for (code, _) in FaultCode::ALL {
            let fault = Fault::new(code, "why");
            assert_eq!(to_fault(&from_fault(&fault)), Some(fault));
        }
        assert_eq!(to_fault(&from_refusal(&Refusal::new(RefusalCode::Internal, "why"))), None);
    }

    #[test]
    fn a_status_of_the_transport_gets_the_nearest_code() {
        assert_eq!(to_refusal(&Status::unavailable("gone")).code, RefusalCode::ServiceUnavailable);
        assert_eq!(to_refusal(&Status::unknown("what")).code, RefusalCode::Internal);
    }
}
