//! The committed example specs are what the doors accept.

use std::fs;
use std::path::Path;

use reweave_core::SpecKind;
use reweave_proto::document::{Door, read_spec};

#[test]
fn the_example_for_a_pod_is_read_by_the_remote_door() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/pod/rename.yaml");
    assert!(read_spec(fs::read(path).unwrap(), Door::Remote).is_ok());
}

#[test]
fn every_example_spec_is_read_by_the_local_door() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/specs");
    let mut kinds = [0; 3];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let spec = read_spec(fs::read(&path).unwrap(), Door::Local)
            .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", path.display()));
        match spec.kind {
            SpecKind::Refactor(_) => kinds[0] += 1,
            SpecKind::Edit(_) => kinds[1] += 1,
            SpecKind::Batch(_) => kinds[2] += 1,
            SpecKind::Issue(_) => panic!("{}: free text is refused", path.display()),
        }
    }
    assert!(kinds.iter().all(|count| *count > 0), "a kind has no example: {kinds:?}");
}
