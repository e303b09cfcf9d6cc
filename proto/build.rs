//! Compiles the protos without protoc and keeps their descriptors for JSON, reflection and schema generation.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTOS: [&str; 5] = [
    "reweave/spec/v1/spec.proto",
    "reweave/outcome/v1/outcome.proto",
    "reweave/synthesis/v1/synthesis.proto",
    "reweave/checks/v1/checks.proto",
    "reweave/inference/v1/inference.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=reweave");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(PROTOS)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    // Ordered maps: the same message must always encode to the same bytes.
    tonic_prost_build::configure().btree_map(".").include_file("wire.rs").compile_fds(descriptors)?;
    Ok(())
}
