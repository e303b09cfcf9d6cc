//! The `reweave-synthesis` binary.

use std::process::ExitCode;

use reweave_chassis::service;

fn main() -> ExitCode {
    service::main(
        "reweave-synthesis",
        "Turns specs into proven patches, or refusals that say why",
        reweave_synthesis::run,
    )
}
