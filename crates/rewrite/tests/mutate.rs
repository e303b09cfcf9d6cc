//! Mutation as its caller sees it: what is proposed, in which order, and what never is.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use expect_test::{Expect, expect};
use proptest::prelude::*;
use reweave_core::{Candidate, Diagnostic, FileText, Language, LineRange, Span};
use reweave_rewrite::mutate::{Focus, LineSuspicion, propose};
use reweave_syntax::{Gate, ParsedFile, gates};

fn parse(text: &str) -> ParsedFile {
    let file = FileText { path: "m.py".parse().unwrap(), text: text.to_owned() };
    ParsedFile::parse(Language::Python, file).unwrap()
}

fn all(text: &str, focus: &Focus) -> Vec<Candidate> {
    propose(&parse(text), focus, 10_000).expect("it is Python")
}

fn undefined(line: u32, name: &str) -> Focus {
    let message = format!("Undefined name `{name}`");
    let diagnostics = vec![Diagnostic { line, column: None, code: "F821".into(), message }];
    Focus { diagnostics, ..Focus::default() }
}

/// The first `count` candidates, one a line.
fn show(text: &str, focus: &Focus, count: usize, expected: &Expect) {
    let candidates = all(text, focus);
    let lines = candidates.iter().take(count).map(|each| format!("{}: {}\n", each.operator, each.description));
    expected.assert_eq(&lines.collect::<String>());
}

/// Whether some candidate of `operator` yields exactly `result`.
fn yields(text: &str, operator: &str, result: &str) -> bool {
    let candidates = all(text, &Focus::default());
    candidates.iter().any(|each| each.operator == operator && each.edits.apply(text) == result)
}

const SAMPLE: &str = r#""""Doc."""
from typing import List
import os

LIMIT = 10

class Box:
    """A box."""
    def __init__(self, items: List[int], size=1):
        self.items = items
        self.size = size

    def total(self, start, stop):
        result = 0
        for i in range(start, stop):
            if self.items[i] > LIMIT and not (i == self.size or i - 1 < -2):
                result += self.items[i] * 2 - (start + stop) ** 2
                continue
            elif result is None:
                break
        return max(result, abs(start - stop)) if result else None

def words(text):
    seen = {}
    for word in text.lower().split(" "):
        seen[word] = seen.get(word, 0) + 1
    return sorted(seen, key=lambda each: (-seen[each], each))[1:]
"#;

