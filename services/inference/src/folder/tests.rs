//! Folders that fit together, and each way in which they do not.

use std::fs;
use std::path::{Path, PathBuf};

use reweave_decode::protocol::Objective;
use serde_json::{Value, json};

use super::tiny::{self, Plan};
use super::{Architecture, Error, Reading, inspect, open, open_as};

/// A change of a header.
type Lie = Box<dyn FnOnce(&mut Value)>;

/// A folder with random weights that a test may damage.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        tiny::write(folder.path(), plan).unwrap();
        Self(folder)
    }

    fn diffusion() -> Self {
        Self::of(&Plan::diffusion(7))
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&fs::read(self.file(name)).unwrap()).unwrap();
        change(&mut value);
        fs::write(self.file(name), value.to_string()).unwrap();
    }

    fn config(self, field: &str, value: Value) -> Self {
        self.change("config.json", |config| config[field] = value);
        self
    }

    fn error(&self) -> String {
        let error = open(self.dir()).unwrap_err();
        error.chain().replace(&*self.dir().to_string_lossy(), "DIR")
    }

    /// Writes the header anew; the data stays.
    fn header(&self, change: impl FnOnce(&mut Value)) {
        let bytes = fs::read(self.file("model.safetensors")).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        change(&mut header);
        let text = header.to_string();
        let whole = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &bytes[8 + length..]].concat();
        fs::write(self.file("model.safetensors"), whole).unwrap();
    }
}

#[test]
fn a_diffusion_folder_is_read_with_its_marks_and_its_shift() {
    let folder = open(Folder::diffusion().dir()).unwrap();
    assert_eq!(folder.spec.objective, Objective::MaskedDiffusion);
    assert!(folder.spec.shifted && folder.spec.qkv_bias);
    let marks = &folder.marks;
    assert!(marks.mask.is_some() && marks.fill_in_middle.is_some() && marks.begin != marks.end);
    let rows_without_token = folder.spec.vocabulary - 1;
    for special in [marks.mask.unwrap(), marks.fill_in_middle.unwrap().middle, rows_without_token] {
        assert!(marks.specials.contains(&special), "{special}");
    }
    assert!(!marks.specials.contains(&u32::from(b'a')));
    assert_eq!(folder.weights.bytes(), folder.spec.parameters() * 4);
}

#[test]
fn every_architecture_that_is_written_is_read() {
    for architecture in Architecture::ALL {
        let folder = Folder::of(&Plan { architecture, ..Plan::diffusion(1) });
        let read = open(folder.dir()).unwrap();
        assert_eq!((read.spec.architecture, read.spec.objective), (architecture, architecture.objective()));
        assert!(inspect(folder.dir()).runs);
    }
}

#[test]
fn the_operator_may_say_that_a_causal_architecture_is_a_diffusion_model() {
    let folder = Folder::of(&Plan::autoregressive(7));
    assert!(inspect(folder.dir()).notes.iter().any(|note| note.contains("`objective`")));
    let reading = Reading { objective: Some(Objective::MaskedDiffusion), shifted: Some(false) };
    let spec = open_as(folder.dir(), reading).unwrap().spec;
    assert_eq!((spec.objective, spec.shifted), (Objective::MaskedDiffusion, false));
}

#[test]
fn a_rotary_base_is_read_where_either_generation_writes_it() {
    let folder = Folder::diffusion().config("rope_parameters", json!({"rope_type": "default", "rope_theta": 5e5}));
    assert_eq!(open(folder.dir()).unwrap().spec.rope_theta, 5e5);
}

