//! Whether the result leaves a name unresolved that the base did not.

use std::collections::HashMap;

use super::{Judged, Verdict};

/// Names unresolved in the base may stay so, as often as they were.
pub(super) fn check(judged: &Judged<'_>) -> Verdict {
    let (Some(base), Some(result)) = (judged.base.unresolved(), judged.result.unresolved()) else {
        return Ok(format!("names are not looked at in {}", judged.base.language().name()));
    };
    let mut known: HashMap<&str, usize> = HashMap::new();
    for reference in base {
        *known.entry(reference.name.as_str()).or_default() += 1;
    }
    let mut kept = 0_usize;
    for reference in result {
        match known.get_mut(reference.name.as_str()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                kept += 1;
            }
            _ => {
                let line = judged.result.line(reference.span.start);
                return Err(format!("`{}` on line {line} is not bound, imported or built in", reference.name));
            }
        }
    }
    Ok(match kept {
        0 => "every name resolves".to_owned(),
        kept => format!("every name resolves but {kept} that did not in the base"),
    })
}
