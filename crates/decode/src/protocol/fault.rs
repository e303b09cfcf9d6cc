//! Why a canvas, or a whole step, got no prediction.

/// The closed list of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    /// A canvas longer than the model's context.
    TooLong,
    /// More canvases, wanted positions, allow-lists or waiting steps than the bounds say.
    TooMany,
    /// A canvas that the session does not hold, or holds already.
    Canvas,
    /// A position outside its canvas, or wanted twice.
    Position,
    /// A token that the vocabulary does not have.
    Token,
    /// A special token where only text may stand.
    Special,
    /// `top_k` of 0 or above its bound.
    TopK,
    /// A temperature, `top_p` or guidance scale that is not a number in its range.
    Parameter,
    /// An allow-list that is empty, or a position left with nothing to predict.
    NothingAllowed,
    /// A masked position for a model without a mask token, or a kind of attention it does not have.
    Unsupported,
    /// Logits that are not numbers: broken weights.
    NotFinite,
    /// No weights are loaded.
    NoModel,
    /// The queue is full; try again later.
    Overloaded,
    /// The device failed.
    Device,
}

impl FaultCode {
    /// Every code with its name on the wire.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::TooLong, "too_long"),
        (Self::TooMany, "too_many"),
        (Self::Canvas, "canvas"),
        (Self::Position, "position"),
        (Self::Token, "token"),
        (Self::Special, "special"),
        (Self::TopK, "top_k"),
        (Self::Parameter, "parameter"),
        (Self::NothingAllowed, "nothing_allowed"),
        (Self::Unsupported, "unsupported"),
        (Self::NotFinite, "not_finite"),
        (Self::NoModel, "no_model"),
        (Self::Overloaded, "overloaded"),
        (Self::Device, "device"),
    ];

    /// The code's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(code, _)| code == self).map_or("device", |(_, name)| name)
    }

    /// The code of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(code, _)| *code)
    }
}

/// A cause and what exactly it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Fault {
    pub code: FaultCode,
    /// Names the value and its bound.
    pub message: String,
}

impl Fault {
    #[must_use]
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