#[test]
fn what_would_change_the_arithmetic_is_refused_by_name() {
    for (field, value) in [
        ("architectures", json!(["MixtralForCausalLM"])),
        ("architectures", json!([])),
        ("quantization_config", json!({"quant_method": "gptq"})),
        ("num_experts", json!(8)),
        ("hidden_act", json!("gelu")),
        ("use_sliding_window", json!(true)),
        ("layer_types", json!(["full_attention", "sliding_attention"])),
        ("rope_scaling", json!({"type": "yarn", "factor": 4.0})),
        ("rope_scaling", json!({"factor": 4.0})),
        ("rope_parameters", json!({"rope_type": "llama3"})),
        ("partial_rotary_factor", json!(0.5)),
        ("final_logit_softcapping", json!(30.0)),
        ("mlp_bias", json!(true)),
    ] {
        let error = open(Folder::diffusion().config(field, value.clone()).dir()).unwrap_err();
        assert!(
            matches!(&error, Error::Unsupported { field: found, .. } if found == field),
            "{field} {value}: {error}"
        );
    }
}

#[test]
fn a_switch_of_llada_that_is_not_there_is_refused_by_name() {
    for (field, value) in [
        ("input_emb_norm", json!(true)),
        ("scale_logits", json!(true)),
        ("alibi", json!(true)),
        ("block_type", json!("sequential")),
        ("layer_norm_type", json!("default")),
        ("rope", json!(false)),
        ("activation_type", json!("swiglu")),
    ] {
        let folder = Folder::of(&Plan { architecture: Architecture::Llada, ..Plan::diffusion(1) });
        let error = open(folder.config(field, value).dir()).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { field: found, .. } if found == field), "{field}: {error}");
    }
}

#[test]
fn a_number_that_is_missing_or_none_at_all_is_named() {
    for (field, value) in [
        ("hidden_size", json!(null)),
        ("hidden_size", json!("64")),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(4_000_000_000_u32)),
        ("num_hidden_layers", json!(-1)),
        ("num_hidden_layers", json!(1e9)),
        ("num_key_value_heads", json!(3)),
        ("rms_norm_eps", json!(0)),
        ("rope_theta", json!(null)),
        ("vocab_size", json!(1_u64 << 40)),
        ("mask_token_id", json!(1_000_000)),
        ("tie_word_embeddings", json!("yes")),
    ] {
        let error = Folder::diffusion().config(field, value.clone()).error();
        assert!(error.contains(field), "{field} = {value}: {error}");
    }
}

#[test]
fn a_configuration_that_disagrees_with_the_tensors_is_refused_with_both_shapes() {
    let error = Folder::diffusion().config("intermediate_size", json!(130)).error();
    let name = "DIR/model.safetensors: tensor `model.layers.0.mlp.gate_proj.weight`";
    assert!(error.starts_with(name) && error.contains("[128, 64]") && error.contains("[130, 64]"), "{error}");
    let more = Folder::diffusion().config("num_hidden_layers", json!(3)).error();
    assert_eq!(more, "tensor `model.layers.2.input_layernorm.weight` is missing");
    let fewer = Folder::diffusion().config("num_hidden_layers", json!(1)).error();
    assert!(fewer.contains("`model.layers.1.input_layernorm.weight` is not part of this architecture"), "{fewer}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = fs::read(Folder::diffusion().file("model.safetensors")).unwrap();
    for length in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        let folder = Folder::diffusion();
        fs::write(folder.file("model.safetensors"), &whole[..length]).unwrap();
        let error = folder.error();
        assert!(error.starts_with("DIR/model.safetensors"), "{length}: {error}");
    }
    let folder = Folder::diffusion();
    fs::write(folder.file("model.safetensors"), [whole, vec![0]].concat()).unwrap();
    assert!(folder.error().contains("damaged"));
}

#[test]
fn a_header_that_lies_is_refused() {
    let tensor = "model.norm.weight";
    let lies: [(&str, Lie); 4] = [
        ("header", Box::new(move |header| header[tensor]["data_offsets"] = json!([0, u64::MAX]))),
        ("header", Box::new(move |header| header[tensor]["shape"] = json!([u64::MAX, u64::MAX]))),
        ("stored as I32", Box::new(move |header| header[tensor]["dtype"] = json!("I32"))),
        ("header", Box::new(|header| *header = json!([1, 2]))),
    ];
    for (word, lie) in lies {
        let folder = Folder::diffusion();
        folder.header(lie);
        let error = folder.error();
        assert!(error.starts_with("DIR/model.safetensors") && error.contains(word), "{word}: {error}");
    }
    let folder = Folder::diffusion();
    fs::write(folder.file("model.safetensors"), u64::MAX.to_le_bytes()).unwrap();
    assert!(folder.error().contains("too large"), "{}", folder.error());
}

