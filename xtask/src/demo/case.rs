//! The cases of the demo: `examples/demo.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use super::outcome::Facts;

/// One spec over one workspace.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) spec: PathBuf,
    pub(super) workspace: PathBuf,
    pub(super) expected: Expected,
    spec_shown: String,
    workspace_shown: String,
}

/// What must come of it.
#[derive(Debug)]
pub(super) struct Expected {
    exit_code: i64,
    /// As [`Facts::outcome`] spells it.
    outcome: String,
    /// Lines that the diff must add.
    adds: Vec<String>,
}

/// Reads every case.
pub(super) fn read_all(examples: &Path) -> anyhow::Result<Vec<Case>> {
    let path = examples.join("demo.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let cases: Vec<Value> = serde_json::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
    cases.iter().map(|case| Case::read(examples, case)).collect()
}

impl Case {
    fn read(examples: &Path, case: &Value) -> anyhow::Result<Self> {
        let (spec, workspace) = (text(case, "/spec")?, text(case, "/workspace")?);
        let read = Self {
            name: text(case, "/name")?,
            spec: examples.join(&spec),
            workspace: examples.join(&workspace),
            expected: Expected::read(case)?,
            spec_shown: format!("examples/{spec}"),
            workspace_shown: format!("examples/{workspace}"),
        };
        for path in [&read.spec, &read.workspace] {
            if !path.exists() {
                bail!("{} is not there", path.display());
            }
        }
        Ok(read)
    }

    pub(super) fn spec_shown(&self) -> &str {
        &self.spec_shown
    }

    pub(super) fn workspace_shown(&self) -> &str {
        &self.workspace_shown
    }

    /// The spec's file name without its extension.
    pub(super) fn stem(&self) -> &str {
        self.spec.file_stem().and_then(|stem| stem.to_str()).unwrap_or("case")
    }
}

impl Expected {
    fn read(case: &Value) -> anyhow::Result<Self> {
        let adds = case.pointer("/expect/adds").and_then(Value::as_array).context("a case lacks /expect/adds")?;
        Ok(Self {
            exit_code: case
                .pointer("/expect/exit_code")
                .and_then(Value::as_i64)
                .context("a case lacks an exit code")?,
            outcome: text(case, "/expect/outcome")?,
            adds: adds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// How what came differs from what was expected.
    pub(super) fn problems(&self, exit_code: Option<i32>, facts: &Facts) -> Vec<String> {
        let mut problems = Vec::new();
        if exit_code.map(i64::from) != Some(self.exit_code) {
            problems.push(format!("exit code {exit_code:?}, expected {}", self.exit_code));
        }
        if facts.outcome != self.outcome {
            let reasons = facts.reasons.join("; ");
            problems.push(format!("outcome {} ({reasons}), expected {}", facts.outcome, self.outcome));
        }
        for line in &self.adds {
            let added = format!("+{line}");
            if !facts.diff.lines().any(|of_diff| of_diff == added) {
                problems.push(format!("the diff does not add `{line}`:\n{}", facts.diff));
            }
        }
        problems.extend(facts.broken_promises.iter().cloned());
        problems
    }
}

fn text(case: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = case.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("a case lacks {pointer}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected { exit_code: 0, outcome: "patch".into(), adds: vec!["import re".into()] }
    }

    fn patch(diff: &str) -> Facts {
        Facts { outcome: "patch".into(), diff: diff.into(), ..Facts::default() }
    }

    #[test]
    fn the_expected_outcome_has_no_problems() {
        assert_eq!(expected().problems(Some(0), &patch("+import re\n")), Vec::<String>::new());
    }

    #[test]
    fn another_exit_code_outcome_or_diff_is_a_problem_each() {
        assert_eq!(expected().problems(Some(1), &patch("+import re\n")).len(), 1);
        assert_eq!(expected().problems(None, &patch("+import re\n")).len(), 1);
        assert_eq!(expected().problems(Some(0), &patch("+import regex\n")).len(), 1);
        let refused = Facts { outcome: "search.none_proven".into(), ..Facts::default() };
        assert_eq!(expected().problems(Some(0), &refused).len(), 2);
    }

    #[test]
    fn a_patch_that_breaks_a_promise_is_a_problem() {
        let facts = Facts { broken_promises: vec!["can_apply is false".into()], ..patch("+import re\n") };
        assert_eq!(expected().problems(Some(0), &facts).len(), 1);
    }

    #[test]
    fn the_committed_cases_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(read_all(&root.join("examples")).unwrap().len() >= 6);
    }
}
