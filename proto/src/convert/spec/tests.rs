//! Each rule and limit of a spec, broken once.

use proptest::prelude::*;
use reweave_core::{EvidenceKind, InlineFile, Language, Preset, Sha256, Technique};

use super::*;

const SHOP: &str = "shop";

fn workspace() -> Option<wire::Source> {
    let workspace = wire::Workspace { name: SHOP.into(), revision: String::new() };
    Some(wire::Source { from: Some(wire::source::From::Workspace(workspace)) })
}

fn inline(files: Vec<wire::InlineFile>) -> wire::Spec {
    let from = wire::source::From::Inline(wire::InlineFiles { files });
    wire::Spec { source: Some(wire::Source { from: Some(from) }), ..of(plan()) }
}

fn inline_file(path: &str, content: &str) -> wire::InlineFile {
    let sha256 = Sha256::of(content.as_bytes()).to_string();
    wire::InlineFile { path: path.into(), content: content.into(), sha256 }
}

fn plan() -> wire::RefactorPlan {
    wire::RefactorPlan { file_path: "a.py".into(), ..wire::RefactorPlan::default() }
}

fn request() -> wire::EditRequest {
    wire::EditRequest { file_path: "a.py".into(), ..wire::EditRequest::default() }
}

fn of(plan: wire::RefactorPlan) -> wire::Spec {
    wire::Spec { source: workspace(), kind: Some(wire::spec::Kind::Refactor(plan)), ..wire::Spec::default() }
}

fn of_edit(edit: wire::EditRequest) -> wire::Spec {
    wire::Spec { source: workspace(), kind: Some(wire::spec::Kind::Edit(edit)), ..wire::Spec::default() }
}

fn of_batch(items: Vec<wire::BatchItem>) -> wire::Spec {
    wire::Spec {
        source: workspace(),
        kind: Some(wire::spec::Kind::Batch(wire::Batch { items })),
        ..wire::Spec::default()
    }
}

fn item() -> wire::BatchItem {
    wire::BatchItem { kind: Some(wire::batch_item::Kind::Refactor(plan())) }
}

fn accepted(message: wire::Spec) -> Spec {
    spec(message, Door::Remote).unwrap()
}

#[track_caller]
fn refused(message: wire::Spec, code: RefusalCode, field: &str) {
    let refusal = spec(message, Door::Remote).unwrap_err();
    assert_eq!(refusal.code, code, "{refusal:?}");
    let named = refusal.evidence.iter().find(|evidence| evidence.kind == EvidenceKind::Field);
    assert_eq!(named.map(|evidence| evidence.detail.as_str()), Some(format!("field {field}").as_str()));
}

#[track_caller]
fn invalid(message: wire::Spec, field: &str) {
    refused(message, RefusalCode::SpecInvalid, field);
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("n{index}")).collect()
}

#[test]
fn what_is_left_out_gets_its_default() {
    let SpecKind::Edit(edit) = accepted(of_edit(request())).kind else { panic!("not an edit") };
    assert_eq!((edit.max_edits, edit.language, edit.lines), (16, Language::Python, None));
    assert_eq!(accepted(of(plan())).budget, Budget { runs: 200, candidates: 2_000, milliseconds: 120_000 });
}

#[test]
fn a_budget_is_cut_to_its_limits() {
    let budget = wire::Budget { runs: u32::MAX, candidates: u32::MAX, milliseconds: u64::MAX };
    let spec = accepted(wire::Spec { budget: Some(budget), ..of(plan()) });
    assert_eq!(spec.budget.runs, limits::RUNS_MAX);
    assert_eq!(spec.budget.candidates, limits::CANDIDATES_MAX);
    assert_eq!(spec.budget.milliseconds, limits::MILLISECONDS_MAX);
    let budget = wire::Budget { runs: 1, candidates: 2, milliseconds: 3 };
    let spec = accepted(wire::Spec { budget: Some(budget), ..of(plan()) });
    assert_eq!(spec.budget, Budget { runs: 1, candidates: 2, milliseconds: 3 });
}

