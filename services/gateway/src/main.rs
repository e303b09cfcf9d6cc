//! The binary `reweave-gateway`.

fn main() -> std::process::ExitCode {
    reweave_gateway::command::main()
}
