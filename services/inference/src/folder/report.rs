//! What `reweave models inspect DIR` tells: everything known of a folder, whether it runs or not.

use std::path::{Path, PathBuf};

use reweave_decode::protocol::{FillInMiddle, Objective, TokenId};
use serde::Serialize;

use super::{AddedTokens, Error, Marks, ModelFolder, Reading, Spec, Weights, config, digest, name, parts};

/// A folder, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub name: String,
    pub path: PathBuf,
    /// Whether the inference service can load it.
    pub runs: bool,
    /// What keeps it from running, each with its file and field or tensor; empty when it runs.
    pub problems: Vec<String>,
    /// What the user should know although it runs.
    pub notes: Vec<String>,
    /// `None` when `config.json` does not describe a network that is known.
    pub network: Option<Network>,
    /// `None` when there is no tokenizer, or it does not fit.
    pub tokenizer: Option<Tokenizer>,
    /// `None` when the weight files do not fit.
    pub weights: Option<Stock>,
    /// SHA-256 by which a patch names these weights.
    pub digest: Option<String>,
}

/// What `config.json` describes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    pub architecture: String,
    /// `masked_diffusion` or `autoregressive`.
    pub objective: String,
    pub shifted: bool,
    pub parameters: u64,
    /// Of the weights alone, in bytes; activations come on top.
    pub memory_f32: u64,
    pub memory_bf16: u64,
    pub layers: u32,
    pub hidden: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub vocabulary: u32,
    pub positions_max: u32,
}

/// The ids that steer the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tokenizer {
    pub mask: Option<TokenId>,
    pub begin: Option<TokenId>,
    pub end: Option<TokenId>,
    /// Prefix, suffix, middle.
    pub fill_in_middle: Option<[TokenId; 3]>,
    /// Ids that are never predicted, rows without a token among them.
    pub specials: usize,
}

/// The weight files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stock {
    pub files: usize,
    pub tensors: usize,
    pub bytes: u64,
    /// Tensors that are left unread because they repeat what is known.
    pub redundant: Vec<String>,
}

/// Looks at a folder. Every problem is in the report, none is an error.
#[must_use]
pub fn inspect(dir: &Path) -> Report {
    let mut report = Report::empty(dir);
    match config::read(dir) {
        Ok(config) => match config::spec(&config, Reading::default()) {
            Ok(spec) => report.describe(dir, &config, &spec),
            Err(problems) => report.refuse(&problems),
        },
        Err(problem) => report.refuse(&[problem]),
    }
    report.runs = report.problems.is_empty();
    report
}

impl Report {
    fn empty(dir: &Path) -> Self {
        Self {
            name: name(dir),
            path: dir.to_owned(),
            runs: false,
            problems: Vec::new(),
            notes: Vec::new(),
            network: None,
            tokenizer: None,
            weights: None,
            digest: None,
        }
    }

    fn refuse(&mut self, problems: &[Error]) {
        self.problems.extend(problems.iter().map(Error::chain));
    }

    fn describe(&mut self, dir: &Path, config: &super::fields::Fields, spec: &Spec) {
        self.network = Some(Network::of(spec));
        match AddedTokens::read(dir).and_then(|tokens| Marks::find(&tokens, config, spec)) {
            Ok(marks) => self.note(spec, &marks),
            Err(problem) => self.refuse(&[problem]),
        }
        match parts::weights(dir, spec) {
            Ok(weights) => self.stock(dir, &weights),
            Err(problems) => self.refuse(&problems),
        }
    }

    fn note(&mut self, spec: &Spec, marks: &Marks) {
        self.tokenizer = Some(Tokenizer::of(marks));
        if spec.objective == Objective::Autoregressive && marks.mask.is_some() {
            self.notes.push(
                "the tokenizer has a mask token: if the model was trained on by masked diffusion, set `objective`"
                    .to_owned(),
            );
        }
        if spec.objective == Objective::Autoregressive && marks.fill_in_middle.is_none() {
            self.notes.push("no marks of fill-in-the-middle: it sees nothing of the code after a hole".to_owned());
        }
    }

    fn stock(&mut self, dir: &Path, weights: &Weights) {
        self.weights = Some(Stock {
            files: weights.files.len(),
            tensors: weights.tensors.len(),
            bytes: weights.bytes(),
            redundant: weights.redundant.clone(),
        });
        match digest::of(dir, weights) {
            Ok(digest) => self.digest = Some(digest.to_string()),
            Err(problem) => self.refuse(&[problem]),
        }
    }
}

impl Network {
    fn of(spec: &Spec) -> Self {
        let parameters = spec.parameters();
        let objective = match spec.objective {
            Objective::MaskedDiffusion => "masked_diffusion",
            Objective::Autoregressive => "autoregressive",
        };
        Self {
            architecture: spec.architecture.name().to_owned(),
            objective: objective.to_owned(),
            shifted: spec.shifted,
            parameters,
            memory_f32: parameters * 4,
            memory_bf16: parameters * 2,
            layers: spec.layers,
            hidden: spec.hidden,
            heads: spec.heads,
            kv_heads: spec.kv_heads,
            vocabulary: spec.vocabulary,
            positions_max: spec.positions_max,
        }
    }
}

impl Tokenizer {
    fn of(marks: &Marks) -> Self {
        let parts = |FillInMiddle { prefix, suffix, middle }| [prefix, suffix, middle];
        Self {
            mask: marks.mask,
            begin: marks.begin,
            end: marks.end,
            fill_in_middle: marks.fill_in_middle.map(parts),
            specials: marks.specials.len(),
        }
    }
}

impl From<&ModelFolder> for Network {
    fn from(folder: &ModelFolder) -> Self {
        Self::of(&folder.spec)
    }
}