#[test]
fn inline_files_are_verified_and_bounded() {
    let spec = accepted(inline(vec![inline_file("a.py", "x = 1\n")]));
    let file = InlineFile { path: "a.py".parse().unwrap(), content: b"x = 1\n".into(), sha256: Sha256::of(b"x = 1\n") };
    assert_eq!(spec.source, Source::Inline(vec![file]));
    let forged = wire::InlineFile { content: "x = 2\n".into(), ..inline_file("a.py", "x = 1\n") };
    refused(inline(vec![forged]), RefusalCode::DigestMismatch, "source.inline.files[0].sha256");
    let bare = wire::InlineFile { sha256: String::new(), ..inline_file("a.py", "") };
    invalid(inline(vec![bare]), "source.inline.files[0].sha256");
    let large = inline_file("a.py", &"#".repeat(limits::SOURCE_BYTES_MAX + 1));
    refused(inline(vec![large]), RefusalCode::FileTooLarge, "source.inline.files[0].content");
    invalid(inline(vec![]), "source.inline.files");
    let files = many(limits::INLINE_FILES_MAX + 1).iter().map(|name| inline_file(name, "")).collect();
    invalid(inline(files), "source.inline.files");
    invalid(inline(vec![inline_file("a.py", ""), inline_file("./a.py", "")]), "source.inline.files[1].path");
    refused(inline(vec![inline_file("/a.py", "")]), RefusalCode::PathOutside, "source.inline.files[0].path");
}

#[test]
fn a_source_must_be_given_by_whoever_has_no_workspace() {
    invalid(wire::Spec { source: None, ..of(plan()) }, "source");
    invalid(wire::Spec { source: Some(wire::Source::default()), ..of(plan()) }, "source");
    let local = wire::Spec { source: None, ..of(plan()) };
    assert_eq!(spec(local, Door::Local).unwrap().source, Source::Local);
    assert_eq!(spec(of(plan()), Door::Local), spec(of(plan()), Door::Remote));
}

#[test]
fn a_workspace_and_its_revision_are_names() {
    let named = |name: &str, revision: &str| {
        let workspace = wire::Workspace { name: name.into(), revision: revision.into() };
        wire::Spec { source: Some(wire::Source { from: Some(wire::source::From::Workspace(workspace)) }), ..of(plan()) }
    };
    assert!(spec(named(SHOP, "release/1.2"), Door::Remote).is_ok());
    invalid(named("/srv/shop", ""), "source.workspace.name");
    invalid(named(SHOP, "--upload-pack=sh"), "source.workspace.revision");
    invalid(named(SHOP, "main; rm"), "source.workspace.revision");
    invalid(named(SHOP, &"a".repeat(257)), "source.workspace.revision");
}

#[test]
fn the_file_must_lie_in_the_workspace_and_have_a_language() {
    let path = |path: &str| of(wire::RefactorPlan { file_path: path.into(), ..plan() });
    for outside in ["../a.py", "/a.py", "a/../../b.py", ".git/a.py"] {
        refused(path(outside), RefusalCode::PathOutside, "refactor.file_path");
    }
    invalid(path(""), "refactor.file_path");
    invalid(path("a\\b.py"), "refactor.file_path");
    refused(path("a.zig"), RefusalCode::LanguageUnsupported, "refactor.file_path");
    let named =
        |language: &str| of(wire::RefactorPlan { file_path: "tool".into(), language: language.into(), ..plan() });
    assert!(spec(named("Python"), Door::Remote).is_ok());
    refused(named("cobol"), RefusalCode::LanguageUnsupported, "refactor.language");
}

#[test]
fn lists_are_bounded_and_their_names_valid() {
    let targets = |edit_targets| of(wire::RefactorPlan { edit_targets, ..plan() });
    accepted(targets(many(limits::EDIT_TARGETS_MAX)));
    invalid(targets(many(limits::EDIT_TARGETS_MAX + 1)), "refactor.edit_targets");
    invalid(targets(vec!["a".into(), " ".into()]), "refactor.edit_targets[1]");
    invalid(targets(vec!["a\nb".into()]), "refactor.edit_targets[0]");
    invalid(targets(vec!["a".repeat(limits::NAME_BYTES_MAX + 1)]), "refactor.edit_targets[0]");
    let checks = |checks, target_checks| of(wire::RefactorPlan { checks, target_checks, ..plan() });
    accepted(checks(many(limits::CHECKS_MAX - 1), vec!["t".into()]));
    invalid(checks(many(limits::CHECKS_MAX), vec!["t".into()]), "refactor.checks");
    invalid(checks(vec!["rm -rf".into()], vec![]), "refactor.checks[0]");
    invalid(checks(vec![], vec!["a".into(), "a".into()]), "refactor.target_checks[1]");
}

