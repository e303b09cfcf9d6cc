//! A place in a spec, and the refusals that name it.

use std::fmt;

use reweave_core::{EvidenceKind, Refusal, RefusalCode, limits};

/// A dotted path from the spec's root, as a person would write it: `batch.items[2].refactor.operator.name`.
#[derive(Clone, Debug)]
pub(super) struct Field(String);

impl Field {
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    pub(super) fn at(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// A refusal that names this field as evidence; `problem` reads on from its name.
    pub(super) fn refuse(&self, code: RefusalCode, problem: impl fmt::Display) -> Refusal {
        Refusal::new(code, format!("`{self}` {problem}")).with(EvidenceKind::Field, format!("field {self}"))
    }

    pub(super) fn invalid(&self, problem: impl fmt::Display) -> Refusal {
        self.refuse(RefusalCode::SpecInvalid, problem)
    }

    /// Free text, possibly empty.
    pub(super) fn text(&self, text: String) -> Result<String, Refusal> {
        self.bytes(&text, limits::TEXT_BYTES_MAX).map(|()| text)
    }

    pub(super) fn required_text(&self, text: String) -> Result<String, Refusal> {
        if text.trim().is_empty() {
            return Err(self.invalid("is empty"));
        }
        self.text(text)
    }

    /// A name of something in the code or of an operator: not empty, one line.
    pub(super) fn name(&self, name: String) -> Result<String, Refusal> {
        if name.trim().is_empty() {
            return Err(self.invalid("is empty"));
        }
        if name.chars().any(char::is_control) {
            return Err(self.invalid("holds a control character"));
        }
        self.bytes(&name, limits::NAME_BYTES_MAX).map(|()| name)
    }

    pub(super) fn parsed<T: std::str::FromStr<Err: fmt::Display>>(&self, text: &str) -> Result<T, Refusal> {
        text.parse().map_err(|error: T::Err| self.invalid(format_args!("is not usable: {error}")))
    }

    pub(super) fn count(&self, given: usize, min: usize, max: usize) -> Result<(), Refusal> {
        if given < min {
            return Err(self.invalid(format_args!("holds {given} entries, and needs at least {min}")));
        }
        if given > max {
            let refusal = self.invalid(format_args!("holds {given} entries, and may hold {max}"));
            return Err(refusal.with(EvidenceKind::Limit, format!("{given} of at most {max}")));
        }
        Ok(())
    }

    fn bytes(&self, text: &str, max: usize) -> Result<(), Refusal> {
        if text.len() <= max {
            return Ok(());
        }
        let refusal = self.invalid(format_args!("is {} bytes long, and may be {max}", text.len()));
        Err(refusal.with(EvidenceKind::Limit, format!("{} of at most {max} bytes", text.len())))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
