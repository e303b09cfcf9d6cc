//! How a request's holes are to be refilled.

/// A way to find a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Technique {
    /// Refactor operators and mutation: no model.
    Rewrite,
    /// Masked diffusion by a mounted model.
    Diffusion,
    /// Fill-in-the-middle by a mounted model, one token after the other.
    Autoregressive,
}

impl Technique {
    /// Every technique with its name on every door.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Rewrite, "rewrite"), (Self::Diffusion, "diffusion"), (Self::Autoregressive, "autoregressive")];

    /// The technique's name on every door.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(technique, _)| technique == self).map_or("rewrite", |(_, name)| name)
    }

    /// The technique of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(technique, _)| *technique)
    }
}

/// How much work goes into one hole; `decode::preset` says what each comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    Fast,
    Balanced,
    Quality,
    /// One step: for trying out a pipeline.
    Mock,
}

impl Preset {
    /// Every preset with its name on every door.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Fast, "fast"), (Self::Balanced, "balanced"), (Self::Quality, "quality"), (Self::Mock, "mock")];

    /// The preset's name on every door.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        Self::ALL.iter().find(|(preset, _)| preset == self).map_or("balanced", |(_, name)| name)
    }

    /// The preset of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, other)| *other == name).map(|(preset, _)| *preset)
    }
}

/// What a spec says of it; what it leaves open is the operator's configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generation {
    /// In the order in which they are tried; each starts where those before it found nothing. Empty: as configured.
    pub techniques: Vec<Technique>,
    pub preset: Option<Preset>,
    /// Scale of classifier-free guidance: 1 is plain conditional decoding. From 0 to
    /// [`limits::GUIDANCE_MAX`](crate::limits::GUIDANCE_MAX).
    pub guidance: Option<f32>,
    /// Most denoising steps of one hole; 1 up to [`limits::STEPS_MAX`](crate::limits::STEPS_MAX).
    pub steps: Option<u32>,
    /// Of draws; 0 takes the best token. From 0 to [`limits::TEMPERATURE_MAX`](crate::limits::TEMPERATURE_MAX).
    pub temperature: Option<f32>,
}
