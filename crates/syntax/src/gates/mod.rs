//! Gates in cost order: what a candidate must pass before any check is run on it.
//!
//! Goto type → fragment → strict parse → names → bytes outside. The first two look at the new texts alone; they are
//! sufficient, not necessary, so that what they doubt is decided by the strict parse before it is refused.

mod fill;
mod fragment;
mod names;
mod outside;
mod shape;
#[cfg(test)]
mod tests;

use reweave_core::{Candidate, Edit, Edits, GateResult, Proposer, Sha256, Validation};

use self::fill::{Fill, Fit};
use crate::ParsedFile;
use crate::fingerprint::fingerprint;

/// One gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Every fill is of a kind that the grammar lets stand in its place.
    GotoType,
    /// Every fill parses by itself.
    Fragment,
    /// The result has no more syntax errors than the base, and every fill is one node of it.
    StrictParse,
    /// No name is left unresolved that was not so in the base.
    Names,
    /// Nothing differs outside the masked spans.
    BytesOutside,
}

/// Says of single edits of one file, without parsing the file again, whether the result will parse.
///
/// A yes is meant to be right always; a no says only that it is not known.
pub struct Predictor<'a>(fill::Reader<'a>);

impl<'a> Predictor<'a> {
    /// A predictor for edits of `base`.
    #[must_use]
    pub fn new(base: &'a ParsedFile) -> Self {
        Self(fill::Reader::new(base))
    }

    /// Whether `edit` puts a node of a kind that fits in the place of one node, and the strict parser takes it.
    pub fn admits(&mut self, edit: &Edit) -> bool {
        self.doubt(edit).is_none()
    }

    /// Why it is not known that the result of `edit` will parse; none where it is.
    pub fn doubt(&mut self, edit: &Edit) -> Option<String> {
        match self.0.fit(edit) {
            Fit::Admitted(text) => fragment::strict_error(self.0.language(), &text),
            Fit::Comment => None,
            Fit::Doubtful(doubt) => Some(doubt),
            Fit::NoNode => Some("the edit replaces no single node".to_owned()),
        }
    }
}

impl std::fmt::Debug for Predictor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Predictor").finish_non_exhaustive()
    }
}

/// What the gates found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReport {
    pub validation: Validation,
    /// The whole text after the edits; the base where they could not be applied.
    pub result: String,
    /// Of the result, up to formatting and the names of locals; only of a mutation that passed, for it has rivals.
    pub fingerprint: Option<Sha256>,
    /// The gate that said no; those after it were not asked.
    pub refused: Option<Gate>,
}

/// Asks the gates in order, and stops at the first that refuses. `base` is the file the candidate was made for.
#[must_use]
pub fn check(base: &ParsedFile, candidate: &Candidate) -> GateReport {
    if let Err(error) = Edits::new(base.text(), candidate.edits.as_slice().to_vec()) {
        let reason = format!("the edits were not made for this text: {error}");
        return GateReport::refused_early(Gate::BytesOutside, reason, base.text().to_owned());
    }
    match ParsedFile::edited(base, &candidate.edits) {
        Err(refusal) => {
            let result = candidate.edits.apply(base.text());
            GateReport::refused_early(Gate::StrictParse, refusal.reason, result)
        }
        Ok(result) => Judged::new(base, candidate, result).climb(),
    }
}

impl Gate {
    /// The gate's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::GotoType => "goto_type",
            Self::Fragment => "fragment",
            Self::StrictParse => "strict_parse",
            Self::Names => "names",
            Self::BytesOutside => "bytes_outside",
        }
    }
}

impl GateReport {
    /// Why the candidate was refused, in the gate's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.validation.gates.iter().find(|gate| !gate.passed).map(|gate| gate.reason.as_str())
    }

    fn refused_early(gate: Gate, reason: String, result: String) -> Self {
        let verdict = GateResult { gate: gate.as_str().to_owned(), passed: false, reason };
        let validation =
            Validation { syntax_valid: false, errors: Vec::new(), gates: vec![verdict], bytes_changed_outside: 0 };
        Self { validation, result, fingerprint: None, refused: Some(gate) }
    }
}

/// What a gate says, with the reason either way.
type Verdict = Result<String, String>;

/// How a gate is asked.
type Ask = fn(&Judged<'_>) -> Verdict;

/// A candidate with all that the gates look at.
struct Judged<'a> {
    base: &'a ParsedFile,
    candidate: &'a Candidate,
    fills: Vec<Fill<'a>>,
    result: ParsedFile,
}

impl<'a> Judged<'a> {
    const LADDER: [(Gate, Ask); 5] = [
        (Gate::GotoType, fragment::goto_type),
        (Gate::Fragment, fragment::fragment),
        (Gate::StrictParse, strict_parse),
        (Gate::Names, names::check),
        (Gate::BytesOutside, outside::check),
    ];

    fn new(base: &'a ParsedFile, candidate: &'a Candidate, result: ParsedFile) -> Self {
        Self { base, candidate, fills: fill::classify(base, &candidate.edits), result }
    }

    fn climb(self) -> GateReport {
        let mut gates = Vec::with_capacity(Self::LADDER.len());
        let mut refused = None;
        for (gate, ask) in Self::LADDER {
            let (passed, reason) = match ask(&self) {
                Ok(reason) => (true, reason),
                Err(reason) => (false, reason),
            };
            gates.push(GateResult { gate: gate.as_str().to_owned(), passed, reason });
            if !passed {
                refused = Some(gate);
                break;
            }
        }
        let validation = Validation {
            syntax_valid: self.gained_error().is_none(),
            errors: self
                .result
                .errors()
                .iter()
                .map(|error| format!("line {}: {}", error.line, error.message))
                .collect(),
            gates,
            bytes_changed_outside: outside::measure(self.base.text(), self.result.text(), self.candidate),
        };
        let one_of_many = match self.candidate.proposer {
            Proposer::Mutation | Proposer::Diffusion | Proposer::Autoregressive => true,
            Proposer::Refactor => false,
        };
        let fingerprint = (refused.is_none() && one_of_many).then(|| fingerprint(&self.result));
        GateReport { validation, result: self.result.into_file().text, fingerprint, refused }
    }

    /// The first syntax error that the base does not have, if the result has more of them than the base.
    fn gained_error(&self) -> Option<String> {
        if self.result.errors().len() <= self.base.errors().len() {
            return None;
        }
        let known = |message: &str| self.base.errors().iter().any(|error| error.message == message);
        let errors = self.result.errors();
        let error = errors.iter().find(|error| !known(&error.message)).or(errors.first())?;
        Some(format!("line {}: {}", error.line, error.message))
    }
}

fn strict_parse(judged: &Judged<'_>) -> Verdict {
    match judged.gained_error() {
        Some(error) => Err(error),
        None => shape::check(judged).map(|()| match judged.result.errors().len() {
            0 => "the result has no syntax error".to_owned(),
            kept => format!("{kept} syntax errors, which the base has too"),
        }),
    }
}
