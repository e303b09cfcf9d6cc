//! The `reweave` binary.

use std::process::ExitCode;

// Trees of syntax are many small pieces, made and dropped by whole files: a fifth of a refactor's time under the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    reweave_checks::launcher_main();
    reweave_cli::main(std::env::args_os())
}
