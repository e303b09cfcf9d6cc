//! The `reweave` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    reweave_checks::launcher_main();
    reweave_cli::main(std::env::args_os())
}
