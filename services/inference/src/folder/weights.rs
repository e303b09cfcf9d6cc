//! Where each tensor of a network lies in its safetensors files, checked against what `config.json` asks for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, SafeTensorError};

use super::index::Files;
use super::{Error, Part};

/// Of a header; those of the largest models take a few MB.
const HEADER_BYTES_MAX: u64 = 100 << 20;
/// Bytes before the header: its length, little-endian.
const PREFIX_BYTES: u64 = 8;

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoredType {
    F32,
    Bf16,
    F16,
}

/// One tensor in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<P = Part> {
    pub part: P,
    /// As the file calls it.
    pub name: String,
    /// Index into [`Weights::files`].
    pub file: usize,
    pub dtype: StoredType,
    pub shape: Vec<usize>,
    /// From the start of the file; little-endian numbers, row by row.
    pub bytes: Range<u64>,
}

/// Every tensor of a network, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights<P = Part> {
    pub files: Vec<PathBuf>,
    /// In the order in which they lie in the files.
    pub tensors: Vec<Stored<P>>,
    /// Tensors of the files that are not read, because they repeat what is known.
    pub redundant: Vec<String>,
}

/// A tensor that a network is made of: which, its name in the file, its shape.
pub(super) type Expected<P> = (P, String, Vec<usize>);

impl<P> Weights<P> {
    /// Bytes to read in all.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.bytes.end - tensor.bytes.start).sum()
    }

    /// Finds `expected` in the folder's files. Any other tensor for which `is_redundant` does not speak is a problem.
    pub(super) fn open(
        dir: &Path,
        expected: Vec<Expected<P>>,
        is_redundant: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<Error>> {
        let files = Files::find(dir).map_err(|error| vec![error])?;
        let mut found = Found::default();
        let mut problems = Vec::new();
        for (index, path) in files.paths.iter().enumerate() {
            if let Err(error) = found.take(index, path, &files.paths) {
                problems.push(error);
            }
        }
        // What a broken file holds is not known, so nothing can be said of what is missing.
        if !problems.is_empty() {
            return Err(problems);
        }
        found.matched(&files, expected, is_redundant)
    }
}

/// What the headers say.
#[derive(Debug, Default)]
struct Found(BTreeMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<u64>,
}

impl Found {
    fn take(&mut self, file: usize, path: &Path, files: &[PathBuf]) -> Result<(), Error> {
        let (start, metadata) = header(path)?;
        for (tensor, info) in metadata.tensors() {
            let bytes = start + info.data_offsets.0 as u64..start + info.data_offsets.1 as u64;
            let entry = Entry { file, dtype: info.dtype, shape: info.shape.clone(), bytes };
            if let Some(other) = self.0.get(&tensor) {
                return Err(Error::Twice { tensor, first: files[other.file].clone(), second: path.to_owned() });
            }
            self.0.insert(tensor, entry);
        }
        Ok(())
    }

    fn matched<P>(
        mut self,
        files: &Files,
        expected: Vec<Expected<P>>,
        is_redundant: impl Fn(&str) -> bool,
    ) -> Result<Weights<P>, Vec<Error>> {
        let (mut tensors, mut problems) = (Vec::new(), Vec::new());
        for (part, name, shape) in expected {
            let stored = match self.0.remove(&name) {
                Some(entry) => entry.stored(part, name, shape, &files.paths),
                None => Err(files.absent(&name)),
            };
            match stored {
                Ok(stored) => tensors.push(stored),
                Err(error) => problems.push(error),
            }
        }
        let (redundant, unknown): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|(name, _)| is_redundant(name));
        problems.extend(unknown.into_iter().map(|(tensor, entry)| {
            let path = files.paths[entry.file].clone();
            Error::TensorUnknown { path, tensor }
        }));
        if !problems.is_empty() {
            return Err(problems);
        }
        tensors.sort_by_key(|tensor| (tensor.file, tensor.bytes.start));
        let redundant = redundant.into_iter().map(|(name, _)| name).collect();
        Ok(Weights { files: files.paths.clone(), tensors, redundant })
    }
}

impl Entry {
    fn stored<P>(self, part: P, name: String, expected: Vec<usize>, files: &[PathBuf]) -> Result<Stored<P>, Error> {
        let path = || files[self.file].clone();
        if self.shape != expected {
            return Err(Error::Shape { path: path(), tensor: name, expected, found: self.shape });
        }
        let dtype = match self.dtype {
            Dtype::F32 => StoredType::F32,
            Dtype::BF16 => StoredType::Bf16,
            Dtype::F16 => StoredType::F16,
            other => return Err(Error::StoredType { path: path(), tensor: name, found: format!("{other:?}") }),
        };
        Ok(Stored { part, name, file: self.file, dtype, shape: self.shape, bytes: self.bytes })
    }
}

/// Where the data starts, and what the header says of it; the file is exactly as long as that.
fn header(path: &Path) -> Result<(u64, Metadata), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let broken = |source| Error::Header { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    if found < PREFIX_BYTES {
        return Err(broken(SafeTensorError::HeaderTooSmall));
    }
    let mut prefix = [0; PREFIX_BYTES as usize];
    file.read_exact(&mut prefix).map_err(failed)?;
    let length = u64::from_le_bytes(prefix);
    if length > HEADER_BYTES_MAX {
        return Err(broken(SafeTensorError::HeaderTooLarge));
    }
    let start = PREFIX_BYTES + length;
    if start > found {
        return Err(Error::Length { path: path.to_owned(), expected: start, found });
    }
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text).map_err(failed)?;
    // Offsets are validated here: without gaps, and as long as shape and type make them.
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|source| Error::HeaderJson { path: path.to_owned(), source })?;
    let expected = start + metadata.data_len() as u64;
    if expected != found {
        return Err(Error::Length { path: path.to_owned(), expected, found });
    }
    Ok((start, metadata))
}
