//! The `reweave-synthesis` binary.

use std::process::ExitCode;

use reweave_chassis::service;

// Trees of syntax are many small pieces, made and dropped by whole files: a fifth of a refactor's time under the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    service::main(
        "reweave-synthesis",
        "Turns specs into proven patches, or refusals that say why",
        reweave_synthesis::run,
    )
}
