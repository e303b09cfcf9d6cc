//! The folder that a model is mounted as: what it is, whether it runs here, and where each of its tensors lies.
//!
//! Nothing here allocates memory for weights. A folder is judged by `config.json`, the tokenizer's files and the headers of
//! its safetensors; what is not supported is refused by name before anything is loaded.

mod added;
mod config;
mod digest;
mod error;
mod fields;
mod file;
mod index;
mod parts;
mod report;
mod sentence;
mod spec;
pub mod tiny;
mod weights;

use std::path::{Path, PathBuf};

use reweave_core::Sha256;
use reweave_decode::protocol::{Bounds, Description, Objective};

pub use added::{AddedTokens, Marks};
pub use error::Error;
pub use parts::{LayerPart, Part};
pub use report::{Network, Report, inspect};
pub use sentence::{Affine, SentenceFolder, SentenceLayer, SentencePart, SentenceSpec, open_sentence};
pub use spec::{Architecture, Spec};
pub use weights::{Stored, StoredType, Weights};

/// What the operator says about a folder that its files leave open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `None` takes what the architecture was made for. A causal architecture that was trained on by masked diffusion, such
    /// as Open-dCoder, does not say so in its `config.json`.
    pub objective: Option<Objective>,
    /// Whether output row `i` predicts position `i + 1`; `None` takes what the architecture does.
    pub shifted: Option<bool>,
}

/// A folder that can be loaded: everything fits together.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    /// The folder's own name.
    pub name: String,
    pub path: PathBuf,
    pub spec: Spec,
    pub marks: Marks,
    /// SHA-256 over `config.json`, the headers of all weight files and 512 bytes of each tensor: tells a fine-tune from its
    /// base without reading gigabytes.
    pub digest: Sha256,
    pub weights: Weights,
}

/// Reads a model folder as its files describe it.
///
/// # Errors
/// The first thing that keeps it from running; [`inspect`] names all of them.
pub fn open(dir: &Path) -> Result<ModelFolder, Error> {
    open_as(dir, Reading::default())
}

/// Reads a model folder as the operator describes it.
///
/// # Errors
/// The first thing that keeps it from running.
pub fn open_as(dir: &Path, reading: Reading) -> Result<ModelFolder, Error> {
    let config = config::read(dir)?;
    let spec = config::spec(&config, reading).map_err(first)?;
    let added = AddedTokens::read(dir)?;
    let marks = Marks::find(&added, &config, &spec)?;
    let weights = parts::weights(dir, &spec).map_err(first)?;
    let digest = digest::of(dir, &weights)?;
    Ok(ModelFolder { name: name(dir), path: dir.to_owned(), spec, marks, digest, weights })
}

impl ModelFolder {
    /// What an engine must know of the model, once it lies on `device` (`cpu`, `cuda:0`, `mps`) as `dtype` (`f32`, `bf16`).
    #[must_use]
    pub fn description(&self, device: &str, dtype: &str, bounds: Bounds) -> Description {
        Description {
            name: self.name.clone(),
            architecture: self.spec.architecture.name().to_owned(),
            objective: self.spec.objective,
            digest: self.digest,
            vocabulary: self.spec.vocabulary,
            mask: self.marks.mask,
            shifted: self.spec.shifted,
            specials: self.marks.specials.clone(),
            begin: self.marks.begin,
            end: self.marks.end,
            fill_in_middle: self.marks.fill_in_middle,
            device: device.to_owned(),
            dtype: dtype.to_owned(),
            bounds: Bounds { positions_max: bounds.positions_max.min(self.spec.positions_max), ..bounds },
            embedding: None,
        }
    }
}

fn first(problems: Vec<Error>) -> Error {
    problems.into_iter().next().expect("a list of problems is never empty")
}

/// The folder's last part, through links and dots.
fn name(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    full.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