#[test]
fn texts_are_bounded() {
    let long = || "a".repeat(limits::TEXT_BYTES_MAX + 1);
    invalid(of(wire::RefactorPlan { intent: long(), ..plan() }), "refactor.intent");
    invalid(of(wire::RefactorPlan { condition: long(), ..plan() }), "refactor.condition");
    invalid(of(wire::RefactorPlan { context: long(), ..plan() }), "refactor.context");
    invalid(of_edit(wire::EditRequest { instruction: long(), ..request() }), "edit.instruction");
    let issue = |text| wire::Spec {
        source: workspace(),
        kind: Some(wire::spec::Kind::Issue(wire::Issue { text })),
        ..wire::Spec::default()
    };
    assert_eq!(accepted(issue("do".into())).kind, SpecKind::Issue("do".into()));
    invalid(issue(long()), "issue.text");
    invalid(issue(String::new()), "issue.text");
}

#[test]
fn an_operator_has_a_name_and_bounded_parameters() {
    let call = |name: &str, parameters: Vec<(String, String)>| {
        let operator = wire::OperatorCall { name: name.into(), parameters: parameters.into_iter().collect() };
        of(wire::RefactorPlan { operator: Some(operator), ..plan() })
    };
    invalid(call("", vec![]), "refactor.operator.name");
    let parameters = |count| many(count).into_iter().map(|name| (name, String::new())).collect();
    accepted(call("rename", parameters(limits::PARAMETERS_MAX)));
    invalid(call("rename", parameters(limits::PARAMETERS_MAX + 1)), "refactor.operator.parameters");
    let long = "a".repeat(limits::TEXT_BYTES_MAX + 1);
    invalid(call("rename", vec![("to".into(), long)]), "refactor.operator.parameters.to");
}

#[test]
fn lines_count_from_one_and_do_not_run_backwards() {
    let lines = |start_line, end_line| {
        of_edit(wire::EditRequest { lines: Some(wire::LineRange { start_line, end_line }), ..request() })
    };
    accepted(lines(3, 3));
    invalid(lines(0, 3), "edit.lines.start_line");
    invalid(lines(3, 2), "edit.lines.end_line");
    let diagnostics = |diagnostics| of_edit(wire::EditRequest { diagnostics, ..request() });
    let at = |line| wire::Diagnostic { line, ..wire::Diagnostic::default() };
    accepted(diagnostics(vec![at(1); limits::DIAGNOSTICS_MAX]));
    invalid(diagnostics(vec![at(1); limits::DIAGNOSTICS_MAX + 1]), "edit.diagnostics");
    invalid(diagnostics(vec![at(0)]), "edit.diagnostics[0].line");
}

#[test]
fn a_batch_has_one_to_64_items_each_of_a_kind() {
    accepted(of_batch(vec![item(); limits::BATCH_ITEMS_MAX]));
    invalid(of_batch(vec![]), "batch.items");
    invalid(of_batch(vec![item(); limits::BATCH_ITEMS_MAX + 1]), "batch.items");
    invalid(of_batch(vec![item(), wire::BatchItem::default()]), "batch.items[1]");
    let bad = wire::EditRequest { file_path: "/a.py".into(), ..request() };
    let bad = wire::BatchItem { kind: Some(wire::batch_item::Kind::Edit(bad)) };
    refused(of_batch(vec![item(), bad]), RefusalCode::PathOutside, "batch.items[1].edit.file_path");
}

#[test]
fn a_deadline_is_a_time_after_1970() {
    let at = |seconds, nanos| {
        let deadline = Some(prost_types::Timestamp { seconds, nanos });
        wire::Spec { deadline, ..of(plan()) }
    };
    assert_eq!(accepted(at(1, 5_000_000)).deadline_unix_ms, Some(1_005));
    invalid(at(-1, 0), "deadline");
    invalid(at(1, -1), "deadline");
    invalid(at(1, 1_000_000_000), "deadline");
}

