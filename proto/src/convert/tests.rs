//! The way there and back loses nothing, and what cannot be is refused.

use proptest::prelude::*;
use reweave_core::{
    BaseStatus, BatchResult, CheckName, CheckResult, CheckRun, CheckStatus, Denoising, Edit, Edits, Evidence,
    EvidenceKind, FileChange, FileKind, GateResult, Glyph, HunkProvenance, ItemResult, JudgedBy, MaskedSpan, Mode,
    ModelProvenance, Modes, Outcome, OutcomeEvent, Patch, Progress, Proposer, Provenance, Refusal, RefusalCode,
    RelativePath, Risk, RiskPart, RunFacts, Score, Sha256, Span, SpecId, Stage, StageTime, Technique, TechniqueReport,
    Validation,
};

use super::*;
use crate::{document, wire};

fn text() -> impl Strategy<Value = String> {
    "[a-zäß\"\\\\\n\t ]{0,12}"
}

fn path() -> impl Strategy<Value = RelativePath> {
    "[a-z]{1,6}(/[a-z]{1,6}){0,2}\\.py".prop_map(|path| path.parse().unwrap())
}

fn check_name() -> impl Strategy<Value = CheckName> {
    "[a-z._-]{1,8}".prop_map(|name| name.parse().unwrap())
}

