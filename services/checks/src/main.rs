//! `reweave-checks`: the service on its own.

fn main() -> std::process::ExitCode {
    reweave_checks::launcher_main();
    let about = "Runs the project's own commands in a sandbox.";
    reweave_chassis::service::main("reweave-checks", about, reweave_checks::run)
}
