//! Reads the small files of a folder whole, within a bound.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::Error;

/// The largest tokenizer file seen is 17 MB.
const BYTES_MAX: u64 = 128 << 20;

/// The bytes of a file; `None` when it is not there.
pub(super) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    if length > BYTES_MAX {
        return Err(Error::TooLarge { path: path.to_owned(), bytes: length, bytes_max: BYTES_MAX });
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// A JSON file; `None` when it is not there.
pub(super) fn json(path: &Path) -> Result<Option<Value>, Error> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|source| Error::Json { path: path.to_owned(), source })
}