/// Numbers as the wire holds them: 6 decimals.
fn number() -> impl Strategy<Value = f64> {
    (0..=1_000_000_u32).prop_map(|millionths| f64::from(millionths) / 1e6)
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [(T, &'static str)]) -> impl Strategy<Value = T> {
    proptest::sample::select(all).prop_map(|(value, _)| value)
}

fn few<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(one, 0..3)
}

fn span() -> impl Strategy<Value = Span> {
    (0..100_usize, 0..100_usize).prop_map(|(start, len)| Span::new(start, start + len))
}

fn file() -> impl Strategy<Value = FileChange> {
    let edited = (path(), "[a-zä]{4,12}\n", text(), any::<bool>());
    (edited, path(), 0..4_u8, any::<[Option<bool>; 2]>()).prop_map(|(edited, from, kind, modes)| {
        let edited = edited_file(edited);
        let [before, after] = modes.map(|mode| mode.map(|run| if run { Mode::Executable } else { Mode::Plain }));
        let nothing = |file: FileChange| FileChange::edited(file.path, String::new(), Edits::default());
        match kind {
            0 => FileChange { modes: Modes { before, after: before.and(after) }, ..edited },
            1 => FileChange { kind: FileKind::Created, modes: Modes { before: None, after }, ..nothing(edited) },
            2 => FileChange { kind: FileKind::Deleted, modes: Modes { before, after: None }, ..nothing(edited) },
            _ if from == edited.path => edited,
            _ => FileChange { kind: FileKind::Renamed { from }, ..edited },
        }
    })
}

fn edited_file((path, base, new_text, with_copies): (RelativePath, String, String, bool)) -> FileChange {
    let end = base.chars().next().map_or(0, char::len_utf8);
    let old_sha256 = Sha256::of(&base.as_bytes()[..end]);
    let edit =
        Edit { span: Span::new(0, end), old_sha256, new_text, node_kind: "name".into(), node_path: "A.b".into() };
    let edits = Edits::new(&base, vec![edit]).unwrap();
    let whole = FileChange::edited(path, base, edits);
    let cut = FileChange { original_code: String::new(), generated_code: String::new(), ..whole.clone() };
    if with_copies { whole } else { cut }
}

fn check() -> impl Strategy<Value = CheckResult> {
    let verdicts = (one_of(&CheckStatus::ALL), one_of(&JudgedBy::ALL), one_of(&BaseStatus::ALL), any::<bool>());
    (check_name(), few(text()), verdicts, any::<Option<i32>>(), any::<u32>(), few(text()), few(text())).prop_map(
        |(name, command, (status, judged_by, base, target), exit_code, passed, failing, newly_failing)| CheckResult {
            name,
            command,
            status,
            judged_by,
            base,
            target,
            exit_code,
            passed,
            failing,
            newly_failing,
        },
    )
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let score = (text(), number()).prop_map(|(name, value)| Score { name, value });
    let hunk = (path(), span(), one_of(&Proposer::ALL), text(), text(), few(score)).prop_map(
        |(path, span, proposer, operator, description, scores)| HunkProvenance {
            path,
            span,
            proposer,
            operator,
            description,
            scores,
        },
    );
    let technique =
        (one_of(&Technique::ALL), text()).prop_map(|(technique, result)| TechniqueReport { technique, result });
    let model = (text(), text(), text(), text()).prop_map(|(name, architecture, dtype, weights)| ModelProvenance {
        name,
        architecture,
        digest: Sha256::of(weights.as_bytes()),
        dtype,
    });
    let numbers = (any::<u64>(), any::<u32>(), any::<u32>());
    (text(), numbers, few(hunk), few(technique), proptest::option::of(model)).prop_map(
        |(version, (seed, candidates, runs), hunks, techniques, model)| Provenance {
            version,
            seed,
            hunks,
            candidates,
            runs,
            techniques,
            model,
        },
    )
}

fn denoising() -> impl Strategy<Value = Denoising> {
    let glyph = prop_oneof![Just(Glyph::Masked), text().prop_map(Glyph::New), text().prop_map(Glyph::Kept)];
    (any::<u32>(), any::<u32>(), any::<u32>(), few(glyph)).prop_map(|(hole, step, steps, glyphs)| Denoising {
        hole,
        step,
        steps,
        glyphs,
    })
}

fn validation() -> impl Strategy<Value = Validation> {
    let gate = (text(), any::<bool>(), text()).prop_map(|(gate, passed, reason)| GateResult { gate, passed, reason });
    (any::<bool>(), few(text()), few(gate), 0..2_u64).prop_map(
        |(syntax_valid, errors, gates, bytes_changed_outside)| Validation {
            syntax_valid,
            errors,
            gates,
            bytes_changed_outside,
        },
    )
}

fn patch() -> impl Strategy<Value = Patch> {
    let masked = (path(), span(), text(), text()).prop_map(|(path, span, node_kind, node_path)| MaskedSpan {
        path,
        span,
        node_kind,
        node_path,
    });
    let part = (text(), number(), text()).prop_map(|(name, value, reason)| RiskPart { name, value, reason });
    let risk = (number(), few(part)).prop_map(|(score, parts)| Risk { score, parts });
    (few(file()), text(), few(masked), validation(), few(check()), few(text()), risk, provenance()).prop_map(
        |(files, unified_diff, masked_spans, validation, checks, not_checked, risk, provenance)| Patch {
            files,
            unified_diff,
            masked_spans,
            validation,
            checks,
            not_checked,
            risk,
            provenance,
        },
    )
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let evidence = (one_of(&EvidenceKind::ALL), text(), proptest::option::of(path()), proptest::option::of(1..9_u32))
        .prop_map(|(kind, detail, file, line)| Evidence { kind, detail, file, line });
    (proptest::sample::select(RefusalCode::ALL), text(), few(evidence), text())
        .prop_map(|(code, reason, evidence, next_command)| Refusal { code, reason, evidence, next_command })
}

fn outcome_of_any_kind() -> impl Strategy<Value = Outcome> {
    let item = prop_oneof![
        patch().prop_map(ItemResult::Patch),
        refusal().prop_map(ItemResult::Refusal),
        text().prop_map(ItemResult::Unchanged),
    ];
    let batch =
        (few(item), proptest::option::of(patch())).prop_map(|(items, combined)| BatchResult { items, combined });
    prop_oneof![
        patch().prop_map(Outcome::Patch),
        refusal().prop_map(Outcome::Refusal),
        text().prop_map(Outcome::Unchanged),
        batch.prop_map(Outcome::Batch),
    ]
}

fn run_facts() -> impl Strategy<Value = RunFacts> {
    let stage = (text(), any::<u64>()).prop_map(|(stage, duration_us)| StageTime { stage, duration_us });
    let check_run = (check_name(), any::<bool>(), any::<u64>(), text(), any::<u64>()).prop_map(
        |(name, on_base, duration_us, log_tail, log_bytes)| CheckRun {
            name,
            on_base,
            duration_us,
            log_tail,
            log_bytes,
        },
    );
    (any::<u64>(), any::<u64>(), text(), few(stage), few(check_run), few(text()), few(text())).prop_map(
        |(started_unix_ms, duration_us, host, stages, check_runs, sandbox, cut)| RunFacts {
            started_unix_ms,
            duration_us,
            host,
            stages,
            check_runs,
            sandbox,
            cut,
        },
    )
}

fn event() -> impl Strategy<Value = OutcomeEvent> {
    (text(), outcome_of_any_kind(), run_facts()).prop_map(|(id, outcome, run)| OutcomeEvent {
        spec_id: SpecId::of("test", &id),
        outcome,
        run,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_outcome_survives_binary_and_json(event in event()) {
        prop_assert_eq!(&document::decode_outcome(&document::outcome_bytes(&event)).unwrap(), &event);
        prop_assert_eq!(&document::read_outcome(document::outcome_json(&event).to_string()).unwrap(), &event);
    }

    #[test]
    fn the_digest_depends_on_the_outcome_and_not_on_the_run(event in event(), run in run_facts()) {
        let message = outcome(event.clone());
        prop_assert_eq!(digest(&message).to_string(), &message.digest[..]);
        prop_assert_eq!(outcome(OutcomeEvent { run, ..event.clone() }).digest, &message.digest[..]);
        let other = OutcomeEvent { outcome: Outcome::Unchanged("something else entirely".into()), ..event };
        prop_assert_ne!(outcome(other).digest, message.digest);
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        _ = document::decode_outcome(&bytes);
        _ = document::decode_spec(Some("application/protobuf"), &bytes);
        _ = document::read_spec(&bytes, Door::Local);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}:,&*!|>'\"#%@`\\-? \na-c0]{0,60}") {
        _ = document::read_spec(text, Door::Local);
    }

    #[test]
    fn progress_survives(
        id in text(),
        stage in one_of(&Stage::ALL),
        message in text(),
        (done, total) in any::<(u32, u32)>(),
        denoising in proptest::option::of(denoising()),
    ) {
        let id = SpecId::of("test", &id);
        let step = Progress { stage, message, done, total, denoising };
        prop_assert_eq!(read_progress(progress(id, step.clone())), Ok((id, step.clone())));
        prop_assert_eq!(document::read_progress(document::progress_json(id, &step).to_string()), Ok((id, step)));
    }
}

fn unchanged() -> wire::outcome::OutcomeEvent {
    outcome(OutcomeEvent {
        spec_id: SpecId::of("a", "b"),
        outcome: Outcome::Unchanged("as asked".into()),
        run: RunFacts::default(),
    })
}

#[test]
fn an_outcome_that_was_changed_on_the_way_is_malformed() {
    let mut message = unchanged();
    message.outcome =
        Some(wire::outcome::outcome_event::Outcome::Unchanged(wire::outcome::Unchanged { reason: "as forged".into() }));
    let error = OutcomeEvent::try_from(message).unwrap_err();
    assert_eq!(error.to_string(), "digest: it is not the digest of this outcome");
}

#[test]
fn an_outcome_of_an_unknown_shape_is_malformed() {
    let json = document::outcome_json(&OutcomeEvent::try_from(unchanged()).unwrap()).to_string();
    assert!(document::read_outcome(&json).is_ok());
    assert!(document::read_outcome(json.replace("\"spec_id\"", "\"spec_ids\"")).is_err());
    assert!(document::read_outcome(format!("{json} and more")).is_err());
    assert!(document::decode_outcome(&[0xa0, 0x06, 0x01]).is_err());
}

#[test]
fn a_session_error_keeps_its_refusal() {
    let refusal = Refusal::new(RefusalCode::CheckToolMissing, "no ruff")
        .with(EvidenceKind::Tool, "ruff")
        .next("cargo xtask setup");
    assert_eq!(read_session_error(session_error(refusal.clone())), Ok(refusal));
}
