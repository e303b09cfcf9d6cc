//! The operators on small files, one rule each.

use expect_test::{Expect, expect};
use reweave_core::{Candidate, FileText, Language, OperatorCall, Proposal, RefactorPlan, Refusal};
use reweave_syntax::ParsedFile;

use super::propose;

mod method_to_function;
mod properties;
mod rename;
mod rename_members;

pub(super) fn plan(operator: &str, target: &str, parameters: &[(&str, &str)]) -> RefactorPlan {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RefactorPlan {
        file_path: "pkg/mod.py".parse().expect("a valid path"),
        edit_targets: if target.is_empty() { Vec::new() } else { vec![target.to_owned()] },
        intent: String::new(),
        condition: String::new(),
        context: String::new(),
        language: Language::Python,
        priority: 0,
        operator: Some(OperatorCall { name: operator.to_owned(), parameters: parameters.iter().map(owned).collect() }),
        checks: Vec::new(),
        target_checks: Vec::new(),
    }
}

pub(super) fn parse(text: &str) -> ParsedFile {
    let file = FileText { path: "pkg/mod.py".parse().expect("a valid path"), text: text.to_owned() };
    ParsedFile::parse(Language::Python, file).expect("it parses")
}

pub(super) fn candidate(text: &str, plan: &RefactorPlan, others: &[FileText]) -> Result<Candidate, Refusal> {
    match propose(&parse(text), plan, others)? {
        Proposal::Candidate(candidate) => Ok(candidate),
        Proposal::Unchanged(why) => panic!("unchanged: {why}"),
    }
}

/// The text after, which must parse, or the refusal with its evidence.
pub(super) fn outcome(text: &str, plan: &RefactorPlan, others: &[FileText]) -> String {
    match candidate(text, plan, others) {
        Ok(candidate) => {
            let after = candidate.edits.apply(text);
            let report = reweave_syntax::gates::check(&parse(text), &candidate);
            assert_eq!((report.refused, report.validation.bytes_changed_outside), (None, 0), "{after}");
            for (edit, masked) in candidate.edits.as_slice().iter().zip(&candidate.masked) {
                assert_eq!(edit.span, masked.span, "what is masked is exactly what is edited");
            }
            after
        }
        Err(refusal) => shown(&refusal),
    }
}

fn shown(refusal: &Refusal) -> String {
    let evidence = refusal.evidence.iter().map(|evidence| {
        let line = evidence.line.map_or(String::new(), |line| format!("line {line}: "));
        format!("  {line}{}\n", evidence.detail)
    });
    assert!(!refusal.next_command.is_empty(), "a refusal names what to do next: {}", refusal.reason);
    format!("{}: {}\n{}  next: {}\n", refusal.code, refusal.reason, evidence.collect::<String>(), refusal.next_command)
}

#[test]
fn the_intent_is_read_when_no_operator_is_named() {
    let text = "class C:\n    def m(self):\n        return 1\n";
    let by_words = |intent: &str| {
        let plan = RefactorPlan { operator: None, intent: intent.to_owned(), ..plan("", "", &[]) };
        outcome(text, &plan, &[])
    };
    let moved = "def m(self):\n    return 1\n\n\nclass C:\n    pass\n";
    assert_eq!(by_words("Move method C.m to a function"), moved);
    assert_eq!(
        by_words("Turn the method `C.m` into a function named `n`."),
        "def n(self):\n    return 1\n\n\nclass C:\n    pass\n"
    );
    expect![[r#"
        operator.unknown: the intent does not say which operator is meant
          rename [to (required), from, unknown_uses]: Renames a function, class, method, variable, parameter or import with its uses in the file
          method_to_function [name, unknown_uses]: Turns a method into a function of the module and rewrites its uses in the file
          next: set `operator.name`, or say it as in `rename old_name to new_name` or `move method Class.method to a function`
    "#]].assert_eq(&by_words("make it faster"));
}

#[test]
fn parameters_are_checked() {
    let text = "class C:\n    def m(self):\n        return 1\n";
    let refuse = |operator, parameters: &[(&str, &str)], expected: Expect| {
        expected.assert_eq(&outcome(text, &plan(operator, "C.m", parameters), &[]));
    };
    refuse(
        "inline",
        &[],
        expect![[r#"
            operator.unknown: there is no operator `inline`
              rename [to (required), from, unknown_uses]: Renames a function, class, method, variable, parameter or import with its uses in the file
              method_to_function [name, unknown_uses]: Turns a method into a function of the module and rewrites its uses in the file
              next: set `operator.name`, or say it as in `rename old_name to new_name` or `move method Class.method to a function`
        "#]],
    );
    refuse(
        "method_to_function",
        &[("nmae", "x")],
        expect![[r#"
        operator.parameter: `method_to_function` takes no parameter `nmae`
          operator.parameters.nmae
          name: the function's name (default: the method's own)
          unknown_uses: what to do with uses on receivers the file does not show: `refuse` (default), `keep` or `rewrite`
          next: correct the parameters of `method_to_function`
    "#]],
    );
    refuse(
        "method_to_function",
        &[("name", "not a name")],
        expect![[r#"
        operator.parameter: `not a name` is not an identifier
          operator.parameters.name
          next: give `name` a Python identifier, such as `new_name`
    "#]],
    );
    refuse(
        "method_to_function",
        &[("unknown_uses", "maybe")],
        expect![[r#"
        operator.parameter: `maybe` is not one of `refuse`, `keep`, `rewrite`
          operator.parameters.unknown_uses
          name: the function's name (default: the method's own)
          unknown_uses: what to do with uses on receivers the file does not show: `refuse` (default), `keep` or `rewrite`
          next: correct the parameters of `method_to_function`
    "#]],
    );
}

#[test]
fn a_file_with_syntax_errors_is_refused() {
    let text = "class C:\n    def m(self):\n        return 1\n\ndef broken(:\n    pass\n";
    expect![[r#"
        source.syntax_broken: the file has syntax errors, so its uses of a name cannot all be found
          line 5: Expected a parameter or the end of the parameter list
          next: repair line 5 first
    "#]]
    .assert_eq(&outcome(text, &plan("method_to_function", "C.m", &[]), &[]));
}
