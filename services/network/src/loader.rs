//! Weights from a model folder to a device: each file is mapped into memory, and each tensor is copied out of it once.

use std::collections::HashMap;
use std::fs::File;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use reweave_inference::folder::{ModelFolder, Part, Stored, StoredType, Weights};
use tch::{Device, Kind, TchError, Tensor};

use crate::decoder::Decoder;
use crate::device::Precision;

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot map {}", path.display())]
    Map { path: PathBuf, source: std::io::Error },
    #[error("{} was cut short after it was opened", path.display())]
    Shrunk { path: PathBuf },
    #[error("cannot put tensor `{tensor}` on the device")]
    Tensor { tensor: String, source: TchError },
    #[error("cannot make the network on the device")]
    Network(#[source] TchError),
}

/// How far loading is, in bytes of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Loads a decoder. `progress` is told after each tensor.
///
/// # Errors
/// When a file cannot be read any more, or the device has no room.
pub fn decoder(
    folder: &ModelFolder,
    device: Device,
    precision: Precision,
    progress: &mut dyn FnMut(Progress),
) -> Result<Decoder, Error> {
    let _no_gradients = tch::no_grad_guard();
    let parts = tensors(&folder.weights, (device, precision.kind()), progress)?;
    Decoder::new(folder.spec.clone(), Parts(parts), device, precision.kind()).map_err(Error::Network)
}

/// Every tensor of a network, by its part.
pub(crate) fn tensors<P: Copy + Eq + Hash>(
    weights: &Weights<P>,
    place: (Device, Kind),
    progress: &mut dyn FnMut(Progress),
) -> Result<HashMap<P, Tensor>, Error> {
    let total = weights.bytes();
    let mut done = 0;
    let mut parts = HashMap::new();
    for (index, path) in weights.files.iter().enumerate() {
        let map = map(path)?;
        for stored in weights.tensors.iter().filter(|stored| stored.file == index) {
            parts.insert(stored.part, put(stored, path, &map, place)?);
            done += stored.bytes.end - stored.bytes.start;
            progress(Progress { done, total });
        }
    }
    Ok(parts)
}

/// The tensors of a folder, to be taken one by one.
#[derive(Debug)]
pub(crate) struct Parts(HashMap<Part, Tensor>);

impl Parts {
    /// A tensor that the specification asks for: the folder has been checked against it.
    pub(crate) fn take(&mut self, part: Part) -> Tensor {
        self.0.remove(&part).expect("the folder holds every tensor of its specification")
    }

    pub(crate) fn take_optional(&mut self, part: Part) -> Option<Tensor> {
        self.0.remove(&part)
    }
}

fn map(path: &Path) -> Result<Mmap, Error> {
    let failed = |source| Error::Map { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    #[expect(
        unsafe_code,
        reason = "a file that is changed while it is mapped is read as garbage; weights are not written to in place"
    )]
    unsafe { Mmap::map(&file) }.map_err(failed)
}

fn put<P>(stored: &Stored<P>, path: &Path, map: &Mmap, (device, kind): (Device, Kind)) -> Result<Tensor, Error> {
    let range = stored.bytes.start as usize..stored.bytes.end as usize;
    let bytes = map.get(range).ok_or_else(|| Error::Shrunk { path: path.to_owned() })?;
    let shape: Vec<i64> = stored.shape.iter().map(|side| *side as i64).collect();
    let stored_kind = match stored.dtype {
        StoredType::F32 => Kind::Float,
        StoredType::Bf16 => Kind::BFloat16,
        StoredType::F16 => Kind::Half,
    };
    let tensor = Tensor::f_from_data_size(bytes, &shape, stored_kind);
    let tensor = tensor.and_then(|tensor| tensor.f_to_device(device)?.f_to_kind(kind));
    tensor.map_err(|source| Error::Tensor { tensor: stored.name.clone(), source })
}