proptest! {
    #[test]
    fn an_accepted_spec_survives_the_way_there_and_back(
        targets in proptest::collection::vec("[a-zA-Z_.]{1,9}", 0..3),
        texts in ("[a-zä\n]{0,9}", "[a-z]{0,9}", "[a-z]{0,9}"),
        operator in proptest::option::of(("[a-z]{1,9}", proptest::collection::btree_map("[a-z]{1,4}", "[a-z ]{0,4}", 0..3))),
        numbers in (any::<i32>(), any::<u64>(), 0..u32::MAX, any::<u32>(), 0..u64::from(u32::MAX)),
    ) {
        let (intent, condition, context) = texts;
        let (priority, seed, runs, candidates, deadline) = numbers;
        let spec = accepted(wire::Spec {
            seed,
            budget: Some(wire::Budget { runs, candidates, milliseconds: seed }),
            deadline: Some(prost_types::Timestamp { seconds: deadline as i64, nanos: 7_000_000 }),
            ..of(wire::RefactorPlan {
                edit_targets: targets,
                intent,
                condition,
                context,
                priority,
                operator: operator.map(|(name, parameters)| wire::OperatorCall { name, parameters }),
                ..plan()
            })
        });
        prop_assert_eq!(&accepted(spec.clone().into()), &spec);
    }
}

#[test]
fn how_holes_are_refilled_is_read_and_sent_back_the_same() {
    let generation = wire::Generation {
        techniques: vec!["rewrite".into(), "diffusion".into()],
        preset: "fast".into(),
        guidance: Some(5.0),
        steps: 50,
        temperature: Some(0.2),
    };
    let spec = accepted(wire::Spec { generation: Some(generation.clone()), ..of(plan()) });
    assert_eq!(spec.generation.techniques, [Technique::Rewrite, Technique::Diffusion]);
    assert_eq!((spec.generation.preset, spec.generation.steps), (Some(Preset::Fast), Some(50)));
    assert_eq!(wire::Spec::from(spec).generation, Some(generation));
}

#[test]
fn a_way_to_refill_that_does_not_exist_is_refused_with_its_place() {
    let with = |generation| wire::Spec { generation: Some(generation), ..of(plan()) };
    let empty = wire::Generation::default;
    let named = |names: &[&str]| wire::Generation {
        techniques: names.iter().map(|name| (*name).to_owned()).collect(),
        ..empty()
    };
    invalid(with(named(&["magic"])), "generation.techniques[0]");
    invalid(with(named(&["rewrite", "rewrite"])), "generation.techniques[1]");
    invalid(with(wire::Generation { preset: "best".into(), ..empty() }), "generation.preset");
    for guidance in [f32::NAN, f32::INFINITY, -1.0, 101.0] {
        invalid(with(wire::Generation { guidance: Some(guidance), ..empty() }), "generation.guidance");
        invalid(with(wire::Generation { temperature: Some(guidance), ..empty() }), "generation.temperature");
    }
    invalid(with(wire::Generation { steps: 1_025, ..empty() }), "generation.steps");
}

#[test]
fn holes_are_read_and_sent_back_the_same() {
    let lines = wire::LineRange { start_line: 3, end_line: 7 };
    let holes = vec![
        wire::Hole { target: "A.f".into(), unit: "body".into(), ..wire::Hole::default() },
        wire::Hole { lines: Some(lines), ..wire::Hole::default() },
        wire::Hole {
            at: Some(wire::Position { line: 2, column: 5 }),
            unit: "operator".into(),
            ..wire::Hole::default()
        },
        wire::Hole { kind: "if_statement".into(), ..wire::Hole::default() },
        wire::Hole { kind: "block@12".into(), ..wire::Hole::default() },
    ];
    let spec = accepted(of_edit(wire::EditRequest { holes: holes.clone(), ..request() }));
    let Some(wire::spec::Kind::Edit(edit)) = wire::Spec::from(spec).kind else { panic!("an edit") };
    assert_eq!(edit.holes, holes);
}

#[test]
fn a_hole_without_a_place_or_with_two_is_refused() {
    let with = |hole: wire::Hole| of_edit(wire::EditRequest { holes: vec![hole], ..request() });
    invalid(with(wire::Hole::default()), "edit.holes[0]");
    invalid(with(wire::Hole { target: "f".into(), kind: "block".into(), ..wire::Hole::default() }), "edit.holes[0]");
    invalid(
        with(wire::Hole { target: "f".into(), unit: "word".into(), ..wire::Hole::default() }),
        "edit.holes[0].unit",
    );
    invalid(with(wire::Hole { kind: "block@0".into(), ..wire::Hole::default() }), "edit.holes[0].kind");
    let at = |line, column| wire::Hole { at: Some(wire::Position { line, column }), ..wire::Hole::default() };
    invalid(with(at(0, 1)), "edit.holes[0].at");
    let many = vec![wire::Hole { target: "f".into(), ..wire::Hole::default() }; 17];
    invalid(of_edit(wire::EditRequest { holes: many, ..request() }), "edit.holes");
}
