//! Which operator a plan means.
//!
//! A named operator is taken as it is. Without one, the intent is read by this table, first row that fits:
//!
//! | the intent says | operator | parameters taken from it |
//! |---|---|---|
//! | `rename x to y`, `rename x -> y`, `rename to y` | `rename` | `to`, and the target when the plan names none |
//! | `method` and `function`, with a word of moving: `move`, `turn`, `convert`, `extract`, `make`, `refactor` | `method_to_function` | `name` after `named`, `called` or `name the new function`, and the target when the plan names none |
//!
//! Nothing else is guessed at.

use reweave_core::{EvidenceKind, RefactorPlan, Refusal, RefusalCode};

use super::{Call, OPERATORS, Operator, Operators, UNKNOWN_USES, UnknownUses};

/// Words that ask for a method to become a function.
const MOVING: [&str; 8] = ["move", "turn", "convert", "extract", "make", "refactor", "pull", "transform"];

/// The call that `plan` asks for.
pub(super) fn read(plan: &RefactorPlan) -> Result<Call, Refusal> {
    let (operator, parameters, said_target) = match &plan.operator {
        Some(call) => (named(&call.name)?, call.parameters.clone(), call.parameter("from").map(str::to_owned)),
        None => from_words(&plan.intent)?,
    };
    let described = operator.describe();
    check_parameters(&described, &parameters)?;
    let target = target(plan, &described, said_target)?;
    let unknown_uses =
        match parameters.iter().find(|(name, _)| name == UNKNOWN_USES.name).map(|(_, value)| value.as_str()) {
            None | Some("refuse") => UnknownUses::Refuse,
            Some("keep") => UnknownUses::Keep,
            Some("rewrite") => UnknownUses::Rewrite,
            Some(other) => {
                let shown: String = other.chars().take(80).collect();
                return Err(bad_parameter(
                    &described,
                    UNKNOWN_USES.name,
                    format!("`{shown}` is not one of `refuse`, `keep`, `rewrite`"),
                ));
            }
        };
    Ok(Call { operator, target, parameters, unknown_uses })
}

fn named(name: &str) -> Result<Operators, Refusal> {
    let shown: String = name.chars().take(80).collect();
    [Operators::Rename, Operators::MethodToFunction]
        .into_iter()
        .find(|operator| operator.describe().name == name)
        .ok_or_else(|| unknown(format!("there is no operator `{shown}`")))
}

fn unknown(reason: String) -> Refusal {
    let refusal = OPERATORS.iter().fold(Refusal::new(RefusalCode::OperatorUnknown, reason), |refusal, operator| {
        refusal.with(EvidenceKind::Suggestion, describe(operator))
    });
    let examples: Vec<String> = OPERATORS.iter().map(|operator| format!("`{}`", operator.example)).collect();
    refusal.next(format!("set `operator.name`, or say it as in {}", examples.join(" or ")))
}

fn describe(operator: &Operator) -> String {
    let parameters: Vec<String> = operator
        .parameters
        .iter()
        .map(|parameter| format!("{}{}", parameter.name, if parameter.required { " (required)" } else { "" }))
        .collect();
    format!("{} [{}]: {}", operator.name, parameters.join(", "), operator.summary)
}

fn check_parameters(operator: &Operator, given: &[(String, String)]) -> Result<(), Refusal> {
    for (name, _) in given {
        if !operator.parameters.iter().any(|parameter| parameter.name == name) {
            let shown: String = name.chars().take(80).collect();
            return Err(bad_parameter(operator, &shown, format!("`{}` takes no parameter `{shown}`", operator.name)));
        }
    }
    for parameter in operator.parameters.iter().filter(|parameter| parameter.required) {
        if !given.iter().any(|(name, _)| name == parameter.name) {
            let reason = format!("`{}` needs the parameter `{}`: {}", operator.name, parameter.name, parameter.meaning);
            return Err(bad_parameter(operator, parameter.name, reason));
        }
    }
    Ok(())
}

fn bad_parameter(operator: &Operator, name: &str, reason: String) -> Refusal {
    let refusal = operator.parameters.iter().fold(
        Refusal::new(RefusalCode::OperatorParameter, reason)
            .with(EvidenceKind::Field, format!("operator.parameters.{name}")),
        |refusal, parameter| {
            refusal.with(EvidenceKind::Suggestion, format!("{}: {}", parameter.name, parameter.meaning))
        },
    );
    refusal.next(format!("correct the parameters of `{}`", operator.name))
}

fn target(plan: &RefactorPlan, operator: &Operator, said: Option<String>) -> Result<String, Refusal> {
    let refuse = |reason: String| {
        Refusal::new(RefusalCode::OperatorParameter, reason)
            .with(EvidenceKind::Field, "edit_targets")
            .next("name exactly one target in `edit_targets`; several changes go in a batch")
    };
    match (plan.edit_targets.as_slice(), said) {
        ([one], _) => Ok(one.clone()),
        ([], Some(said)) => Ok(said),
        ([], None) => Err(refuse(format!("`{}` needs a target", operator.name))),
        (several, _) => Err(refuse(format!("`{}` takes one target, not {}", operator.name, several.len()))),
    }
}

type Said = (Operators, Vec<(String, String)>, Option<String>);

fn from_words(intent: &str) -> Result<Said, Refusal> {
    let words: Vec<&str> =
        intent.split_whitespace().map(|word| word.trim_matches(|c: char| "`'\".,;:()".contains(c))).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let has = |word: &str| lower.iter().any(|other| other == word);
    let after = |at: usize| words.get(at + 1).map(|word| (*word).to_owned());
    if let Some(at) = lower.iter().position(|word| word == "rename") {
        let arrow = lower
            .iter()
            .skip(at)
            .position(|word| matches!(word.as_str(), "to" | "->" | "into" | "as"))
            .map(|offset| at + offset);
        let to = arrow.and_then(after).map(|to| ("to".to_owned(), to));
        let said =
            arrow.filter(|arrow| arrow - at > 1).and_then(|arrow| words.get(arrow - 1)).map(|word| (*word).to_owned());
        return Ok((Operators::Rename, to.into_iter().collect(), said));
    }
    if (has("method") || has("methods")) && has("function") && MOVING.iter().any(|word| has(word)) {
        let marked = lower.iter().position(|word| matches!(word.as_str(), "named" | "called"));
        let new = lower.windows(4).position(|four| four == ["name", "the", "new", "function"]).map(|at| at + 3);
        let name = new.or(marked).and_then(after).map(|name| ("name".to_owned(), name));
        let said = words.iter().find(|word| word.contains('.') && word.split('.').all(|part| !part.is_empty()));
        return Ok((Operators::MethodToFunction, name.into_iter().collect(), said.map(|word| (*word).to_owned())));
    }
    Err(unknown("the intent does not say which operator is meant".to_owned()))
}