#[test]
fn shards_are_read_and_an_index_that_lies_is_refused() {
    let folder = Folder::diffusion();
    let names: Vec<String> =
        open(folder.dir()).unwrap().weights.tensors.into_iter().map(|tensor| tensor.name).collect();
    fs::rename(folder.file("model.safetensors"), folder.file("model-1.safetensors")).unwrap();
    let write = |map: &Value| {
        fs::write(folder.file("model.safetensors.index.json"), json!({"weight_map": map}).to_string()).unwrap();
    };
    let mut map: Value = names.iter().map(|name| (name.clone(), json!("model-1.safetensors"))).collect();
    write(&map);
    open(folder.dir()).unwrap();
    map["model.extra"] = json!("model-2.safetensors");
    write(&map);
    assert!(folder.error().contains("model-2.safetensors, which is not there"));
    fs::copy(folder.file("model-1.safetensors"), folder.file("model-2.safetensors")).unwrap();
    assert!(folder.error().contains("and in DIR/model-2.safetensors"));
    map["model.extra"] = json!("../model-1.safetensors");
    write(&map);
    assert!(folder.error().contains("no name of a file in this folder"));
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused() {
    let folder = Folder::diffusion();
    folder.change("tokenizer.json", |tokenizer| tokenizer["added_tokens"][0]["id"] = json!(99_999));
    assert!(folder.error().contains("99999 (`<|endoftext|>`)"), "{}", folder.error());
    let folder = Folder::diffusion();
    folder.change("tokenizer_config.json", |config| config["mask_token"] = json!("<|im_end|>"));
    assert!(folder.error().contains("`<|im_end|>`"), "{}", folder.error());
    let folder = Folder::diffusion();
    fs::remove_file(folder.file("tokenizer.json")).unwrap();
    assert!(folder.error().starts_with("no tokenizer"));
}

#[test]
fn a_diffusion_model_without_a_mask_token_is_refused() {
    let folder = Folder::diffusion().config("mask_token_id", json!(null));
    folder.change("tokenizer.json", |tokenizer| tokenizer["added_tokens"][2]["content"] = json!("<|other|>"));
    assert!(matches!(open(folder.dir()), Err(Error::NoMask)));
}

#[test]
fn blanks_that_a_tokenizer_adds_stay_text() {
    let folder = Folder::diffusion();
    folder.change("tokenizer.json", |tokenizer| {
        tokenizer["added_tokens"][3]["content"] = json!("        ");
        tokenizer["added_tokens"][3]["special"] = json!(false);
    });
    let (whole, changed) = (open(Folder::diffusion().dir()).unwrap(), open(folder.dir()).unwrap());
    assert_eq!(changed.marks.specials.len() + 1, whole.marks.specials.len());
}

#[test]
fn a_report_names_every_problem_and_counts_what_is_known() {
    let folder = Folder::diffusion();
    let report = inspect(folder.dir());
    assert!(report.runs && report.problems.is_empty());
    let network = report.network.unwrap();
    assert_eq!((network.memory_f32, network.memory_bf16), (network.parameters * 4, network.parameters * 2));
    fs::remove_file(folder.file("tokenizer.json")).unwrap();
    fs::remove_file(folder.file("model.safetensors")).unwrap();
    let report = inspect(folder.dir());
    assert!(!report.runs && report.network.is_some());
    assert_eq!(report.problems.len(), 2, "{:?}", report.problems);
    let nothing = inspect(&folder.file("no-such-folder"));
    assert!(!nothing.runs && nothing.problems[0].contains("config.json"), "{:?}", nothing.problems);
}
