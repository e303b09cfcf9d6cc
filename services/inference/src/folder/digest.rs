//! A digest that tells one set of weights from another without reading all of it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use reweave_core::Sha256;

use super::{Error, Stored, Weights, file};

/// Of each tensor, from its start and from its end.
const SAMPLE_BYTES: u64 = 256;

/// Over `config.json`, and for each tensor its name, type, shape and the first and last 256 bytes. Headers alone would be equal
/// for a model and its fine-tune.
pub(super) fn of(dir: &Path, weights: &Weights) -> Result<Sha256, Error> {
    let mut fields = vec![file::bytes(&dir.join("config.json"))?.unwrap_or_default()];
    for (index, path) in weights.files.iter().enumerate() {
        let failed = |source| Error::Read { path: path.clone(), source };
        let mut file = File::open(path).map_err(failed)?;
        for tensor in weights.tensors.iter().filter(|tensor| tensor.file == index) {
            fields.push(format!("{} {:?} {:?}", tensor.name, tensor.dtype, tensor.shape).into_bytes());
            fields.push(sample(&mut file, tensor).map_err(failed)?);
        }
    }
    Ok(Sha256::of_fields(fields.iter().map(Vec::as_slice)))
}

fn sample(file: &mut File, tensor: &Stored) -> std::io::Result<Vec<u8>> {
    let length = (tensor.bytes.end - tensor.bytes.start).min(SAMPLE_BYTES);
    let mut bytes = Vec::new();
    for start in [tensor.bytes.start, tensor.bytes.end - length] {
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(length).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
