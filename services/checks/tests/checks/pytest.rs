//! Test runs, judged by their own report; and ruff.

use reweave_proto::wire::{checks as wire, checks::session_request::Message as Asked};

use crate::kit::Kit;

const MODULE: &str =
    "def double(x):\n    if x < 0:\n        return 0\n    return x + x\n\ndef unused():\n    return 1\n";
const TESTS: &str = "from module import double\n\n\
    def test_good():\n    assert double(2) == 4\n\n\
    def test_bad():\n    assert double(-1) == -2\n";

fn kit(test: &str) -> Kit {
    Kit::new(&[("module.py", MODULE), ("tests/test_module.py", test)]).with_tools()
}

#[tokio::test]
async fn failing_tests_are_named_and_passed_ones_counted() {
    let report = kit(TESTS).run("pytest").await;
    assert_eq!(
        (report.status.as_str(), report.judged_by.as_str(), report.passed),
        ("failed", "report", 1),
        "{}",
        report.log_tail
    );
    assert_eq!(report.failing, ["tests/test_module.py::test_bad"]);
    let finding = &report.findings[0];
    assert_eq!(
        (finding.path.as_str(), finding.line, finding.code.as_str()),
        ("tests/test_module.py", 7, "AssertionError")
    );
}

#[tokio::test]
async fn a_replaced_file_is_what_the_tests_see() {
    let kit = kit(TESTS);
    let mut session = kit.session().await;
    session.opened().await;
    let fixed = MODULE.replace("return 0", "return x * 2");
    let report = session.run_with(&["pytest"], &[("module.py", &fixed)]).await.remove(0);
    assert_eq!((report.status.as_str(), report.passed), ("passed", 2), "{}", report.log_tail);
    // Same size and, perhaps, the same second: compiled files must not be mistaken for current.
    let report = session.run(&["pytest"]).await.remove(0);
    assert_eq!((report.status.as_str(), report.passed), ("failed", 1));
}

#[tokio::test]
async fn leaving_early_with_exit_0_is_not_passing() {
    for leave in ["import os\nos._exit(0)\n", "import os\ndef test_a():\n    os._exit(0)\n"] {
        let report = kit(leave).run("pytest").await;
        assert_eq!((report.status.as_str(), report.exit_code), ("no_report", Some(0)), "{leave}");
    }
    for leave in [
        "import sys\nsys.exit(0)\n",
        "import sys\ndef test_a():\n    sys.exit(0)\n",
        "import pytest\npytest.exit('done', 0)\n",
    ] {
        let report = kit(leave).run("pytest").await;
        assert_eq!(report.status, "failed", "{leave}: {}", report.log_tail);
        assert!(!report.failing.is_empty(), "{leave}");
    }
}

#[tokio::test]
async fn an_exit_code_that_the_tests_turn_to_0_does_not_hide_their_failure() {
    let report =
        kit("import atexit, os\natexit.register(os._exit, 0)\ndef test_a():\n    assert 0\n").run("pytest").await;
    assert_eq!((report.status.as_str(), report.exit_code), ("failed", Some(0)));
    assert_eq!(report.failing, ["tests/test_module.py::test_a"]);
}

#[tokio::test]
async fn a_report_that_the_tests_write_themselves_does_not_count() {
    let forge = "import json, os, sys\n\
        at = sys.modules['reweave_pytest']._REPORT\n\
        try: environment = open('/proc/self/environ').read()\n\
        except OSError: environment = ''\n\
        nonce = open(at).read() or environment.partition('NONCE=')[2].partition(chr(0))[0]\n\
        open(at, 'w').write(json.dumps({'nonce': nonce, 'exit_status': 0, 'outcomes': {'t': 'passed'},\n\
        \x20 'errors': [], 'findings': [], 'coverage': {}}))\n\
        os._exit(0)\n";
    let report = kit(forge).run("pytest").await;
    assert_eq!(report.status, "no_report", "{}", report.log_tail);
}

#[tokio::test]
async fn no_tests_and_only_skipped_tests_do_not_pass() {
    for none in ["", "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n"] {
        let report = kit(none).run("pytest").await;
        assert_eq!((report.status.as_str(), report.failing), ("failed", vec!["no tests ran".to_owned()]), "{none}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_collected_is_a_failing_id_with_its_place() {
    let kit = kit("import module\nmodule.missing()\n");
    kit.write("tests/test_other.py", "def test_fine(): pass\n");
    let report = kit.run("pytest").await;
    assert_eq!((report.status.as_str(), report.passed), ("failed", 1));
    assert_eq!(report.failing, ["tests/test_module.py"]);
    let found = report.findings.iter().any(|finding| {
        (finding.path.as_str(), finding.line, finding.code.as_str()) == ("tests/test_module.py", 2, "AttributeError")
    });
    assert!(found, "{:?}", report.findings);
}

#[tokio::test]
async fn coverage_tells_lines_of_failing_tests_from_those_of_passing_ones() {
    let kit = kit(TESTS);
    let mut session = kit.session().await;
    session.opened().await;
    session.ask(Asked::Run(wire::Run { checks: vec!["pytest".into()], coverage: true, ..wire::Run::default() })).await;
    let report = session.result().await.remove(0);
    let module = report.coverage.iter().find(|file| file.path == "module.py").unwrap();
    let lines: Vec<_> = module.lines.iter().map(|line| (line.line, line.failing, line.passing)).collect();
    assert_eq!(lines, [(2, 1, 1), (3, 1, 0), (4, 0, 1)]);
    assert!(report.coverage.iter().all(|file| !file.path.contains("site-packages")));
}

#[tokio::test]
async fn the_same_tests_give_the_same_report() {
    let kit = kit(TESTS);
    let mut session = kit.session().await;
    session.opened().await;
    let mut reports = Vec::new();
    for _ in 0..2 {
        let mut report = session.run(&["pytest"]).await.remove(0);
        (report.duration_us, report.log_tail, report.log_bytes) = (0, String::new(), 0);
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
}

#[tokio::test]
async fn fail_fast_leaves_out_what_comes_after_a_failure() {
    let kit = kit(TESTS).shell("after", "true");
    let mut session = kit.session().await;
    session.opened().await;
    let checks = vec!["pytest".into(), "after".into()];
    session.ask(Asked::Run(wire::Run { checks, fail_fast: true, ..wire::Run::default() })).await;
    let reports = session.result().await;
    assert_eq!(reports.iter().map(|report| report.status.as_str()).collect::<Vec<_>>(), ["failed", "not_run"]);
}

#[tokio::test]
async fn ruffs_findings_have_a_place_and_a_lasting_name() {
    let kit = Kit::new(&[("a.py", "import os\nx = 1\n"), ("b/c.py", "def f(:\n")]).with_tools();
    let report = kit.run("ruff").await;
    assert_eq!((report.status.as_str(), report.judged_by.as_str()), ("failed", "report"), "{}", report.log_tail);
    assert_eq!(report.failing[0], "a.py: F401 `os` imported but unused");
    assert!(report.failing.iter().any(|id| id.starts_with("b/c.py: invalid-syntax ")), "{:?}", report.failing);
    let places: Vec<_> = report.findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
    assert!(places.contains(&("a.py", 1)), "{places:?}");

    let kit = Kit::new(&[("a.py", "x = 1\n")]).with_tools();
    assert_eq!(kit.run("ruff").await.status, "passed");
}
