//! Every bound that is part of the contract, by name. Deployment-dependent bounds (queue lengths, concurrency) are
//! configuration; these are what a spec, an outcome or a file may be at most, on every door.

/// Largest source file that is read, in bytes. A larger one is refused with `source.too_large`.
pub const SOURCE_BYTES_MAX: usize = 4 << 20;
/// Largest spec document or event body that is parsed, in bytes (`spec.too_large`).
pub const SPEC_BYTES_MAX: usize = 5 << 20;
/// Largest published outcome, in bytes: logs are cut first, then copies of the code, and the outcome says so.
pub const OUTCOME_BYTES_MAX: usize = 1 << 20;
/// Largest outcome that a command reads back to apply, undo or render its patch, in bytes: a local run does not cut its own.
pub const PATCH_BYTES_MAX: usize = 64 << 20;
/// Most items in one batch spec.
pub const BATCH_ITEMS_MAX: usize = 64;
/// Most files of an inline source.
pub const INLINE_FILES_MAX: usize = 256;
/// Most edit targets of one plan.
pub const EDIT_TARGETS_MAX: usize = 64;
/// Most diagnostics of one edit request.
pub const DIAGNOSTICS_MAX: usize = 256;
/// Most checks one spec may name.
pub const CHECKS_MAX: usize = 32;
/// Most parameters of one operator call.
pub const PARAMETERS_MAX: usize = 32;
/// Longest free text field (intent, instruction, context), in bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// Most holes one edit request may name.
pub const HOLES_MAX: usize = 16;
/// Most denoising steps of one hole.
pub const STEPS_MAX: u32 = 1_024;
/// Largest scale of classifier-free guidance.
pub const GUIDANCE_MAX: f32 = 100.0;
/// Highest temperature of a draw.
pub const TEMPERATURE_MAX: f32 = 100.0;
/// Longest name (operator, check, workspace, target), in bytes.
pub const NAME_BYTES_MAX: usize = 256;
/// Most candidates one spec may consider, whatever its budget says.
pub const CANDIDATES_MAX: u32 = 10_000;
/// Most check runs one spec may spend, whatever its budget says.
pub const RUNS_MAX: u32 = 2_000;
/// Longest time one spec may take, in milliseconds, whatever its budget says.
pub const MILLISECONDS_MAX: u64 = 3_600_000;
/// Most edits a patch may hold when `max_edits` is not given.
pub const MAX_EDITS_DEFAULT: u32 = 16;
/// Deepest syntax tree that is walked; deeper source is refused with `source.too_deep`.
pub const TREE_DEPTH_MAX: usize = 2_000;
/// Most steps of a table-driven parser for each byte of a text, beyond [`PARSE_STEPS_MIN`]; a text that takes more is
/// refused with `source.too_complex`. Sound source takes fewer than five.
pub const PARSE_STEPS_PER_BYTE: usize = 50;
/// Steps of a table-driven parser that a text of any length may take.
pub const PARSE_STEPS_MIN: usize = 1_000_000;
