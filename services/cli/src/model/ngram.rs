//! The n-gram model in this process: fitted on source files, served over the same door as a mounted one.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use reweave_core::{Language, limits};
use reweave_decode::ngram::{Limits, Ngram};
use reweave_inference::{Inference, Loaded, Model, Tokenizer};

use crate::{input, settings::Settings, source};

/// Most bytes of source that are read for one model.
const BYTES_MAX: usize = 64 << 20;

/// Fits a model on every source file below `paths`, in the order of their names, and serves it.
pub(super) fn serve(paths: &[PathBuf], settings: &Settings) -> Result<Inference> {
    let texts = texts(paths)?;
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let ngram = Ngram::fit(&texts, Limits::default()).context("fit the n-gram model")?;
    let tokenizer = Tokenizer::ngram(ngram.vocabulary());
    let model = Model { backend: Box::new(ngram), tokenizer };
    let loaded = Loaded { model: Ok(model), encoder: None };
    Inference::start(settings.inference.clone(), move |_| loaded).context("start the inference service")
}

fn texts(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    let mut total = 0;
    for (_, path) in source::files(paths, |language| language == Language::Python) {
        let text = input::file(&path, limits::SOURCE_BYTES_MAX).with_context(|| format!("read {}", path.display()))?;
        if text.len() > limits::SOURCE_BYTES_MAX || total + text.len() > BYTES_MAX {
            continue;
        }
        total += text.len();
        texts.push(text);
    }
    if texts.is_empty() {
        bail!("no Python file lies below the paths of --ngram");
    }
    Ok(texts)
}
