//! The compiler's own parser, asked about texts whose verdict here is another parser's.

use reweave_core::{EvidenceKind, GateResult, Language, Refusal, RefusalCode, RelativePath};
use reweave_proto::wire::checks::{ParseRequest, checks_service_client::ChecksServiceClient};
use tonic::transport::Channel;

/// The gate's name on the wire.
pub const GATE: &str = "compiler_parse";
/// Errors of a refused text that are told.
const TOLD_MAX: usize = 5;

/// The checks service's door to the compilers' parsers.
#[derive(Clone, Debug)]
pub struct Compiler(ChecksServiceClient<Channel>);

/// A text as the compiler's parser read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The parser's name, such as `go/parser`.
    pub parser: String,
    /// All errors.
    pub count: u32,
    /// The first of them.
    pub errors: Vec<Fault>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    pub message: String,
}

/// What it says of a changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No more errors than the base has.
    Passed(GateResult),
    /// More errors than the base has, and the first of them.
    Refused(GateResult, Vec<Fault>),
    /// Nothing is known, and why: a line for people to read under what was not checked.
    NotChecked(String),
}

impl Compiler {
    /// The parsers of the checks service at the other end of `checks`.
    #[must_use]
    pub fn new(checks: ChecksServiceClient<Channel>) -> Self {
        Self(checks)
    }

    /// Reads a text; the error says why that is not to be had.
    pub async fn read(&self, language: Language, text: &str) -> Result<Reading, String> {
        let request = ParseRequest { language: language.name().to_owned(), source: text.as_bytes().to_vec() };
        let answered = self.0.clone().parse(request).await;
        let answer = answered.map_err(|status| format!("the checks service did not answer: {}", status.message()))?;
        let answer = answer.into_inner();
        if !answer.unavailable.is_empty() {
            return Err(answer.unavailable);
        }
        let errors = answer.errors.into_iter();
        let errors = errors.map(|error| Fault { line: error.line, column: error.column, message: error.message });
        Ok(Reading { parser: answer.parser, count: answer.error_count, errors: errors.collect() })
    }

    /// Reads `result`, and `base` too where `result` has errors: a file that had some may keep them.
    pub async fn judge(&self, language: Language, base: &str, result: &str) -> Verdict {
        let read = match self.read(language, result).await {
            Ok(read) if read.count > 0 => self.read(language, base).await.map(|before| (read, before.count)),
            read => read.map(|read| (read, 0)),
        };
        match read {
            Ok((read, kept)) => compare(read, kept),
            Err(reason) => Verdict::NotChecked(format!("not checked by the compiler's parser: {reason}")),
        }
    }
}

impl Verdict {
    /// The gate's result, if it was asked, and the line under what was not checked, if it was not; a refusal otherwise.
    pub(crate) fn settle(self, path: &RelativePath) -> Result<(Option<GateResult>, Option<String>), Refusal> {
        match self {
            Self::Passed(gate) => Ok((Some(gate), None)),
            Self::NotChecked(reason) => Ok((None, Some(format!("{path}: {reason}")))),
            Self::Refused(gate, faults) => {
                let refusal = Refusal::new(RefusalCode::NoneProven, "the compiler's own parser refuses the change")
                    .with(EvidenceKind::Gate, format!("{GATE}: {}", gate.reason))
                    .next("look at the place in the patch's text; other edits may pass");
                Err(faults.into_iter().fold(refusal, |refusal, fault| {
                    let detail = format!("line {}, column {}: {}", fault.line, fault.column, fault.message);
                    refusal.at(EvidenceKind::Gate, detail, path, fault.line)
                }))
            }
        }
    }
}

fn compare(read: Reading, kept: u32) -> Verdict {
    let Reading { parser, count, mut errors } = read;
    let gate = |passed, reason| GateResult { gate: GATE.to_owned(), passed, reason };
    if count == 0 {
        return Verdict::Passed(gate(true, format!("{parser} finds no error")));
    }
    if count <= kept {
        return Verdict::Passed(gate(true, format!("{parser} finds {count} errors, and {kept} in the base")));
    }
    errors.truncate(TOLD_MAX);
    let first = errors.first().map(|fault| format!(", line {}: {}", fault.line, fault.message)).unwrap_or_default();
    Verdict::Refused(gate(false, format!("{parser} finds {count} errors, and {kept} in the base{first}")), errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(count: u32) -> Reading {
        let fault = |line| Fault { line, column: 2, message: "expected an operand".into() };
        Reading { parser: "go/parser".into(), count, errors: (1..=count.min(20)).map(fault).collect() }
    }

    #[test]
    fn a_file_that_was_broken_may_stay_so_and_never_more() {
        for (count, kept, passes) in
            [(0, 0, true), (0, 3, true), (2, 2, true), (2, 3, true), (3, 2, false), (1, 0, false)]
        {
            let verdict = compare(reading(count), kept);
            assert_eq!(matches!(verdict, Verdict::Passed(_)), passes, "{count} after {kept}: {verdict:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_first_places() {
        let refusal = compare(reading(9), 1).settle(&"a.go".parse().unwrap()).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NoneProven);
        assert_eq!(
            refusal.evidence[0].detail,
            "compiler_parse: go/parser finds 9 errors, and 1 in the base, line 1: expected an operand"
        );
        let places: Vec<_> = refusal.evidence[1..].iter().map(|evidence| evidence.line).collect();
        assert_eq!(places, (1..=5).map(Some).collect::<Vec<_>>());
        assert_eq!(refusal.evidence[1].detail, "line 1, column 2: expected an operand");
    }
}
