//! `reweave-inference`: the model service on libtorch.

fn main() -> std::process::ExitCode {
    let about = "Runs the model whose weights are mounted: predictions, scores, vectors.";
    reweave_chassis::service::main("reweave-inference", about, reweave_network::service::run)
}
