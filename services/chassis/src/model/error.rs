//! What can go wrong with a model that is asked over the wire.

use std::time::Duration;

use reweave_decode::protocol::Fault;
use reweave_proto::convert::Malformed;
use tonic::{Code, Status};

use crate::status;

/// Why a model gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service is not there, or went away: the session is lost, and can be rebuilt elsewhere.
    #[error("{doing}: the model service is not to be reached")]
    Unavailable { doing: &'static str, source: Status },
    #[error("{doing}: no answer within {} ms", after.as_millis())]
    TimedOut { doing: &'static str, after: Duration },
    /// The service says what is wrong with the request, or with the model. A session goes on after a fault.
    #[error("the model refuses the request")]
    Fault(#[from] Fault),
    /// The service, or what lies between, does not take the request.
    #[error("{doing}")]
    Rejected { doing: &'static str, source: Status },
    #[error("reading what the model service says")]
    Malformed(#[from] Malformed),
    #[error("the model service answers other {0}")]
    OutOfStep(&'static str),
}

impl Error {
    /// Whether another try, later or elsewhere, may succeed with the same request.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::TimedOut { .. } => true,
            Self::Fault(_) | Self::Rejected { .. } | Self::Malformed(_) | Self::OutOfStep(_) => false,
        }
    }

    pub(super) fn of(doing: &'static str, status: Status) -> Self {
        if let Some(fault) = status::to_fault(&status) {
            return Self::Fault(fault);
        }
        // What the connection did, and not the other side, comes with the transport's own error.
        if std::error::Error::source(&status).is_some() {
            return Self::Unavailable { doing, source: status };
        }
        match status.code() {
            Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Aborted => {
                Self::Unavailable { doing, source: status }
            }
            Code::Ok
            | Code::InvalidArgument
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss
            | Code::Unauthenticated => Self::Rejected { doing, source: status },
        }
    }
}