#[test]
fn the_likeliest_slips_come_first() {
    show(
        "def f(a, b):\n    return a < b + 1\n",
        &Focus::default(),
        6,
        &expect![[r#"
        comparison: replace `<` by `>=` in `a < b + 1`
        comparison: replace `<` by `<=` in `a < b + 1`
        comparison: replace `<` by `>` in `a < b + 1`
        arithmetic: replace `+` by `-` in `b + 1`
        literal: replace `1` by `2`
        arithmetic: replace `b + 1` by `b`
    "#]],
    );
}

#[test]
fn a_diagnosed_name_comes_before_all_else() {
    show(
        "def area(width, height):\n    return widht * height\n",
        &undefined(2, "widht"),
        3,
        &expect![[r#"
        undefined_name: replace undefined `widht` by `width`
        arithmetic: replace `*` by `/` in `widht * height`
        arithmetic: replace `widht * height` by `widht`
    "#]],
    );
}

#[test]
fn a_name_of_the_same_words_in_another_order_comes_first() {
    let text = "def f(separator, text):\n    re_sep = separator\n    return text.split(sep_re)\n";
    show(
        text,
        &undefined(3, "sep_re"),
        1,
        &expect![[r#"
        undefined_name: replace undefined `sep_re` by `re_sep`
    "#]],
    );
}

#[test]
fn lines_that_are_put_in_have_the_marks_tabs_and_line_ends_of_the_file() {
    let windows = "\u{feff}import os\r\n\r\n\r\ndef f(a):\r\n\tif a:\r\n\t\tb = math.pi\r\n\tb = os.sep\r\n";
    let inserted = |text: &str, operator: &str| {
        let candidates = propose(&parse(text), &undefined(6, "math"), 10_000).expect("it is Python");
        let first = candidates.into_iter().find(|each| each.operator == operator).unwrap();
        first.edits.apply(text)
    };
    let imported = windows.replace("import os\r\n", "import math\r\nimport os\r\n");
    assert_eq!(inserted(windows, "import"), imported);
    assert_eq!(inserted(windows, "return"), format!("{windows}\treturn b\r\n"));
    // One line from elsewhere does not make a file of many lines another file.
    let mixed = windows.replacen("\r\n", "\n", 7).replace("import os\n", "import os\r\n");
    assert_eq!(inserted(&mixed, "import"), mixed.replace("import os\r\n", "import math\nimport os\r\n"));
}

#[test]
fn a_known_module_is_imported_where_imports_stand() {
    let first = |text: &str, name: &str| {
        let line = text.lines().position(|line| line.contains(name)).unwrap() as u32 + 1;
        let candidates = all(text, &undefined(line, name));
        let best = candidates.first().unwrap();
        assert_eq!(best.operator, "import", "{}", best.description);
        best.edits.apply(text)
    };
    assert_eq!(first("x = np.zeros(3)\n", "np"), "import numpy as np\n\nx = np.zeros(3)\n");
    assert_eq!(first("def f():\n    return os.sep\n", "os"), "import os\n\n\ndef f():\n    return os.sep\n");
    assert_eq!(first("\"\"\"Doc.\"\"\"\n\nx = re.M\n", "re"), "\"\"\"Doc.\"\"\"\n\nimport re\n\nx = re.M\n");
    assert_eq!(
        first("from __future__ import annotations\n\nimport sys\n\nx = json\n", "json"),
        "from __future__ import annotations\n\nimport json\nimport sys\n\nx = json\n"
    );
    assert_eq!(
        first("from typing import Any, List\nx: Any\ny = Optional[int]\n", "Optional"),
        "from typing import Any, List, Optional\nx: Any\ny = Optional[int]\n"
    );
    assert_eq!(
        first("import os\nimport numpy\nx = Path(os.sep)\n", "Path"),
        "import os\nfrom pathlib import Path\nimport numpy\nx = Path(os.sep)\n"
    );
    assert_eq!(first("x = datetime.now()\n", "datetime"), "from datetime import datetime\n\nx = datetime.now()\n");
    assert_eq!(first("x = time.time()\n", "time"), "import time\n\nx = time.time()\n");
    assert_eq!(first("x = pprint(1)\n", "pprint"), "from pprint import pprint\n\nx = pprint(1)\n");
    assert_eq!(first("# Licence.\r\nx = math.pi\r\n", "math"), "# Licence.\r\nimport math\r\n\r\nx = math.pi\r\n");
}

#[test]
fn an_import_stays_within_the_lines_that_may_change() {
    let text = "import os\n\ndef f():\n    return json.dumps(os.sep)\n";
    let focus = Focus { lines: Some(LineRange { start: 4, end: 4 }), ..undefined(4, "json") };
    let best = all(text, &focus).into_iter().next().unwrap();
    assert_eq!(best.edits.apply(text), "import os\n\ndef f():\n    import json\n    return json.dumps(os.sep)\n");
}

#[test]
fn a_member_without_self_is_given_one() {
    let text = "class A:\n    def f(self):\n        self.size = 1\n        return size\n";
    let best = all(text, &undefined(4, "size")).into_iter().next().unwrap();
    assert_eq!((best.operator, best.description.as_str()), ("self", "replace undefined `size` by `self.size`"));
}

#[test]
fn a_replaced_operator_keeps_the_grouping() {
    assert!(yields("x = a + b * c\n", "arithmetic", "x = a + (b - c)\n"));
    assert!(yields("x = (a - b) + c\n", "arithmetic", "x = (a - b) * c\n"));
    assert!(yields("x = a - b + c\n", "arithmetic", "x = (a - b) * c\n"));
    assert!(yields("x = a * b\n", "arithmetic", "x = a ** b\n"));
    assert!(yields("x = a or b or c\n", "boolean", "x = (a or b) and c\n"));
    assert!(yields("x = not a == b\n", "boolean", "x = a == b\n"));
    assert!(yields("while(a):\n    pass\n", "boolean", "while not (a):\n    pass\n"));
}

#[test]
fn a_word_never_grows_together_with_its_neighbour() {
    assert!(yields("def f(a, b):\n    return(a) or(b)\n", "boolean", "def f(a, b):\n    return(a) and(b)\n"));
    assert!(yields("x = 1 if a else(not b)\n", "boolean", "x = 1 if a else(b)\n"));
    for candidate in all("def f(a):\n    return(a - 1)\n", &Focus::default()) {
        let result = parse(&candidate.edits.apply("def f(a):\n    return(a - 1)\n"));
        assert!(result.errors().is_empty(), "{}", candidate.description);
    }
}

#[test]
fn statements_are_deleted_whole_and_a_block_never_becomes_empty() {
    let text = "def f(a):\n    a.sort()\n    return a\n";
    assert!(yields(text, "deletion", "def f(a):\n    return a\n"));
    assert!(yields(text, "deletion", "def f(a):\n    a.sort()\n"));
    assert!(yields("if a:\n    b()\n", "deletion", "if a:\n    pass\n"));
}

#[test]
fn a_statement_moves_out_of_the_block_it_ends_and_into_the_one_before() {
    let inside = "def f(a):\n    for x in a:\n        g(x)\n        return x\n";
    let after = "def f(a):\n    for x in a:\n        g(x)\n    return x\n";
    assert!(yields(inside, "statement_order", after));
    assert!(yields(after, "statement_order", inside));
}

#[test]
fn a_call_of_a_coroutine_is_awaited_where_that_is_possible() {
    let text = "async def g():\n    pass\nasync def f():\n    x = g()\ndef h():\n    g()\n";
    let awaiting: Vec<Candidate> = all(text, &Focus::default());
    let results: Vec<String> =
        awaiting.iter().filter(|each| each.operator == "await").map(|each| each.edits.apply(text)).collect();
    assert_eq!(results, [text.replace("x = g()", "x = await g()")]);
}

#[test]
fn lines_that_failing_tests_run_through_and_passing_ones_do_not_come_first() {
    let text = "def f(a, b):\n    if a < 0:\n        return a - b\n    return a + b\n";
    let line = |line, failing, passing| LineSuspicion { line, failing, passing };
    let coverage = vec![line(2, 2, 9), line(3, 2, 0), line(4, 0, 9)];
    let candidates = all(text, &Focus { coverage, ..Focus::default() });
    let line_of = |candidate: &Candidate| {
        let start = candidate.edits.as_slice()[0].span.start;
        text[..start].matches('\n').count() + 1
    };
    assert_eq!(line_of(&candidates[0]), 3);
    assert_eq!(line_of(candidates.last().unwrap()), 4);
}

#[test]
fn docstrings_types_and_imports_are_left_alone() {
    let text = "\"\"\"Doc.\"\"\"\nimport os\n\ndef f(a: int) -> str:\n    \"\"\"Doc 1.\"\"\"\n    return os\n";
    for candidate in all(text, &Focus::default()) {
        let result = candidate.edits.apply(text);
        for kept in ["\"\"\"Doc.\"\"\"", "import os", "(a: int) -> str:", "\"\"\"Doc 1.\"\"\""] {
            assert!(result.contains(kept), "{}", candidate.description);
        }
    }
}

#[test]
fn a_limit_keeps_the_best() {
    let whole = all(SAMPLE, &Focus::default());
    let few = propose(&parse(SAMPLE), &Focus::default(), 25).expect("it is Python");
    assert_eq!(few.len(), 25);
    assert_eq!(few, whole[..25]);
}

#[test]
fn every_candidate_passes_the_gates_or_is_stopped_by_names_alone() {
    let base = parse(SAMPLE);
    let candidates = all(SAMPLE, &Focus::default());
    assert!(candidates.len() > 300, "{}", candidates.len());
    for candidate in &candidates {
        let report = gates::check(&base, candidate);
        let stopped = report.refused.filter(|gate| *gate != Gate::Names);
        assert_eq!(stopped, None, "{}: {:?}", candidate.description, report.reason());
    }
}

proptest! {
    #[test]
    fn no_edit_leaves_its_mask_or_the_lines(start in 1u32..28, more in 0u32..6) {
        let lines = LineRange { start, end: start + more };
        let focus = Focus { lines: Some(lines), ..Focus::default() };
        let span = lines.span(SAMPLE).unwrap_or(Span::new(0, 0));
        for candidate in all(SAMPLE, &focus) {
            for edit in candidate.edits.as_slice() {
                prop_assert!(candidate.masked[0].span.contains(edit.span), "{}", candidate.description);
                prop_assert!(edit.span.start <= span.end && edit.span.end >= span.start, "{}", candidate.description);
            }
        }
    }

    #[test]
    fn any_text_yields_the_same_candidates_twice(text in "[a-f(){}\\[\\]:=<+\\- \n\"1.,]{0,60}") {
        let focus = Focus::default();
        prop_assert_eq!(all(&text, &focus), all(&text, &focus));
    }
}
